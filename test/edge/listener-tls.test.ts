import { readFileSync } from 'node:fs'
import { type ConnectionOptions, connect as connectTls, createSecureContext } from 'node:tls'
import t, { type Test } from 'tap'
import { type SecuredListener, secureListener } from '../../src/edge/listener-tls.ts'
import type { ClientAuth } from '../../src/edge/tls.ts'
import { makeClientPki, readPair } from '../helpers/client-pki.ts'
import { skipWithoutDebian } from '../helpers/debian.ts'
import { startTcpOrigin } from '../helpers/origin.ts'
import { openSocket } from '../helpers/wire-client.ts'

t.test('TLS of a listener', { skip: skipWithoutDebian('openssl') }, async (t) => {
  const pki = makeClientPki(t)
  const foreign = makeClientPki(t)
  const good = pki.issue({ subject: '/CN=alice', names: 'email:alice@acme.example' })
  const expired = pki.issue({ subject: '/CN=old', isExpired: true })
  const revoked = pki.issue({ subject: '/CN=gone' })
  pki.revoke(revoked)
  const stranger = foreign.issue({ subject: '/CN=alice' })
  const ca = readFileSync(pki.server.cert)
  const contextOf = () =>
    createSecureContext({
      ...readPair(pki.server),
      ca: readFileSync(pki.ca),
      crl: readFileSync(pki.crl),
      sessionIdContext: 'weir-listener',
    })

  /** What became of one connection. `act` is the client. */
  async function secured(
    t: Test,
    clientAuth: ClientAuth,
    act: (port: number) => void,
    { nowMs = Date.now, context = contextOf(), handshakeMs = 5000 } = {},
  ): Promise<SecuredListener> {
    const { promise, resolve } = Promise.withResolvers<SecuredListener>()
    let calls = 0
    const origin = await startTcpOrigin(t, (socket) => {
      socket.on('error', () => undefined)
      secureListener(socket, { context: () => context, clientAuth }, { handshakeMs, nowMs }, (result) => {
        calls++
        resolve(result)
      })
    })
    act(origin.port)
    const result = await promise
    if (result.kind !== 'failed') result.socket?.destroy()
    t.equal(calls, 1)
    return result
  }

  const client =
    (t: Test, options: ConnectionOptions = {}) =>
    (port: number): void => {
      const socket = connectTls({ host: '127.0.0.1', port, servername: 'localhost', ca, ...options })
      socket.on('error', () => undefined)
      t.teardown(() => socket.destroy())
    }

  await t.test('a certificate of the CA is handed on, in both modes and both versions', async (t) => {
    for (const mode of ['request', 'require'] as const) {
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const result = await secured(t, mode, client(t, { ...readPair(good), maxVersion }))
        t.equal(result.kind, 'secured')
        if (result.kind !== 'secured') return
        t.match(Buffer.from(result.certificate ?? []).toString('latin1'), /alice@acme\.example/u)
      }
    }
  })

  await t.test('nobody asks: no certificate is taken, whatever the client has', async (t) => {
    t.match(await secured(t, 'none', client(t, readPair(stranger))), { kind: 'secured', certificate: null })
  })

  await t.test('no certificate is nobody where it is asked for, and refused where it is required', async (t) => {
    t.match(await secured(t, 'request', client(t)), { kind: 'secured', certificate: null })
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const result = await secured(t, 'require', client(t, { maxVersion }))
      t.match(result, { kind: 'refused', socket: null, problem: 'missing' }, maxVersion)
    }
  })

  await t.test('a bad certificate is refused in both modes; the client can still be told', async (t) => {
    for (const mode of ['request', 'require'] as const) {
      for (const [pair, problem] of [
        [stranger, /^unable_to_/u],
        [expired, /^cert_has_expired$/u],
        [revoked, /^cert_revoked$/u],
      ] as const) {
        const result = await secured(t, mode, client(t, readPair(pair)))
        t.match(result, { kind: 'refused', problem })
        t.ok(result.kind === 'refused' && result.socket !== null)
      }
    }
  })

  await t.test('a certificate that has expired since its session began is refused by the clock', async (t) => {
    const nowMs = (): number => Date.now() + 30 * 86_400_000
    const result = await secured(t, 'request', client(t, readPair(good)), { nowMs })
    t.match(result, { kind: 'refused', problem: 'cert_has_expired' })
  })

  await t.test('garbage, silence and a client that leaves fail once, without blame', async (t) => {
    for (const act of ['write', 'wait', 'leave'] as const) {
      const result = await secured(
        t,
        'require',
        (port) => {
          void openSocket(port).then((socket) => {
            t.teardown(() => socket.destroy())
            if (act === 'write') socket.write('GET / HTTP/1.1\r\n\r\n')
            if (act === 'leave') socket.destroy()
          })
        },
        { handshakeMs: 300 },
      )
      t.strictSame(result, { kind: 'failed' }, act)
    }
  })
})
