import { type Duplex, duplexPair } from 'node:stream'
import t from 'tap'
import { InspectionBudget } from '../../src/edge/held-body.ts'
import { runWebSocket } from '../../src/edge/websocket.ts'
import type { MessageFlow, MessageVerdict } from '../../src/flow/messages.ts'
import { closePayload, frameBytes, OPCODES, RSV1 } from '../../src/wire/ws-frames.ts'

const mask = Buffer.from([1, 2, 3, 4])
const toServer = (value: string): Buffer => frameBytes({ opcode: OPCODES.text, payload: Buffer.from(value), mask })
const toClient = (value: string): Buffer =>
  frameBytes({ opcode: OPCODES.text, payload: Buffer.from(value), mask: null })
const close = (code: number): Buffer => frameBytes({ opcode: OPCODES.close, payload: closePayload(code), mask: null })

class Noted implements MessageFlow {
  verdict: MessageVerdict = { kind: 'pass' }
  isNoted = true
  isSame = true
  readonly seen: string[] = []
  readonly isCurrent = (): boolean => this.isSame
  readonly judge: MessageFlow['judge'] = async ({ body }) => {
    this.seen.push(`judge ${Buffer.from(body.bytes).toString()}`)
    return await Promise.resolve(this.verdict)
  }
  readonly note: MessageFlow['note'] = ({ body }) => {
    this.seen.push(`note ${Buffer.from(body.bytes).toString()}`)
    return Promise.resolve(this.isNoted)
  }
  readonly restore: MessageFlow['restore'] = () => null
  readonly answered: MessageFlow['answered'] = (bytes) => {
    this.seen.push(`answered ${bytes === null ? 'unread' : Buffer.from(bytes).toString()}`)
  }
  readonly end: MessageFlow['end'] = (error) => {
    this.seen.push(`end ${error?.code ?? 'well'}`)
    return Promise.resolve()
  }
  readonly counts = (): { in: number; out: number } => ({ in: 0, out: 0 })
}

function open(isHeld: boolean, { idleMs = 60_000, maxBytes = 1_000_000 } = {}) {
  const [client, clientPeer] = duplexPair()
  const [upstream, upstreamPeer] = duplexPair()
  const flow = new Noted()
  const budget = new InspectionBudget(10_000_000)
  const over = runWebSocket({
    client,
    upstream,
    cutClient: () => client.destroy(),
    idleMs,
    flow,
    isHeld,
    isRestoring: false,
    maxBytes,
    limits: { decodedRatio: 100 },
    deflate: null,
    budget,
    address: '192.0.2.1',
  })
  t.teardown(() => {
    client.destroy()
    upstream.destroy()
  })
  return { clientPeer, upstreamPeer, flow, budget, over, client, upstream }
}

/** What comes until the stream ends or so many bytes are there. */
function take(stream: Duplex, bytes: number): Promise<Buffer> {
  return new Promise((resolve) => {
    let all = Buffer.alloc(0)
    const done = (): void => {
      stream.off('data', onData)
      resolve(all)
    }
    const onData = (chunk: Buffer): void => {
      all = Buffer.concat([all, chunk])
      if (all.length >= bytes) done()
    }
    stream.on('data', onData)
    stream.once('end', done)
  })
}

const REFUSAL: MessageVerdict = { kind: 'refuse', text: Buffer.from('no'), closeCode: 1000, error: null }

t.test('held messages are judged and go on, copies are noted, and answers follow their request', async (t) => {
  for (const isHeld of [true, false]) {
    const { clientPeer, upstreamPeer, flow, over, budget } = open(isHeld)
    clientPeer.write(toServer('ask'))
    t.same(await take(upstreamPeer, 9), toServer('ask'))
    upstreamPeer.write(toClient('answer'))
    t.same(await take(clientPeer, 8), toClient('answer'))
    clientPeer.resume().end()
    upstreamPeer.resume().end()
    // An end without a Close.
    t.match(await over, { error: { code: 'client-gone' }, close: null, bytesIn: 9, bytesOut: 8, isUnread: false })
    t.strictSame(flow.seen, [isHeld ? 'judge ask' : 'note ask', 'answered answer', 'end client-gone'])
    t.equal(budget.usedBytes, 0)
  }
})

t.test('a refusal waits until the message of the server under way has ended', async (t) => {
  const { clientPeer, upstreamPeer, flow, over } = open(true)
  flow.verdict = REFUSAL
  const begun = Buffer.from([0x01, 2, 65, 66])
  upstreamPeer.write(begun)
  t.same(await take(clientPeer, 4), begun)
  const gotServer = take(upstreamPeer, 8)
  clientPeer.write(toServer('secret'))
  t.notMatch((await gotServer).toString('latin1'), 'secret')
  const ending = Buffer.from([0x80, 1, 67])
  const wanted = Buffer.concat([ending, toClient('no'), close(1000)])
  const gotClient = take(clientPeer, wanted.length)
  upstreamPeer.write(Buffer.concat([ending, toClient('never')]))
  t.same(await gotClient, wanted)
  clientPeer.write(frameBytes({ opcode: OPCODES.close, payload: closePayload(1000), mask }))
  clientPeer.resume().end()
  upstreamPeer.resume().end()
  t.match(await over, { error: null })
})

t.test('rules that changed, and a copy that cannot be recorded, end a monitored connection', async (t) => {
  for (const [code, change] of [
    [1012, { isSame: false }],
    [1011, { isNoted: false }],
  ] as const) {
    const { clientPeer, upstreamPeer, flow, over } = open(false)
    Object.assign(flow, change)
    const gotClient = take(clientPeer, 4)
    upstreamPeer.resume()
    clientPeer.write(toServer('ask'))
    t.same(await gotClient, close(code))
    clientPeer.resume().end()
    upstreamPeer.end()
    t.match(await over, { error: null })
  }
})

t.test('a copy that breaks the protocol passes, and is recorded as unread', async (t) => {
  const { clientPeer, upstreamPeer, over } = open(false)
  const bytes = frameBytes({ opcode: OPCODES.text, payload: Buffer.from('x'), mask })
  bytes[0] = (bytes[0] ?? 0) | (RSV1 << 4)
  clientPeer.write(bytes)
  t.same(await take(upstreamPeer, bytes.length), bytes)
  clientPeer.resume().end()
  upstreamPeer.resume().end()
  t.match(await over, { isUnread: true })
})

t.test('a connection on which nothing moves is cut, and says so', async (t) => {
  const { client, upstream, flow, over } = open(true, { idleMs: 20 })
  t.match(await over, { error: { code: 'upstream-idle' } })
  t.ok(client.destroyed && upstream.destroyed)
  t.strictSame(flow.seen, ['end upstream-idle'])
})

t.test('a client that leaves in the middle of a message gives back what was held', async (t) => {
  const { clientPeer, client, upstreamPeer, budget, over } = open(true)
  const begun = toServer('x'.repeat(1000)).subarray(0, 500)
  clientPeer.write(begun)
  while (budget.usedBytes === 0) await new Promise((resolve) => setImmediate(resolve))
  upstreamPeer.resume()
  client.destroy()
  t.match(await over, { error: { code: 'client-gone' } })
  t.equal(budget.usedBytes, 0)
})
