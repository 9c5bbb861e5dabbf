/** Clients that refuse our certificate: real ones, each in its own way. None gets through, each leaves a record. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { connectThrough } from '../helpers/wire-client.ts'

const run = promisify(execFile)
const HOST = 'api.anthropic.com'

const NODE = (port: number): string => `
const { connect } = require('node:net'); const tls = require('node:tls')
const socket = connect(${port}, '127.0.0.1', () => socket.write('CONNECT ${HOST}:443 HTTP/1.1\\r\\nHost: ${HOST}:443\\r\\n\\r\\n'))
socket.once('data', () => { const secure = tls.connect({ socket, servername: '${HOST}', maxVersion: process.argv[1] })
secure.on('error', () => process.exit(1)); secure.on('secureConnect', () => process.exit(0)) })`

const PYTHON = (port: number): string => `
import socket, ssl
raw = socket.create_connection(("127.0.0.1", ${port}))
raw.sendall(b"CONNECT ${HOST}:443 HTTP/1.1\\r\\nHost: ${HOST}:443\\r\\n\\r\\n"); raw.recv(4096)
ssl.create_default_context().wrap_socket(raw, server_hostname="${HOST}")`

const untrusting = (events: Record<string, unknown>[]): Record<string, unknown>[] =>
  flowEvents(events).filter(({ reason }) => reason === 'untrusting-client')

const CLIENTS: Readonly<Record<string, readonly [(weir: TestWeir) => readonly [string, readonly string[]], string]>> = {
  curl: [({ port }) => ['curl', ['-sS', '--proxy', `http://127.0.0.1:${port}`, `https://${HOST}/`]], 'unknown_ca'],
  OpenSSL: [
    ({ port }) => [
      'openssl',
      ['s_client', '-proxy', `127.0.0.1:${port}`, '-connect', `${HOST}:443`, '-verify_return_error'],
    ],
    'unknown_ca',
  ],
  Python: [({ port }) => ['python3', ['-c', PYTHON(port)]], 'unknown_ca'],
  'Node with TLS 1.3': [({ port }) => [process.execPath, ['-e', NODE(port), 'TLSv1.3']], 'closed_in_handshake'],
  'Node with TLS 1.2': [({ port }) => [process.execPath, ['-e', NODE(port), 'TLSv1.2']], 'closed_after_handshake'],
}

t.test('whoever refuses our certificate is recorded with how it did', async (t) => {
  for (const [name, [command, alert]] of Object.entries(CLIENTS)) {
    const weir = await startWeir(t)
    for (let round = 0; round < 3; round++) await t.rejects(run(...command(weir)), `${name} gets nothing`)
    const events = untrusting(await weir.waitForEvents((all) => untrusting(all).length > 0))
    t.match(
      events,
      [{ alert, action: 'block', destination: { host: HOST }, error: { code: 'untrusting-client' } }],
      name,
    )
    t.equal(events.length, 1, `${name}: folded`)
    await weir.stop()
  }
})

t.test('where IT refuses untrusting clients, the next tunnel is answered at once', async (t) => {
  const policy = (text: string): string => text.replace('untrustingClient: record', 'untrustingClient: refuse')
  const weir = await startWeir(t, { policy })
  await t.rejects(run('curl', ['-sS', '--proxy', `http://127.0.0.1:${weir.port}`, `https://${HOST}/`]))
  await weir.waitForEvents((all) => untrusting(all).length > 0)
  const { head } = await connectThrough(weir.port, `${HOST}:443`)
  t.match(head, /^HTTP\/1\.1 403/u)
  const other = await connectThrough(weir.port, 'api.openai.com:443')
  t.match(other.head, /^HTTP\/1\.1 200/u, 'another host is another question')
  other.socket.destroy()
})
