import type { Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type SecureContext } from 'node:tls'
import t, { type Test } from 'tap'
import { type HandshakeResult, handshake, handshakeError } from '../../src/edge/tls.ts'
import { startTcpOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { openSocket } from '../helpers/wire-client.ts'

const pki = await makePki(t)
const context = await pki.contextFor('a.example')

/** A real connection whose inner end shakes hands as the server. */
async function accept(t: Test, handshakeMs = 5000, secureContext: SecureContext = context) {
  const { promise, resolve } = Promise.withResolvers<HandshakeResult>()
  const inner: { socket: Socket | null } = { socket: null }
  let calls = 0
  const origin = await startTcpOrigin(t, (socket) => {
    inner.socket = socket
    handshake(socket, secureContext, handshakeMs, (result) => {
      calls++
      resolve(result)
    })
  })
  return { port: origin.port, result: promise, inner, calls: () => calls }
}

const client = (t: Test, port: number, options: ConnectionOptions): void => {
  const socket = connectTls({ host: '127.0.0.1', port, servername: 'a.example', ...options })
  socket.on('error', () => undefined)
  t.teardown(() => socket.destroy())
}

t.test('a client that trusts us gets HTTP/1.1 inside', async (t) => {
  const { port, result } = await accept(t)
  client(t, port, { ca: pki.rootPem, ALPNProtocols: ['h2', 'http/1.1'] })
  const outcome = await result
  t.ok(outcome.ok)
  if (outcome.ok) {
    t.equal(outcome.socket.alpnProtocol, 'http/1.1')
    outcome.socket.destroy()
  }
})

t.test('a client that refuses our certificate, with or without an alert, is seen at once', async (t) => {
  for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
    const server = await accept(t, 60_000)
    // Node's client checks when the handshake is over and then just leaves; alerts are tried with curl in test/e2e.
    client(t, server.port, { maxVersion })
    const outcome = await server.result
    if (outcome.ok) {
      outcome.socket.resume()
      await new Promise((resolve) => outcome.socket.once('end', resolve))
      outcome.socket.destroy()
    } else t.equal(outcome.error.code, 'handshake-failed')
  }
  t.pass('no timer had to end it')
})

t.test('a client that closes, resets, sends garbage or nothing fails once, and its socket is gone', async (t) => {
  const cases: [string, (socket: Socket) => void, RegExp][] = [
    ['closes', (socket) => socket.end(), /closed by the client|econnreset/u],
    ['resets', (socket) => socket.resetAndDestroy(), /econnreset|closed/u],
    ['garbage', (socket) => socket.write('GET / HTTP/1.1\r\n\r\n'), /err_ssl/u],
    ['nothing', () => undefined, /timeout/u],
  ]
  for (const [name, act, detail] of cases) {
    const server = await accept(t, 300)
    const socket = await openSocket(server.port)
    act(socket)
    const outcome = await server.result
    t.match(outcome, { ok: false, error: { code: 'handshake-failed', detail } }, name)
    t.equal(server.inner.socket?.destroyed, true, name)
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 20))
    t.equal(server.calls(), 1, name)
  }
})

t.test('alerts that speak of trust are known by their names, others are plain failures', async (t) => {
  const withCode = (code: string): Error => Object.assign(new Error('x'), { code })
  for (const [code, expected, detail] of [
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'untrusting-client', 'unknown_ca'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'untrusting-client', 'certificate_unknown'],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'untrusting-client', 'bad_certificate'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'untrusting-client', 'certificate_expired'],
    ['ERR_SSL_TLSV1_ALERT_ACCESS_DENIED', 'untrusting-client', 'access_denied'],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'handshake-failed', 'err_ssl_sslv3_alert_handshake_failure'],
    ['ERR_SSL_NO_SHARED_CIPHER', 'handshake-failed', 'err_ssl_no_shared_cipher'],
    ['ECONNRESET', 'handshake-failed', 'econnreset'],
  ] as const) {
    t.match(handshakeError(withCode(code)), { code: expected, detail, side: 'client' }, code)
  }
  t.match(handshakeError(new Error('no code')), { code: 'handshake-failed', detail: null })
})
