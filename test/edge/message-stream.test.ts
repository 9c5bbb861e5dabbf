import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import type { ClientBody } from '../../src/edge/client-side.ts'
import { InspectionBudget } from '../../src/edge/held-body.ts'
import { firstMessage, MessageStream } from '../../src/edge/message-stream.ts'
import type { StreamRefusal } from '../../src/flow/exchange-contract.ts'
import type { BodySink, HeldBody } from '../../src/flow/ports.ts'
import { frameBytes } from '../../src/wire/grpc-frames.ts'

const REFUSAL: StreamRefusal = {
  answer: { status: 200, headers: [], body: new Uint8Array(0) },
  ending: { bytes: new Uint8Array(0), trailers: [] },
}
const CLIENT = '192.0.2.1'

/** A body that gives its chunks only while it flows. */
class FakeBody implements ClientBody {
  sink: BodySink | null = null
  isFlowing = false
  isCancelled = false
  readonly waiting: Buffer[] = []
  isEnded = false

  attach(sink: BodySink): void {
    this.sink = sink
    this.resume()
  }

  pause(): void {
    this.isFlowing = false
  }

  resume(): void {
    this.isFlowing = true
    this.give()
  }

  cancel(): void {
    this.isCancelled = true
  }

  send(...chunks: Buffer[]): void {
    this.waiting.push(...chunks)
    this.give()
  }

  end(): void {
    this.isEnded = true
    this.give()
  }

  give(): void {
    while (this.isFlowing && this.sink !== null && !this.isCancelled) {
      const chunk = this.waiting.shift()
      if (chunk !== undefined) this.isFlowing = this.sink.chunk(chunk) && this.isFlowing
      else if (this.isEnded) {
        this.isEnded = false
        this.sink.end(['x-trailer', '1'])
      } else return
    }
  }
}

interface Scene {
  readonly body: FakeBody
  readonly stream: MessageStream
  readonly budget: InspectionBudget
  /** What was judged: text, or why it was not held. */
  readonly judged: string[]
  readonly refused: StreamRefusal[]
  readonly seen: Buffer[]
  /** What went on. */
  readonly out: string[]
  readonly sink: BodySink
  readonly ended: Promise<string>
}

type Judge = (message: HeldBody) => Promise<StreamRefusal | null>

/** The judge refuses `bad`, and everything unheld when `strict`. */
interface SceneOptions {
  readonly maxBytes?: number
  readonly budgetBytes?: number
  readonly judge?: Judge
  readonly isReady?: () => boolean
}

function setUp({ maxBytes = 100, budgetBytes = 100_000, judge, isReady = () => true }: SceneOptions = {}): Scene {
  const body = new FakeBody()
  const budget = new InspectionBudget(budgetBytes)
  const judged: string[] = []
  const refused: StreamRefusal[] = []
  const seen: Buffer[] = []
  const out: string[] = []
  const ended = Promise.withResolvers<string>()
  const stream = new MessageStream({
    body,
    maxBytes,
    budget,
    client: CLIENT,
    judge: async (message) => {
      judged.push(message.cut ?? Buffer.from(message.bytes.subarray(5)).toString())
      if (judge !== undefined) return judge(message)
      return Buffer.from(message.bytes).includes('bad') ? REFUSAL : null
    },
    onChunk: (bytes) => seen.push(Buffer.from(bytes)),
    onRefused: (refusal) => {
      refused.push(refusal)
      ended.resolve('refused')
    },
  })
  const sink: BodySink = {
    chunk: (bytes) => {
      out.push(Buffer.from(bytes).toString('latin1'))
      return isReady()
    },
    end: (trailers) => ended.resolve(`end ${trailers.join('=')}`),
    fail: (error) => ended.resolve(error.code),
  }
  return { body, stream, budget, judged, refused, seen, out, sink, ended: ended.promise }
}

const frame = (text: string): Buffer => frameBytes(0, Buffer.from(text))

t.test(
  'messages go on one by one as the very bytes, wherever they were split, and the budget is given back',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 60 }), { minLength: 1, maxLength: 10 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
        async (texts, cuts, readiness) => {
          const whole = Buffer.concat(texts.map((text) => frame(text.replaceAll('bad', 'b-d'))))
          const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b), whole.length]
          let turn = 0
          const scene: Scene = setUp({
            maxBytes: 400,
            isReady: () => {
              const isReady = readiness[turn++ % readiness.length] ?? true
              if (!isReady) setImmediate(() => scene.stream.resume())
              return isReady
            },
          })
          const first = scene.stream.first()
          scene.body.send(...at.slice(1).map((end, index) => whole.subarray(at[index], end)))
          scene.body.end()
          t.equal(await first, null)
          t.equal(scene.stream.open(), null)
          scene.stream.start(scene.sink)
          t.equal(await scene.ended, 'end x-trailer=1')
          t.equal(scene.budget.usedBytes, 0)
          t.equal(scene.judged.length, texts.length)
          return Buffer.from(scene.out.join(''), 'latin1').equals(whole) && Buffer.concat(scene.seen).equals(whole)
        },
      ),
      { numRuns: 60 },
    )
  },
)

t.test('nothing behind the first message is read until somebody takes it', async (t) => {
  const scene = setUp()
  const first = scene.stream.first()
  scene.body.send(frame('one'), frame('two'), frame('three'))
  await first
  t.strictSame(scene.judged, ['one'])
  t.equal(scene.body.waiting.length, 2)
  scene.stream.open()
  scene.stream.start(scene.sink)
  scene.body.end()
  await scene.ended
  t.strictSame(scene.judged, ['one', 'two', 'three'])
})

t.test('a first message that must not pass is told before the upstream is asked', async (t) => {
  const scene = setUp()
  const first = scene.stream.first()
  scene.body.send(frame('bad'), frame('more'))
  t.equal(await first, REFUSAL)
  t.equal(scene.refused.length, 0)
  t.equal(scene.body.isCancelled, true)
  t.equal(scene.budget.usedBytes, 0)
})

t.test('a later one ends the stream: what came before it went on, nothing behind it does', async (t) => {
  const scene = setUp()
  const first = scene.stream.first()
  scene.body.send(Buffer.concat([frame('one'), frame('two'), frame('bad'), frame('four')]))
  await first
  scene.stream.open()
  scene.stream.start(scene.sink)
  t.equal(await scene.ended, 'refused')
  t.strictSame(scene.out.join(''), Buffer.concat([frame('one'), frame('two')]).toString('latin1'))
  t.equal(scene.budget.usedBytes, 0)
})

t.test('a refusal between the first message and the opening is told by the opening', async (t) => {
  const scene = setUp()
  t.equal(await firstMessage(scene.stream, 1), null, 'no message came')
  scene.body.send(frame('bad'))
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(scene.stream.open(), REFUSAL)
  t.equal(scene.refused.length, 0)
})

t.test('an upstream that is asked before the first message gets it when it comes', async (t) => {
  const scene = setUp()
  t.equal(await firstMessage(scene.stream, 1), null)
  scene.stream.open()
  scene.stream.start(scene.sink)
  scene.body.send(frame('late'))
  scene.body.end()
  t.equal(await scene.ended, 'end x-trailer=1')
  t.strictSame(scene.out, [frame('late').toString('latin1')])
})

t.test('a message beyond the limit is judged unread; where it may pass it streams through', async (t) => {
  const large = frame('L'.repeat(500))
  const scene = setUp({ maxBytes: 50 })
  const first = scene.stream.first()
  scene.body.send(frame('small'), large.subarray(0, 100), large.subarray(100), frame('last'))
  scene.body.end()
  await first
  scene.stream.open()
  scene.stream.start(scene.sink)
  await scene.ended
  t.strictSame(scene.judged, ['small', 'oversize', 'last'])
  t.equal(scene.out.join(''), Buffer.concat([frame('small'), large, frame('last')]).toString('latin1'))
  const strict = setUp({ maxBytes: 50, judge: async ({ cut }) => (cut === 'oversize' ? REFUSAL : null) })
  const refused = strict.stream.first()
  strict.body.send(large.subarray(0, 60))
  t.equal(await refused, REFUSAL, 'at its announcement, not at its end')
})

t.test('without room a message is judged unread, and the next one is held again', async (t) => {
  const scene = setUp({ maxBytes: 1000, budgetBytes: 200 })
  const first = scene.stream.first()
  const large = frame('L'.repeat(150))
  scene.body.send(large.subarray(0, 90), large.subarray(90), frame('last'))
  scene.body.end()
  await first
  scene.stream.open()
  scene.stream.start(scene.sink)
  await scene.ended
  t.strictSame(scene.judged, ['over-capacity', 'last'])
  t.equal(scene.out.join(''), Buffer.concat([large, frame('last')]).toString('latin1'))
  t.equal(scene.budget.usedBytes, 0)
})

t.test('a body without a message, and one that ends inside a message, are judged too', async (t) => {
  const empty = setUp()
  const first = empty.stream.first()
  empty.body.end()
  t.equal(await first, null)
  t.strictSame(empty.judged, [''])
  empty.stream.open()
  empty.stream.start(empty.sink)
  t.equal(await empty.ended, 'end x-trailer=1')
  t.strictSame(empty.out, [])
  const cut = setUp()
  const second = cut.stream.first()
  cut.body.send(frame('whole'), frame('not whole').subarray(0, 8))
  cut.body.end()
  await second
  cut.stream.open()
  cut.stream.start(cut.sink)
  await cut.ended
  t.strictSame(cut.judged, ['whole', 'not'])
})

t.test('a client that goes away is told, before the upstream is asked and after', async (t) => {
  const before = setUp()
  const first = before.stream.first()
  before.body.sink?.fail(new ProxyError('client-gone'))
  await t.rejects(first, { code: 'client-gone' })
  const between = setUp()
  const second = between.stream.first()
  between.body.send(frame('one'))
  await second
  between.body.sink?.fail(new ProxyError('client-gone'))
  between.stream.open()
  between.stream.start(between.sink)
  t.equal(await between.ended, 'client-gone')
  t.strictSame(between.out, [], 'and nothing of what it sent')
})

t.test('a judge that fails ends the stream with its error', async (t) => {
  const scene = setUp({ judge: async () => Promise.reject(new ProxyError('over-capacity')) })
  const first = scene.stream.first()
  scene.body.send(frame('one'))
  await t.rejects(first, { code: 'over-capacity' })
  t.equal(scene.budget.usedBytes, 0)
})
