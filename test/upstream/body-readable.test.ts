import { text } from 'node:stream/consumers'
import t from 'tap'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import type { BodySink } from '../../src/flow/ports.ts'
import { BodyReadable, releasingReadable } from '../../src/upstream/body-readable.ts'

interface Played {
  readonly readable: BodyReadable
  readonly sink: () => BodySink
  readonly calls: string[]
}

function play(onStart: (sink: BodySink) => void = () => undefined): Played {
  const calls: string[] = []
  let sink: BodySink | null = null
  const readable = new BodyReadable({
    start: (given) => {
      calls.push('start')
      sink = given
      onStart(given)
    },
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
    cancel: () => calls.push('cancel'),
  })
  return { readable, calls, sink: () => sink as BodySink }
}

t.test('nothing is read before somebody wants it, then every byte comes in order', async (t) => {
  const { readable, calls } = play((sink) => {
    sink.chunk(Buffer.from('ab'))
    setImmediate(() => {
      sink.chunk(Buffer.from('cd'))
      sink.end(['X-Trailer', 'dropped'])
    })
  })
  t.strictSame(calls, [])
  const chunks: Buffer[] = []
  for await (const chunk of readable) chunks.push(chunk as Buffer)
  t.equal(Buffer.concat(chunks).toString(), 'abcd')
  t.equal(calls.filter((call) => call === 'start').length, 1)
})

t.test('a full buffer asks for a pause, and reading resumes the source', async (t) => {
  const { readable, calls, sink } = play()
  readable.read(0)
  t.equal(sink().chunk(Buffer.alloc(65_536)), false)
  t.notOk(calls.includes('resume'))
  readable.read()
  await new Promise((resolve) => setImmediate(resolve))
  t.ok(calls.includes('resume'))
})

t.test('a failure of the client destroys the stream with its error, and the source is let go', async (t) => {
  const { readable, calls, sink } = play()
  readable.read(0)
  const error = new Promise((resolve) => readable.once('error', resolve))
  sink().fail(new ProxyError('client-gone'))
  t.match(await error, { code: 'client-gone' })
  t.ok(calls.includes('cancel'))
})

t.test('a stream that nobody wants any more cancels its source', async (t) => {
  const { readable, calls } = play()
  readable.destroy()
  await new Promise((resolve) => readable.once('close', resolve))
  t.strictSame(calls, ['cancel'])
})

t.test('a whole body has a known length before it is read, and nothing is kept of it after', async (t) => {
  const readable = releasingReadable(Buffer.from('abc'))
  t.equal(readable.readableLength, 3)
  t.equal(await text(readable), 'abc')
  t.equal(readable.readableLength, 0)
})
