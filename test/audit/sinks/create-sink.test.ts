import { constants, createHash } from 'node:crypto'
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttps } from 'node:https'
import { join } from 'node:path'
import { createServer as createTls, type TlsOptions } from 'node:tls'
import t, { type Test } from 'tap'
import { createSink } from '../../../src/audit/sinks/create-sink.ts'
import { type ClientPki, makeClientPki, readPair } from '../../helpers/client-pki.ts'
import {
  fileSettings,
  hecSettings,
  httpReceiver,
  listen,
  message,
  otlpSettings,
  syslogReceiver,
  syslogSettings,
  webhookSettings,
} from './world.ts'

t.test('each kind delivers the text of a record', async (t) => {
  const dir = t.testdir({})
  const secretFile = join(dir, 'secret')
  writeFileSync(secretFile, createHash('sha256').update('x').digest('hex'))
  const http = await httpReceiver(t)
  const syslog = await syslogReceiver(t)
  const kinds = [
    hecSettings(http.url),
    otlpSettings(http.url),
    webhookSettings(http.url, secretFile),
    syslogSettings(syslog.port),
    fileSettings(join(dir, 'copy')),
  ]
  for (const settings of kinds) {
    const sink = createSink(settings)
    t.strictSame(await sink.send([message('A1B2')]), { kind: 'delivered' }, settings.kind)
    await sink.close()
  }
  const arrived = [
    ...http.got.map(({ body }) => body),
    syslog.frames().join(''),
    readFileSync(join(dir, 'copy'), 'utf8'),
  ]
  t.equal(arrived.length, kinds.length)
  for (const text of arrived) t.match(text, 'A1B2')
})

interface Receivers {
  readonly http: number
  readonly syslog: number
  /** Bytes that came through the handshake. */
  readonly bytes: () => number
}

/** Only for clients with a certificate of the CA. */
async function receivers(t: Test, pki: ClientPki, more: TlsOptions): Promise<Receivers> {
  let bytes = 0
  const count = (chunk: Buffer): void => {
    bytes += chunk.length
  }
  const options = { ...readPair(pki.server), ca: readFileSync(pki.ca), requestCert: true, ...more }
  const https = createHttps(options, (request, response) =>
    request.on('data', count).on('end', () => response.end('{}')),
  )
  const tls = createTls(options, (socket) => socket.on('data', count).on('error', () => undefined))
  return { http: await listen(t, https), syslog: await listen(t, tls), bytes: () => bytes }
}

const VERSIONS: Readonly<Record<string, TlsOptions>> = {
  'TLS 1.2': { maxVersion: 'TLSv1.2' },
  'TLS 1.3': { minVersion: 'TLSv1.3' },
  'TLS 1.3 without session tickets': { minVersion: 'TLSv1.3', secureOptions: constants.SSL_OP_NO_TICKET },
}

t.test(
  'a receiver that asks for a certificate of ours gets it, and without the right one nothing counts',
  async (t) => {
    const pki = makeClientPki(t)
    const foreign = makeClientPki(t).issue({ subject: '/CN=weir' })
    const old = pki.issue({ subject: '/CN=weir', isExpired: true })
    const right = pki.issue({ subject: '/CN=weir' })
    const own = { caFile: pki.server.cert, certFile: join(pki.dir, 'own.pem'), keyFile: join(pki.dir, 'own.key') }
    const secretFile = join(pki.dir, 'secret')
    writeFileSync(secretFile, 'hush')
    for (const [version, options] of Object.entries(VERSIONS)) {
      const { http, syslog, bytes } = await receivers(t, pki, options)
      const url = `https://localhost:${http}`
      const overTls = { host: 'localhost', tls: true }
      const kinds = {
        hec: (files: object) => createSink(hecSettings(url, files)),
        otlp: (files: object) => createSink(otlpSettings(url, files)),
        webhook: (files: object) => createSink(webhookSettings(url, secretFile, files)),
        syslog: (files: object) => createSink(syslogSettings(syslog, { ...overTls, ...files })),
        'syslog, not confirmed': (files: object) =>
          createSink(syslogSettings(syslog, { ...overTls, confirm: 'none', ...files })),
      }
      for (const [kind, create] of Object.entries(kinds)) {
        const before = bytes()
        const anonymous = create({ caFile: own.caFile })
        const results = [await anonymous.send([message('A', { text: 'x'.repeat(300_000) })])]
        await anonymous.close()
        const sink = create(own)
        for (const pair of [foreign, old]) {
          cpSync(pair.cert, own.certFile)
          cpSync(pair.key, own.keyFile)
          results.push(await sink.send([message('A')]))
        }
        for (const result of results) {
          t.match(result, { kind: 'retry', why: /see `certFile`/ }, `${kind}, ${version}`)
        }
        t.equal(bytes(), before)
        cpSync(right.cert, own.certFile)
        cpSync(right.key, own.keyFile)
        t.strictSame(await sink.send([message('A')]), { kind: 'delivered' }, `${kind}, ${version}, renewed`)
        await sink.close()
      }
    }
    chmodSync(own.keyFile, 0o600)
  },
)
