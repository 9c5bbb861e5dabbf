import { connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type BalancerHeader, readBalancerHeader } from '../../src/edge/balancer-header.ts'

interface Read {
  readonly header: BalancerHeader
  readonly rest: () => Promise<string>
}

/** Send pieces to a server that reads a header first. */
async function send(t: Test, pieces: readonly (string | Buffer)[], timeoutMs = 5000, isEnded = true): Promise<Read> {
  const accepted = Promise.withResolvers<Socket>()
  const server = createServer((socket) => accepted.resolve(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const client = connect({ host: '127.0.0.1', port: typeof address === 'object' ? (address?.port ?? 0) : 0 })
  client.on('error', () => undefined)
  t.teardown(() => {
    client.destroy()
    server.close()
  })
  const socket = await accepted.promise
  t.teardown(() => socket.destroy())
  const header = Promise.withResolvers<BalancerHeader>()
  readBalancerHeader(socket, timeoutMs, header.resolve)
  client.setNoDelay(true)
  for (const piece of pieces) await new Promise((resolve) => client.write(piece, resolve))
  if (isEnded) client.end()
  return {
    header: await header.promise,
    rest: async () => {
      let text = ''
      for await (const chunk of socket) text += String(chunk)
      return text
    },
  }
}

t.test('the header is taken off, however it is cut, and what follows is still there', async (t) => {
  const line = 'PROXY TCP6 2001:DB8:0::1 ::1 4711 3128\r\n'
  for (const pieces of [
    [`${line}GET x`],
    [...line.split(''), 'GET x'],
    [line.slice(0, 9), `${line.slice(9)}GET`, ' x'],
  ]) {
    const { header, rest } = await send(t, pieces)
    t.strictSame(header, { kind: 'read', address: '2001:db8::1' })
    t.equal(await rest(), 'GET x')
  }
})

t.test('an IPv4 client of a dual-stack balancer counts as IPv4', async (t) => {
  const { header } = await send(t, ['PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n'])
  t.strictSame(header, { kind: 'read', address: '192.0.2.1' })
})

t.test('a balancer that speaks for itself names nobody', async (t) => {
  const { header } = await send(t, ['PROXY UNKNOWN\r\n'])
  t.strictSame(header, { kind: 'read', address: null })
})

t.test('no header, and a malformed one, are refused', async (t) => {
  t.match((await send(t, ['CONNECT a:443 HTTP/1.1\r\n'])).header, { kind: 'refused', problem: /without/ })
  t.match((await send(t, ['PROXY TCP4 a b 1 2\r\n'])).header, { kind: 'refused', problem: /address/ })
  t.match((await send(t, [`PROXY ${'x'.repeat(200)}`])).header, { kind: 'refused', problem: /too long/ })
})

t.test('whoever leaves or stays silent before the end of the header is gone', async (t) => {
  t.strictSame((await send(t, ['PROXY TCP4 '])).header, { kind: 'gone' })
  t.strictSame((await send(t, [])).header, { kind: 'gone' })
  t.strictSame((await send(t, ['PROXY TCP4 '], 20, false)).header, { kind: 'gone' })
})
