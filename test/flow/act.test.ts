import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib'
import t from 'tap'
import type { BodyFacts, ExchangeDecision } from '../../src/domain/decision.ts'
import type { RequestHead } from '../../src/domain/tool.ts'
import { judgeHeldBody, readBeside, readBodyFacts } from '../../src/flow/act.ts'
import type { HeldBody } from '../../src/flow/ports.ts'
import { frameBytes } from '../../src/wire/grpc-frames.ts'
import { alice, bodyWith, flowWorld, headOf, held, SECRET } from './flow-world.ts'

const world = flowWorld({ tier: 'restricted' })
const LIMITS = { maxBytes: 64 * 1024, maxRatio: 100 }
const reading = { inspect: world.ports.inspect, limits: LIMITS }

const facts = (text: string | Uint8Array, headers: readonly string[] = [], cut: HeldBody['cut'] = null) =>
  readBodyFacts(reading, headOf({}, headers), 'anthropic-messages', held(text, cut))

/** The verdict by the rules of a restricted tool, and what the decision was asked. */
async function judge(
  text: string | Uint8Array,
  headers: readonly string[] = [],
  cut: HeldBody['cut'] = null,
  ports = reading,
) {
  const head: RequestHead = headOf({}, headers)
  const identification = world.snapshot.identify(head)
  const asked: BodyFacts[] = []
  const decide = (body: BodyFacts | null): ExchangeDecision => {
    if (body !== null) asked.push(body)
    return world.snapshot.decideExchange({ client: alice, nowMs: 0, head, identification, seenDialect: null, body })
  }
  const judgement = await judgeHeldBody({ ...ports, decide }, { head, decision: decide(null), held: held(text, cut) })
  return { judgement, asked: asked.at(-1) }
}

t.test('a body is decoded, looked into, and its model named', async (t) => {
  const text = bodyWith(`${SECRET.high} and ${SECRET.high}`, 'alpha-7')
  const expected = {
    unread: null,
    model: 'alpha-7',
    counts: [{ detector: 'high-secret', severity: 'high', field: 'messages[0].content', count: 2 }],
  }
  t.match(await facts(text), { ...expected, codings: [] })
  t.match(await facts(gzipSync(text), ['Content-Encoding', 'gzip']), { ...expected, codings: ['gzip'] })
  t.match(await facts(gzipSync(brotliCompressSync(text)), ['Content-Encoding', 'br, gzip']), expected)
})

t.test('what cannot be read says why', async (t) => {
  t.match(await facts('x', ['Content-Encoding', 'rot13']), { unread: 'unknown-coding', body: null })
  t.match(await facts('not gzip', ['Content-Encoding', 'gzip']), { unread: /unparsable|decode-limit/u, body: null })
  t.match(await facts(gzipSync(Buffer.alloc(1024 * 1024)), ['Content-Encoding', 'gzip']), { unread: 'decode-limit' })
  t.match(await facts('{"messages":['), { unread: 'unparsable' })
})

t.test('text that is read twice, for it holds escapes, counts once', async (t) => {
  const text = held(`// \\u0041 is an A\n${SECRET.high} ${SECRET.high}`)
  const head = headOf({ headers: ['Content-Type', 'text/plain'] })
  const { counts } = await readBodyFacts(reading, head, 'generic', text)
  t.match(counts, [{ detector: 'high-secret', count: 2 }])
})

t.test('a body of two kinds is of none', async (t) => {
  const text = bodyWith(SECRET.high)
  const [json, other] = [
    ['Content-Type', 'application/json'],
    ['content-type', 'multipart/form-data; boundary=x'],
  ] as const
  t.match(await facts(text, [...json, ...other]), { unread: 'unparsable', body: null })
  t.match(await facts(text, [...json, ...json]), { unread: null })
})

t.test('of a cut body the read part is looked into as plain text; an encoded one cannot be', async (t) => {
  const text = bodyWith(SECRET.high).slice(0, -3)
  t.match(await facts(text, [], 'oversize'), { unread: 'oversize', counts: [{ detector: 'high-secret' }], model: null })
  const zipped = gzipSync(text)
  t.match(await facts(zipped, ['Content-Encoding', 'gzip'], 'oversize'), { unread: 'oversize', counts: [], body: null })
  t.match(await facts(text, [], 'over-capacity'), { unread: 'over-capacity', counts: [], body: null })
})

t.test('a finding is edited away, in the coding the body came in', async (t) => {
  const text = bodyWith(`a ${SECRET.high} b`)
  const plain = await judge(text)
  t.equal(plain.judgement.decision.action, 'redact')
  t.match(Buffer.from(plain.judgement.body ?? []).toString(), /"a WEIR[A-Z2-7]{12} b"/u)
  const zipped = await judge(gzipSync(text), ['Content-Encoding', 'gzip'])
  t.equal(
    gunzipSync(zipped.judgement.body ?? Buffer.alloc(0)).toString(),
    Buffer.from(plain.judgement.body ?? []).toString(),
  )
})

t.test('without a finding to edit the bytes stay as they came', async (t) => {
  t.equal((await judge(bodyWith('hello'))).judgement.body, null)
  const low = await judge(bodyWith(SECRET.low))
  t.equal(low.judgement.body, null)
  t.match(low.judgement.findings, [{ severity: 'low' }])
})

t.test('a signature over the body makes its findings uneditable', async (t) => {
  const { judgement, asked } = await judge(bodyWith(SECRET.high), ['Content-MD5', 'x'])
  t.equal(asked?.hasUneditableFinding, true)
  t.match(judgement, { decision: { action: 'block', reason: 'uneditable' }, body: null })
  const bearer = await judge(bodyWith(SECRET.high), ['Authorization', 'Bearer x'])
  t.equal(bearer.asked?.hasUneditableFinding, false)
  const low = await judge(bodyWith(SECRET.low), ['Content-MD5', 'x'])
  t.equal(low.asked?.hasUneditableFinding, false, 'a finding that would not be edited anyway')
})

t.test('findings in signed parts of a body are not editable, others of the same body are', async (t) => {
  const thinking = JSON.stringify({
    model: 'm',
    messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: SECRET.high, signature: 'x' }] }],
  })
  const { judgement, asked } = await judge(thinking)
  t.equal(asked?.hasUneditableFinding, true)
  t.equal(judgement.decision.action, 'block')
})

t.test('a finding of less weight in front, by the same detector in the same field, hides none behind it', async (t) => {
  const found = (severity: 'high' | 'low', start: number) => ({
    ...{ detector: 'github-pat', severity, field: 'messages[0].content', start, end: start + 1 },
    isEditable: false,
  })
  const inspect = { ...world.ports.inspect, inspect: () => LOW_THEN_HIGH }
  const LOW_THEN_HIGH = { findings: [found('low', 0), found('high', 5)], unread: null, model: null }
  const { judgement } = await judge(bodyWith('hello'), [], null, { ...reading, inspect })
  t.match(judgement.decision, { action: 'block', reason: 'uneditable' })
  t.match(judgement.findings, [
    { severity: 'low', count: 1 },
    { severity: 'high', count: 1 },
  ])
})

t.test('what the decision makes of an unread body is obeyed: nothing is edited', async (t) => {
  const { judgement } = await judge(bodyWith(SECRET.high), [], 'oversize')
  t.match(judgement, { decision: { action: 'block', reason: 'unreadable' }, body: null, unread: 'oversize' })
})

t.test('a model that stands in the path counts, also of a body that cannot be read', async (t) => {
  const head = headOf({ path: '/v1beta/models/gemini-x:generateContent' })
  const named = await readBodyFacts(reading, head, 'gemini', held('{"contents":[{"parts":[{"text":"hi"}]}]}'))
  t.match(named, { model: 'gemini-x', unread: null })
  t.match(await readBodyFacts(reading, head, 'gemini', held('{', 'over-capacity')), { model: 'gemini-x' })
})

const framed = (...texts: string[]) =>
  Buffer.concat(texts.map((text) => frameBytes(0, Buffer.from(JSON.stringify({ prompt: text })))))

t.test('messages in frames are looked into one by one, and never edited', async (t) => {
  const head = headOf({ headers: ['Content-Type', 'application/connect+json', 'connect-content-encoding', 'gzip'] })
  const zipped = frameBytes(1, gzipSync(JSON.stringify({ prompt: SECRET.high })))
  const body = Buffer.concat([framed('nothing', SECRET.high), zipped])
  t.match(await readBodyFacts(reading, head, 'connect', held(body)), {
    body: null,
    unread: null,
    counts: [{ detector: 'high-secret', field: 'prompt', count: 2 }],
    findings: [{ isEditable: false }, { isEditable: false }],
  })
  const cut = await readBodyFacts(reading, head, 'connect', held(body.subarray(0, -5), 'oversize'))
  t.match(cut, { unread: 'oversize', counts: [{ detector: 'high-secret', count: 1 }] })
})

t.test('what could be read in two ways is one finding', async (t) => {
  const text = `use ${SECRET.high} and nothing else here`
  const inner = Buffer.concat([Buffer.from([0x0a, text.length]), Buffer.from(text)])
  const body = Buffer.concat([Buffer.from([0x0a, inner.length]), inner])
  const head = headOf({ headers: ['Content-Type', 'application/proto'] })
  t.match(await readBodyFacts(reading, head, 'connect', held(body)), {
    counts: [{ detector: 'high-secret', field: '1.1', count: 1 }],
  })
})

t.test('a tier that lets uneditable findings pass changes nothing, and says so', async (t) => {
  const mild = flowWorld({ tier: 'restricted', policy: { tiers: { restricted: { onUneditable: 'redact' } } } })
  const head = headOf()
  const identification = mild.snapshot.identify(head)
  const decide = (body: BodyFacts | null): ExchangeDecision =>
    mild.snapshot.decideExchange({ client: alice, nowMs: 0, head, identification, seenDialect: null, body })
  const signed = JSON.stringify({
    messages: [{ content: [{ type: 'thinking', thinking: SECRET.high, signature: 's' }] }],
  })
  const judgement = await judgeHeldBody({ ...reading, decide }, { head, decision: decide(null), held: held(signed) })
  t.match(judgement, { decision: { action: 'redact' }, body: null, findings: [{ count: 1 }] })
})

t.test('where only the body tells that it is redacted, what cannot be edited blocks all the same', async (t) => {
  const rules = (more: object) => [{ id: 'r', match: { tool: 'alpha-cli', model: 'alpha-7' }, ...more }]
  const signed = JSON.stringify({
    model: 'alpha-7',
    messages: [{ content: [{ type: 'thinking', thinking: SECRET.high, signature: 's' }] }],
  })
  for (const [tier, rule] of [
    ['monitored', { tier: 'restricted' }],
    ['prohibited', { tier: 'restricted' }],
  ] as const) {
    const milder = flowWorld({ tier, policy: { rules: rules(rule) } })
    const head = headOf()
    const identification = milder.snapshot.identify(head)
    const decide = (body: BodyFacts | null): ExchangeDecision =>
      milder.snapshot.decideExchange({ client: alice, nowMs: 0, head, identification, seenDialect: null, body })
    const judgement = await judgeHeldBody({ ...reading, decide }, { head, decision: decide(null), held: held(signed) })
    t.match(judgement, { decision: { action: 'block', reason: 'uneditable' }, told: [{ severity: 'high' }] }, tier)
  }
})

t.test('what a finding beside the body means: counted, never edited, never recovered from', async (t) => {
  const head = headOf()
  const identification = world.snapshot.identify(head)
  const decide = (body: BodyFacts | null): ExchangeDecision =>
    world.snapshot.decideExchange({ client: alice, nowMs: 0, head, identification, seenDialect: null, body })
  let recovered = 0
  const recovery = {
    markOf: () => {
      recovered += 1
      return 'mark'
    },
    blocked: { remember: () => undefined, knows: () => true, reachOf: () => null, touch: () => undefined },
  }
  const ports = { ...reading, decide, recovery, editFor: 'alice' }
  const beside = Buffer.from(JSON.stringify({ query: {}, header: { 'mcp-param-a': SECRET.high } }))
  const input = { head, decision: decide(null), held: held(bodyWith(SECRET.medium)), beside }
  const judgement = await judgeHeldBody(ports, input)
  const found = { detector: 'high-secret', severity: 'high', field: 'header.mcp-param-a', count: 1 }
  t.match(judgement, { decision: { action: 'block', reason: 'uneditable' }, body: null, told: [found] })
  t.match(judgement.findings, [{ detector: 'medium-secret', count: 1 }, found])
  t.equal(recovered, 0)
  t.match(await readBeside(reading, beside), {
    findings: [{ detector: 'high-secret', isEditable: false }],
    unread: null,
  })
  t.same(await readBeside(reading, null), { findings: [], unread: null })
})
