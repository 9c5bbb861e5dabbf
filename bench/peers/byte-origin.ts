/**
 * The far end of tunnels: `D` and 8 bytes of length asks for so many bytes, `U` and a length is followed by so many,
 * answered by one byte. Anything else is held open in silence.
 */
import { createServer } from 'node:net'

const CHUNK = Buffer.alloc(1024 * 1024, 0x5a)

const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on('error', () => undefined)
  socket.once('data', (head: Buffer) => {
    const kind = String.fromCharCode(head[1] ?? 0)
    if (head[0] !== 0 || (kind !== 'D' && kind !== 'U')) return
    const length = Number(head.readBigUInt64BE(2))
    if (kind === 'D') {
      let left = length
      const more = (): void => {
        while (left > 0) {
          const size = Math.min(left, CHUNK.length)
          left -= size
          if (!socket.write(size === CHUNK.length ? CHUNK : CHUNK.subarray(0, size)))
            return void socket.once('drain', more)
        }
        socket.end()
      }
      more()
      return
    }
    let seen = head.length - 10
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.length
      if (seen >= length) socket.end('k')
    })
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${(server.address() as { port: number }).port}\n`)
})
