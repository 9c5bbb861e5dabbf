import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { expectAnswer } from '../../src/upstream/continue-filter.ts'

/** What comes through when these chunks arrive one by one behind a request. */
function through(chunks: readonly string[]): string {
  const from = new Readable({ read: () => undefined })
  const socket = Object.setPrototypeOf(from, Readable.prototype) as Socket
  expectAnswer(socket)
  let text = ''
  for (const chunk of chunks) {
    from.push(Buffer.from(chunk, 'latin1'))
    for (let read = socket.read() as Buffer | null; read !== null; read = socket.read() as Buffer | null) {
      text += read.toString('latin1')
    }
  }
  return text
}

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

t.test('a 100 is dropped however it is split, and nothing else is touched', (t) => {
  const interim = 'HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\nHTTP/1.1 100\r\n\r\n'
  fc.assert(
    fc.property(fc.boolean(), fc.array(fc.nat(interim.length + ANSWER.length)), (hasInterim, cuts) => {
      const text = (hasInterim ? interim : '') + ANSWER
      const at = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length]
      const chunks = at.slice(1).map((end, index) => text.slice(at[index], end))
      t.equal(through(chunks.filter((chunk) => chunk !== '')), ANSWER)
    }),
    { numRuns: 60 },
  )
  t.end()
})

t.test('a 100 without end is handed on for the parser to refuse, and a 100 inside a body is a body', (t) => {
  const endless = `HTTP/1.1 100 Continue\r\nX: ${'x'.repeat(10_000)}`
  t.equal(through([endless]), endless)
  const body = `${ANSWER}HTTP/1.1 100 Continue\r\n\r\n`
  t.equal(through([ANSWER, 'HTTP/1.1 100 Continue\r\n\r\n']), body)
  t.end()
})
