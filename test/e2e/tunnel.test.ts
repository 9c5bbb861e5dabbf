import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import t from 'tap'
import { startHttpsOrigin, startTcpOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import { connectThrough, exchangeOnce, readAll, readUntil, tlsThrough } from '../helpers/wire-client.ts'

const curl = promisify(execFile)

t.test('a host outside the catalogue is tunnelled untouched: its own certificate, and no event', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('plain browsing'))
  const weir = await startWeir(t, { pins: { 'news.example:443': origin.address } })
  const socket = await tlsThrough(weir.port, 'news.example:443', { ca: pki.rootPem, ALPNProtocols: ['http/1.1'] })
  const answer = await exchangeOnce(socket, 'GET / HTTP/1.1\r\nHost: news.example\r\nConnection: close\r\n\r\n')
  t.match(answer.body, /plain browsing/u)
  await weir.stop()
  t.strictSame(flowEvents(weir.events()), [])
})

t.test('many bytes pass both ways unchanged, with half-close kept', async (t) => {
  const down = randomBytes(8 * 1024 * 1024)
  const up = randomBytes(5 * 1024 * 1024)
  const origin = await startTcpOrigin(t, (socket) => {
    const hash = createHash('sha256')
    socket.write(down)
    socket.on('data', (chunk: Buffer) => hash.update(chunk))
    socket.on('end', () => socket.end(hash.digest('hex')))
  })
  const weir = await startWeir(t, { pins: { 'files.example:443': origin.address } })
  const { socket, head } = await connectThrough(weir.port, 'files.example:443')
  t.match(head, /^HTTP\/1\.1 200 /u)
  const received: Buffer[] = []
  const done = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    socket.once('end', resolve)
  })
  socket.end(up)
  socket.resume()
  await done
  const all = Buffer.concat(received)
  t.equal(all.length, down.length + 64)
  t.ok(all.subarray(0, down.length).equals(down), 'downloaded bytes are equal')
  t.equal(all.subarray(down.length).toString(), createHash('sha256').update(up).digest('hex'))
})

t.test('a server that speaks first is heard at once', async (t) => {
  const origin = await startTcpOrigin(t, (socket) => {
    socket.write('220 hello\r\n')
    socket.on('data', (chunk: Buffer) => socket.end(`you said ${chunk.toString()}`))
  })
  const weir = await startWeir(t, { pins: { 'ftp.example:2121': origin.address } })
  const { socket } = await connectThrough(weir.port, 'ftp.example:2121')
  t.equal(await readUntil(socket, (text) => text.includes('\n')), '220 hello\r\n')
  socket.write('QUIT')
  t.match(await readAll(socket), /you said QUIT/u)
})

t.test('a tunnel under one name with the TLS name of an AI host is refused and recorded', async (t) => {
  const pki = await makePki(t)
  let asked = 0
  const origin = await startHttpsOrigin(t, pki, (_request, response) => {
    asked++
    response.end()
  })
  const weir = await startWeir(t, { pins: { 'cdn.example:443': origin.address } })
  const { socket } = await connectThrough(weir.port, 'cdn.example:443')
  const secure = connectTls({ socket, servername: 'api.anthropic.com', rejectUnauthorized: false })
  const outcome = await new Promise<string>((resolve) => {
    secure.once('secureConnect', () => resolve('connected'))
    secure.once('error', () => resolve('refused'))
    secure.once('close', () => resolve('refused'))
  })
  t.equal(outcome, 'refused')
  t.equal(asked, 0)
  const [event] = flowEvents(await weir.waitForEvents((events) => flowEvents(events).length > 0))
  t.match(event, { phase: 'tunnel', action: 'block', reason: 'sni-mismatch' })
})

t.test('bytes that are neither TLS nor HTTP to an AI host are refused and recorded', async (t) => {
  const weir = await startWeir(t)
  const { socket } = await connectThrough(weir.port, 'api.anthropic.com:443')
  socket.write('SSH-2.0-tunnel\r\n')
  await readAll(socket)
  const [event] = flowEvents(await weir.waitForEvents((events) => flowEvents(events).length > 0))
  t.match(event, { phase: 'tunnel', action: 'block', reason: 'not-tls' })
})

t.test('a client that does not trust us is recorded once per host and is not let through', async (t) => {
  const weir = await startWeir(t)
  for (let round = 0; round < 3; round++) {
    await t.rejects(curl('curl', ['-sS', '--proxy', `http://127.0.0.1:${weir.port}`, 'https://api.anthropic.com/']))
  }
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length > 0))
  t.equal(events.length, 1)
  t.match(events[0], {
    phase: 'tunnel',
    action: 'block',
    reason: 'untrusting-client',
    error: { code: 'untrusting-client' },
  })
})

t.test(
  'a client that offers only what nobody here reads, to a host that no prohibited tool uses, is tunnelled and recorded',
  async (t) => {
    const pki = await makePki(t)
    const origin = await startTcpOrigin(t, (socket) => socket.on('data', () => socket.end()))
    const weir = await startWeir(t, { pins: { 'api.mistral.ai:443': origin.address } })
    const { socket } = await connectThrough(weir.port, 'api.mistral.ai:443')
    const secure = connectTls({ socket, servername: 'api.mistral.ai', ALPNProtocols: ['imap'], ca: pki.rootPem })
    secure.on('error', () => undefined)
    await new Promise((resolve) => secure.once('close', resolve))
    const [event] = flowEvents(await weir.waitForEvents((events) => flowEvents(events).length > 0))
    t.match(event, { phase: 'tunnel', action: 'allow', reason: 'not-readable-yet' })
  },
)

t.test('mail ports, our own ports, loopback, private and metadata addresses are refused', async (t) => {
  const weir = await startWeir(t)
  for (const target of [
    'mail.example:25',
    'mail.example:465',
    'mail.example:587',
    `127.0.0.1:${weir.port}`,
    `127.0.0.1:${weir.adminPort}`,
    'localhost:80',
    '10.0.0.1:443',
    '169.254.169.254:80',
    '[::1]:443',
    '[::ffff:127.0.0.1]:443',
    '2130706433:443',
    '0x7f.1:443',
  ]) {
    const { head } = await connectThrough(weir.port, target)
    t.match(head, /^HTTP\/1\.1 403 /u, target)
  }
})

t.test('malformed CONNECT targets get 400', async (t) => {
  const weir = await startWeir(t)
  for (const target of [
    'api.openai.com',
    'api.openai.com:0',
    'a b:443',
    'user@api.openai.com:443',
    '[fe80::1%25eth0]:443',
  ]) {
    const { head } = await connectThrough(weir.port, target)
    t.match(head, /^HTTP\/1\.1 400 /u, target)
  }
})
