/** TLS to the proxy itself, with and without certificates of clients, by curl and by Node. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import t from 'tap'
import { type ClientPki, type KeyPair, makeClientPki, readPair } from '../helpers/client-pki.ts'
import { debianProgram, skipWithoutDebian } from '../helpers/debian.ts'
import { startHttpOrigin, startHttpsOrigin } from '../helpers/origin.ts'
import { personTextOf } from '../helpers/persons.ts'
import { makePki } from '../helpers/pki.ts'
import { startWeir, type TestWeir } from '../helpers/weir.ts'
import { readUntil } from '../helpers/wire-client.ts'

const skip = skipWithoutDebian('curl', 'openssl')

/** Claude Code is for engineers with a certificate. */
const RULE =
  'rules:\n  - { id: engineers, match: { tool: claude-code, group: engineering, assurance: [mtls] }, tier: monitored }\n'
const BODY = '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'

interface Curled {
  readonly code: number
  /** Of the last answer; `000` where there was none. */
  readonly status: string
  /** Of the proxy to CONNECT; `000` where there was none. */
  readonly connect: string
  readonly said: string
}

t.test('client certificates at the proxy port', { skip }, async (t) => {
  const pki = makeClientPki(t)
  const foreign = makeClientPki(t)
  const alice = pki.issue({
    subject: '/OU=engineering/CN=Alice',
    names: 'email:alice@acme.example,DNS:lt-7.acme.example',
  })
  const expired = pki.issue({ subject: '/CN=old', names: 'email:old@acme.example', isExpired: true })
  const revoked = pki.issue({ subject: '/CN=gone', names: 'email:gone@acme.example' })
  pki.revoke(revoked)
  const server = pki.issue({ subject: '/CN=a-server', names: 'email:s@acme.example', usage: 'serverAuth' })
  const stranger = foreign.issue({ subject: '/CN=Alice', names: 'email:alice@acme.example' })
  const origin = await startHttpOrigin(t, (_request, response) => response.end('plain'))
  const originPki = await makePki(t)
  const secure = await startHttpsOrigin(t, originPki, (_request, response) => response.end('{"ok":true}'))
  const start = (tls: Record<string, unknown>, identity: Record<string, unknown> = {}): Promise<TestWeir> =>
    startWeir(t, {
      pins: { 'plain.example:80': origin.address, 'api.anthropic.com:443': secure.address },
      roots: [originPki.rootPem],
      policy: (text) => text.replace('rules:\n', RULE),
      config: { identity, proxy: { tls: { chain: pki.server.cert, key: pki.server.key, ...tls } } },
    })
  const asking = (clientAuth: string): Record<string, unknown> => ({
    clientAuth,
    clientCa: pki.ca,
    clientCrl: pki.crl,
    userFrom: 'email',
    groupsFrom: 'ou',
    deviceFrom: 'dns',
  })
  const weir = {
    require: await start(asking('require')),
    request: await start(asking('request')),
    none: await start({}),
  }

  await t.test('a certificate is user, group, device and the assurance mtls in the event', async (t) => {
    const ca = join(weir.require.dir, 'root.pem')
    writeFileSync(ca, weir.require.ca)
    const claude = ['-A', 'claude-cli/2.1.330 (external, cli)', '-H', 'Content-Type: application/json', '-d', BODY]
    const answer = await curl(
      pki,
      weir.require,
      alice,
      [...claude, '--cacert', ca],
      'https://api.anthropic.com/v1/messages',
    )
    t.match(answer, { code: 0, status: '200', connect: '200', said: /"ok":true/u })
    const events = await weir.require.waitForEvents((all) => all.some(({ phase }) => phase === 'outcome'))
    t.match(
      events.find(({ phase }) => phase === 'intent'),
      { assurance: 'mtls', rule: 'rule:engineers' },
    )
    t.match(
      personTextOf(weir.require.dir),
      /"user":"alice@acme\.example","groups":\["engineering"\],"device":"lt-7\.acme\.example"/u,
    )
  })

  await t.test('whom a certificate names need not show a token', async (t) => {
    const both = await start(asking('request'), { authenticate: 'required' })
    t.match(await curl(pki, both, alice), { code: 0, status: '200' })
    t.match(await curl(pki, both, null), { status: '407' })
  })

  await t.test(
    'no certificate: refused where it is required, by TLS or without it; nobody where it is asked for',
    async (t) => {
      t.match(await curl(pki, weir.require, null), { status: '000' })
      const plain = await curl(pki, weir.require, null, ['-x', `http://127.0.0.1:${weir.require.port}`])
      t.match(plain, { status: '403', said: /client-certificate/u })
      await waitForStray(weir.require)
      t.match(await curl(pki, weir.request, null), { code: 0, status: '200' })
    },
  )

  for (const [name, pair, detail] of [
    ['of a foreign CA', stranger, /unable_to_verify_leaf_signature|unable_to_get_issuer_cert/u],
    ['that has expired', expired, /cert_has_expired/u],
    ['that was revoked', revoked, /cert_revoked/u],
    ['that is for servers', server, /invalid_purpose/u],
  ] as const) {
    for (const mode of ['require', 'request'] as const) {
      await t.test(`a certificate ${name} is refused where the mode is ${mode}`, async (t) => {
        const before = weir[mode].log.length
        const answer = await curl(pki, weir[mode], pair)
        t.match(answer, { status: '403', said: /client-certificate/u })
        const detailed = weir[mode].log.slice(before).join('')
        t.match(detailed, detail)
        t.notMatch(answer.said + detailed, /acme\.example/u)
        for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
          const options = { ca: readFileSync(pki.server.cert), ...readPair(pair), maxVersion }
          t.match((await ask(weir[mode], options)).text, /^HTTP\/1\.1 403 [^]*client-certificate/u, maxVersion)
        }
      })
    }
  }

  await t.test('without client certificates it is a plain https proxy; HTTP without TLS goes on working', async (t) => {
    t.match(await curl(pki, weir.none, null), { code: 0, status: '200', said: /plain/u })
    t.match(await curl(pki, weir.none, alice), { code: 0, status: '200' }, 'nobody asks for it')
    t.match(await curl(pki, weir.none, null, ['-x', `http://127.0.0.1:${weir.none.port}`]), { code: 0, status: '200' })
    t.notMatch(personTextOf(weir.none.dir), /alice/u)
  })

  await t.test('Node: ALPN is http/1.1, sessions are resumed with the certificate they began with', async (t) => {
    const options = { ca: readFileSync(pki.server.cert), ...readPair(alice), ALPNProtocols: ['h2', 'http/1.1'] }
    const first = await ask(weir.require, { ...options, maxVersion: 'TLSv1.2' })
    t.equal(first.alpn, 'http/1.1')
    t.match(first.text, /^HTTP\/1\.1 200 /u)
    const again = await ask(weir.require, { ...options, maxVersion: 'TLSv1.2', session: first.session })
    t.match(again.text, /^HTTP\/1\.1 200 /u)
    t.equal(again.isReused, true)
  })

  await t.test('a reload takes the revocation list anew, for sessions that began before as well', async (t) => {
    const bob = pki.issue({ subject: '/CN=Bob', names: 'email:bob@acme.example' })
    const options = { ca: readFileSync(pki.server.cert), ...readPair(bob) }
    const first = await ask(weir.require, options)
    t.match(first.text, /^HTTP\/1\.1 200 /u)
    pki.revoke(bob)
    await weir.require.app.reload('signal')
    t.match((await ask(weir.require, { ...options, session: first.session })).text, /^HTTP\/1\.1 403 /u)
    t.match((await ask(weir.require, { ...options, ...readPair(alice) })).text, /^HTTP\/1\.1 200 /u)
  })

  await t.test('who speaks garbage in the handshake is cut, and the port goes on', async (t) => {
    const socket = connectTcp({ host: '127.0.0.1', port: weir.require.port })
    socket.on('error', () => undefined)
    socket.write(Buffer.from('16030100050100000000', 'hex'))
    await readUntil(socket, () => false)
    socket.destroy()
    t.match(await curl(pki, weir.require, alice), { code: 0, status: '200' })
  })
})

function curl(
  pki: ClientPki,
  weir: TestWeir,
  pair: KeyPair | null,
  more: readonly string[] = [],
  url = 'http://plain.example/',
): Promise<Curled> {
  const certificate = pair === null ? [] : ['--proxy-cert', pair.cert, '--proxy-key', pair.key]
  const way = more.includes('-x') ? [] : ['-x', `https://127.0.0.1:${weir.port}`, '--proxy-cacert', pki.server.cert]
  const shown = ['-sS', '--max-time', '20', '-w', '\n%{http_code} %{http_connect}']
  const args = ['-q', ...shown, ...way, ...certificate, ...more, url]
  return new Promise((resolve) => {
    execFile(debianProgram('curl'), args, { env: { PATH: '/usr/bin' } }, (error, stdout, stderr) => {
      const [, status = '', connect = ''] = /\n(\d{3}) (\d{3})$/u.exec(stdout) ?? []
      resolve({ code: error === null ? 0 : Number(error.code), status, connect, said: stdout + stderr })
    })
  })
}

/** One request; everything that came back. */
async function ask(weir: TestWeir, options: ConnectionOptions) {
  const socket = connectTls({ host: '127.0.0.1', port: weir.port, servername: 'localhost', ...options })
  socket.on('error', () => undefined)
  let session: Buffer | undefined
  socket.on('session', (each) => {
    session = each
  })
  socket.write('GET http://plain.example/ HTTP/1.1\r\nHost: plain.example\r\nConnection: close\r\n\r\n')
  const text = await readUntil(socket, () => false)
  const { alpnProtocol: alpn } = socket
  const isReused = socket.isSessionReused()
  socket.destroy()
  return { text, alpn, isReused, session }
}

const waitForStray = (weir: TestWeir): Promise<unknown> =>
  weir.waitForEvents((all) => all.some((event) => JSON.stringify(event).includes('client-certificate')))
