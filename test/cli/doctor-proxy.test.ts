import { type AddressInfo, createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { checkProxy, parseProxyUrl } from '../../src/cli/doctor-proxy.ts'

/** A server that answers the first bytes with `answer`; tells what it was asked. */
async function proxy(t: Test, answer: string): Promise<{ readonly url: string; readonly asked: () => string }> {
  let asked = ''
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      asked += bytes.toString()
      if (asked.includes('\r\n\r\n')) socket.end(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked }
}

t.test('Weir is told by its proxy-status', async (t) => {
  const { url, asked } = await proxy(t, 'HTTP/1.1 403 Forbidden\r\nProxy-Status: weir; error=x\r\n\r\n')
  t.match(await checkProxy(`http://${url}`), { isReachable: true, finding: { status: 'ok', message: /is Weir/ } })
  t.match(asked(), /^CONNECT weir-doctor\.invalid:25 HTTP\/1\.1\r\n/, 'nothing that exists is asked for')
  t.notMatch(asked(), /authorization/i)
})

t.test('credentials of the URL are sent, and never told', async (t) => {
  const { url, asked } = await proxy(t, 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
  const result = await checkProxy(`http://bob:s3%20cret@${url}`)
  t.match(asked(), `Proxy-Authorization: Basic ${Buffer.from('bob:s3 cret').toString('base64')}\r\n`)
  t.match(result, { isReachable: true, finding: { status: 'bad', message: /asks for credentials/ } })
  t.notMatch(JSON.stringify(result), /s3/)
})

t.test('other answers are told apart', async (t) => {
  const answers: readonly (readonly [string, string, RegExp])[] = [
    ['HTTP/1.1 403 No\r\nproxy-status: other; x\r\n\r\n', 'warn', /does not say that it is Weir/],
    ['HTTP/1.1 405 No\r\n\r\n', 'bad', /is no proxy/],
    ['SSH-2.0-x\r\n\r\n', 'bad', /no HTTP proxy/],
  ]
  for (const [answer, status, message] of answers) {
    const { url } = await proxy(t, answer)
    t.match(await checkProxy(url), { isReachable: true, finding: { status, message } })
  }
})

t.test('a proxy that is not there, says nothing or is no address is unreachable', async (t) => {
  const { url } = await proxy(t, '')
  t.match(await checkProxy(url), { isReachable: false, finding: { status: 'bad', message: /closed the connection/ } })
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  t.match(await checkProxy(`127.0.0.1:${port}`), { isReachable: false, finding: { message: /ECONNREFUSED/ } })
  t.match(await checkProxy('socks5://x:1'), { isReachable: false, finding: { message: /no proxy address/ } })
})

t.test('proxy addresses are read with and without scheme, and in brackets', async (t) => {
  t.match(parseProxyUrl('weir:3128'), { host: 'weir', port: 3128, isTls: false, authorization: null })
  t.match(parseProxyUrl('https://weir'), { host: 'weir', port: 443, isTls: true })
  t.match(parseProxyUrl('http://[::1]:3128'), { host: '::1', port: 3128 })
  for (const text of ['', 'http://', 'ftp://x', 'a b', '%@x:1', 'http://u:%zz@x:1'])
    t.equal(parseProxyUrl(text), null, text)
})

t.test('property: parsing any text ends with an address or null', async (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parsed = parseProxyUrl(text)
      return parsed === null || (parsed.host !== '' && parsed.port >= 0 && parsed.port < 65536)
    }),
  )
  t.pass()
})
