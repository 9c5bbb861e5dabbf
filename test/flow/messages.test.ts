import t from 'tap'
import { type MessageFlow, type MessageVerdict, openMessages } from '../../src/flow/messages.ts'
import type { SealPort, SealRequest } from '../../src/flow/ports.ts'
import { createVault } from '../../src/inspect/vault.ts'
import { CATALOGUE } from '../config/small-rules.ts'
import { alice, type FlowWorld, flowWorld, headOf, held, rulesOf, SECRET, type WorldOptions } from './flow-world.ts'

const catalogue = CATALOGUE.replace('methods: [POST]', 'methods: [GET, POST]').replace(
  'dialect: anthropic-messages',
  'dialect: openai-responses',
)
const ASKS = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Version', '13']

interface Opened {
  readonly world: FlowWorld
  readonly flow: MessageFlow
  readonly become: (tier: string) => void
}

function open(isHeld: boolean, options: WorldOptions = {}, seal?: SealPort): Opened {
  const tier = isHeld ? 'restricted' : 'monitored'
  const world = flowWorld({ tier, catalogue, ...options })
  const head = headOf({ method: 'GET', isUpgrade: true }, ASKS)
  const dialect = 'openai-responses'
  const flow = openMessages(seal === undefined ? world.ports : { ...world.ports, seal }, {
    client: alice,
    head,
    http: '1.1',
    parent: 'P',
    dialect,
    isHeld,
    isRestored: isHeld,
  })
  return {
    world,
    flow,
    become: (next) => {
      world.snapshot = rulesOf({ tier: next, catalogue, ...options }).snapshot
    },
  }
}

const request = (text: string): string =>
  JSON.stringify({ type: 'response.create', model: 'gpt-6', input: [{ role: 'user', content: text }] })
const message = (text: string) => ({ body: held(text), size: Buffer.byteLength(text) })
const completed = Buffer.from(
  JSON.stringify({
    type: 'response.completed',
    response: { model: 'm', usage: { input_tokens: 3, output_tokens: 4 } },
  }),
)
const textOf = (verdict: MessageVerdict): string =>
  verdict.kind === 'refuse' ? Buffer.from(verdict.text).toString() : ''

t.test('a clean request passes when its intent is durable, and ends with its answer', async (t) => {
  const { world, flow } = open(true)
  t.strictSame(await flow.judge(message(request('hello'))), { kind: 'pass' })
  t.match(world.events, [{ phase: 'intent', parent: 'P', action: 'redact' }])
  flow.answered(Buffer.from('{"type":"response.created"}'), 27)
  flow.answered(completed, completed.length)
  await flow.end(null)
  t.match(world.events, [
    { phase: 'intent' },
    { phase: 'outcome', status: 200, tokens: { in: 3, out: 4 }, bytesOut: 27 + completed.length, complete: true },
  ])
  t.strictSame(flow.counts(), { in: 1, out: 2 })
})

t.test('what only steers is counted, and recorded when it has a finding', async (t) => {
  const { world, flow } = open(true)
  t.strictSame(await flow.judge(message('{"type":"response.cancel"}')), { kind: 'pass' })
  t.equal(world.events.length, 0)
  const verdict = await flow.judge(message(JSON.stringify({ type: 'response.newer', note: SECRET.high })))
  t.equal(verdict.kind, 'edit')
  t.notMatch(verdict.kind === 'edit' ? Buffer.from(verdict.bytes).toString() : SECRET.high, SECRET.high)
  await flow.end(null)
  t.match(world.events, [
    { phase: 'intent', bytesUnchanged: false },
    { phase: 'outcome', complete: true },
  ])
})

t.test('a request that nobody answered ends with the connection', async (t) => {
  const { world, flow } = open(true)
  await flow.judge(message(request('one')))
  await flow.end(null)
  t.match(world.events.at(-1), { phase: 'outcome', status: null, complete: false })
})

t.test('a tool that became prohibited is refused at its next message', async (t) => {
  const { world, flow, become } = open(true)
  t.equal(flow.isCurrent(), true)
  become('prohibited')
  t.equal(flow.isCurrent(), false)
  const verdict = await flow.judge(message(request('after')))
  t.match(verdict, { kind: 'refuse', closeCode: 1000, error: null })
  t.match(textOf(verdict), /weir_policy_block/u)
  t.match(world.events, [{ phase: 'outcome', action: 'block', status: 400 }])
})

t.test('without a record nothing goes on: the client may try again', async (t) => {
  const { world, flow } = open(true)
  world.audit.isDown = true
  const verdict = await flow.judge(message(request('hello')))
  t.match(verdict, { kind: 'refuse', closeCode: 1013, error: { code: 'audit-unavailable' } })
  t.match(JSON.parse(textOf(verdict)), { status: 503, error: { type: 'server_error', code: 'audit-unavailable' } })
})

t.test('a fault while judging refuses too', async (t) => {
  const { world } = open(true)
  const ports = {
    ...world.ports,
    inspect: {
      ...world.ports.inspect,
      inspect: () => {
        throw new Error('broken')
      },
    },
  }
  const head = headOf({ method: 'GET', isUpgrade: true }, ASKS)
  const dialect = 'openai-responses'
  const flow = openMessages(ports, {
    client: alice,
    head,
    http: '1.1',
    parent: 'P',
    dialect,
    isHeld: true,
    isRestored: false,
  })
  const verdict = await flow.judge(message(request('hello')))
  t.equal(verdict.kind, 'refuse')
})

t.test('copies are recorded, in order, and an answer ends its request', async (t) => {
  const { world, flow } = open(false)
  t.equal(await flow.note(message(request(SECRET.high))), true)
  t.equal(await flow.note(message('{"type":"response.cancel"}')), true)
  flow.answered(completed, completed.length)
  await flow.end(null)
  t.match(world.events, [
    { phase: 'intent', action: 'log', findings: [{ detector: 'high-secret' }] },
    { phase: 'outcome', status: 200, complete: true },
  ])
  Object.assign(world.audit, { isDown: true, spooledBytes: Number.MAX_SAFE_INTEGER })
  t.equal(await flow.note(message(request('again'))), false, 'one that cannot be recorded must be the last')
})

t.test('a client that never waits keeps a bounded number of requests open', async (t) => {
  const { world, flow } = open(true)
  for (let index = 0; index < 70; index++) await flow.judge(message(request(String(index))))
  await flow.end(null)
  t.equal(world.events.filter(({ phase }) => phase === 'outcome').length, 70)
})

t.test('values are put back in the answer of the request that had them, and a fault there ends nothing', async (t) => {
  const { flow, world } = open(true)
  t.equal(flow.restore(Buffer.from('{"type":"response.output_text.delta","delta":"W"}')), null, 'nobody asked')
  await flow.judge(message(request('hello')))
  t.equal(flow.restore(Buffer.from('{"type":"response.output_text.delta","delta":"x"}')), null)
  const vault = createVault()
  const broken = {
    ...vault,
    valueOf: (): never => {
      throw new Error('broken')
    },
  }
  const ports = { ...world.ports, restore: { vault: broken, prefix: 'WEIR' } }
  const head = headOf({ method: 'GET', isUpgrade: true }, ASKS)
  const dialect = 'openai-responses'
  const faulty = openMessages(ports, {
    client: alice,
    head,
    http: '1.1',
    parent: 'P',
    dialect,
    isHeld: true,
    isRestored: true,
  })
  await faulty.judge(message(request('hello')))
  const delta = { type: 'response.output_text.delta', delta: 'WEIRABCDEFGHIJKL and' }
  t.equal(faulty.restore(Buffer.from(JSON.stringify(delta))), null)
  t.match(world.logged, [{ event: 'flow.message-fault' }])
})

t.test('answers are sealed per request where the tier wants it, with what was found in them replaced', async (t) => {
  for (const isHeld of [true, false]) {
    const asked: SealRequest[] = []
    const seal = {
      maxBytes: 1000,
      seal: (each: SealRequest) => {
        asked.push(each)
        return Promise.resolve({ part: each.part, digest: String(asked.length) })
      },
    }
    const tiers = { restricted: { seal: 'exchange' }, monitored: { seal: 'exchange' } }
    const { flow, world } = open(isHeld, { policy: { tiers }, hasAuditors: true }, seal)
    const said = (text: string): Buffer =>
      Buffer.from(JSON.stringify({ type: 'response.output_text.delta', delta: text }))
    for (const text of ['first', 'second']) {
      if (isHeld) await flow.judge(message(request(text)))
      else await flow.note(message(request(text)))
    }
    for (const each of [said('one'), said(`key ${SECRET.high}`), completed]) flow.answered(each, each.length)
    for (const each of [said('two'), completed]) flow.answered(each, each.length)
    const unasked = said('nobody asked')
    flow.answered(unasked, unasked.length)
    await flow.end(null)
    const answers = asked.filter(({ part }) => part === 'response')
    t.equal(answers.length, 2)
    const [one, two] = answers.map(({ text }) => Buffer.from(text).toString())
    t.match(one, /"one"[^]*\n[^]*response\.completed/u)
    t.notMatch(one, SECRET.high)
    t.match(two, '"two"')
    t.notMatch(two, 'nobody asked')
    t.not(answers[0]?.flow, answers[1]?.flow)
    const outcomes = world.events.filter((event) => event.phase === 'outcome')
    t.match(outcomes, [{ sealed: [{ part: 'request' }, { part: 'response' }] }, { sealed: [{}, { part: 'response' }] }])
  }
})
