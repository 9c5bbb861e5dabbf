import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import type { LocalAnswer } from '../../src/domain/notice.ts'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import { openExchange } from '../../src/flow/exchange.ts'
import type { Exchange, ExchangeEnd } from '../../src/flow/exchange-contract.ts'
import type { HeldBody } from '../../src/flow/ports.ts'
import { alice, bodyWith, type FlowWorld, flowWorld, headOf, held, SECRET } from './flow-world.ts'

interface Row {
  readonly it: string
  readonly tier: string
  readonly policy?: Record<string, unknown>
  readonly method?: string
  readonly host?: string
  readonly path?: string
  readonly headers_in?: string[]
  readonly headers_only?: string[]
  readonly has_body?: boolean
  readonly upgrade?: boolean
  readonly text?: string
  readonly raw?: string
  readonly cut?: HeldBody['cut']
  readonly plan: string
  readonly answer?: number
  readonly error?: string
  readonly records: string[]
  readonly first?: Record<string, unknown>
  readonly last?: Record<string, unknown>
  readonly headers?: string[]
}

const rows = parse(readFileSync(new URL('../cases/exchange-records.yaml', import.meta.url), 'utf8')) as Row[]

const END: ExchangeEnd = {
  status: 200,
  bytesIn: 70,
  bytesOut: 5,
  upstreamMs: 3.14159,
  usage: null,
  error: null,
  isComplete: true,
  copy: null,
}

interface Played {
  /** What went upstream; `null`: nothing did. */
  readonly sent: Uint8Array | null
  readonly answer: LocalAnswer | null
  readonly error: ProxyError | null
}

/** Carries out a plan as the edge does, with an upstream that answers 200 at once. */
async function play(exchange: Exchange, body: HeldBody): Promise<Played> {
  const { plan } = exchange
  const end = (played: Played, change: Partial<ExchangeEnd>): Promise<Played> =>
    exchange.finish({ ...END, ...change }).then(() => played)
  const answered = (answer: LocalAnswer, error: ProxyError | null = null): Promise<Played> =>
    end({ sent: null, answer, error }, { status: answer.status, upstreamMs: null, error, isComplete: error === null })
  if (plan.kind === 'answer') return answered(plan.answer)
  let sent: Uint8Array = body.bytes
  if (plan.kind === 'hold') {
    try {
      const judged = await exchange.judge(body)
      if (judged.answer !== null) return await answered(judged.answer)
      sent = judged.body ?? body.bytes
    } catch (thrown) {
      if (!(thrown instanceof ProxyError)) throw thrown
      const answer = exchange.fail(thrown)
      if (answer === null) throw thrown
      return answered(answer, thrown)
    }
  }
  const refusal = await exchange.commit()
  if (refusal !== null) return answered(refusal, new ProxyError('audit-unavailable'))
  return end({ sent, answer: null, error: null }, { copy: plan.kind === 'measure' ? body : null })
}

function open(world: FlowWorld, row: Partial<Row> = {}): Exchange {
  const change = {
    ...(row.method === undefined ? {} : { method: row.method }),
    ...(row.host === undefined ? {} : { host: row.host }),
    ...(row.path === undefined ? {} : { path: row.path }),
    ...(row.headers_only === undefined ? {} : { headers: row.headers_only }),
    isUpgrade: row.upgrade ?? false,
  }
  return openExchange(world.ports, {
    client: alice,
    head: headOf(change, row.headers_in ?? []),
    http: '1.1',
    hasBody: row.has_body ?? true,
  })
}

for (const row of rows) {
  t.test(row.it, async (t) => {
    const world = flowWorld({ tier: row.tier, policy: row.policy ?? {} })
    const exchange = open(world, row)
    t.equal(exchange.plan.kind, row.plan)
    const sent = row.raw ?? bodyWith(row.text ?? SECRET.high)
    const played = await play(exchange, held(sent, row.cut ?? null))
    t.strictSame(
      world.events.map(({ phase }) => phase),
      row.records,
    )
    const [first] = world.events
    if (row.first !== undefined) t.match(first, row.first)
    if (row.last !== undefined) t.match(world.events.at(-1), row.last)
    t.equal(played.answer?.status, row.error === undefined ? row.answer : 503)
    t.equal(played.error?.code, row.error)
    if (row.headers !== undefined) {
      t.strictSame(
        exchange.responseHeaders().filter((_, index) => index % 2 === 0),
        row.headers,
      )
    }
    if (first !== undefined && 'bytesUnchanged' in first && played.sent !== null) {
      t.equal(
        Buffer.from(played.sent).toString() === sent,
        first.bytesUnchanged,
        'the record tells the truth of the bytes',
      )
    }
    for (const event of world.events) {
      t.equal(event.flow, exchange.id)
      t.notMatch(JSON.stringify(event), /SECRET[123]/u, 'no record holds what was found')
    }
  })
}

t.test('an edited body differs in the finding alone, and the answer says which event tells of it', async (t) => {
  const world = flowWorld({ tier: 'restricted' })
  const exchange = open(world)
  const sent = `{"model" : "m",\t"messages":[{"role":"user","content":"a ${SECRET.high} b ${SECRET.medium} ${SECRET.low}"}]}`
  const { sent: got } = await play(exchange, held(sent))
  const text = Buffer.from(got ?? []).toString()
  const [head = '', , tail = ''] = sent.split(/(HIGHSECRET1 b MIDSECRET22)/u)
  t.ok(text.startsWith(head) && text.endsWith(tail), 'every other byte stays')
  t.notMatch(text, /HIGHSECRET1|MIDSECRET22/u)
  t.strictSame(exchange.responseHeaders(), ['x-weir-event', exchange.id, 'x-weir-action', 'redact'])
})

t.test('outcomes carry status, sizes, rounded timings and the model', async (t) => {
  const world = flowWorld()
  const exchange = open(world)
  await exchange.commit()
  await exchange.finish({
    ...END,
    usage: { model: 'alpha-large-2', tokensIn: 12, tokensOut: null },
    copy: held(bodyWith('hello', 'alpha-large')),
  })
  t.match(world.events[1], {
    phase: 'outcome',
    client: alice,
    status: 200,
    bytesIn: 70,
    bytesOut: 5,
    model: 'alpha-large-2',
    tokens: { in: 12, out: null },
    timings: { upstreamMs: 3.14 },
    error: null,
    complete: true,
  })
  const { timings } = world.events[1] as unknown as { timings: Record<string, number> }
  for (const name of ['decideMs', 'inspectMs', 'totalMs']) t.ok((timings[name] ?? 0) > 0, name)
  t.ok((timings['totalMs'] ?? 0) > (timings['decideMs'] ?? 0))
})

t.test('a failed exchange says which side failed and is not complete', async (t) => {
  const world = flowWorld({ tier: 'approved' })
  const exchange = open(world)
  await exchange.finish({ ...END, status: 502, error: new ProxyError('connect-refused'), isComplete: false })
  t.match(world.events[0], {
    phase: 'outcome',
    status: 502,
    error: { code: 'connect-refused', side: 'upstream' },
    complete: false,
  })
  t.match(world.counted.at(-1), { name: 'weir_errors_total', labels: { code: 'connect-refused', side: 'upstream' } })
})

t.test('rules are taken once: a change in the middle of a request does not mix', async (t) => {
  const world = flowWorld({ tier: 'restricted' })
  const exchange = open(world)
  const before = world.snapshot
  world.snapshot = flowWorld({ tier: 'prohibited' }).snapshot
  const played = await play(exchange, held(bodyWith(SECRET.high)))
  t.equal(played.answer, null, 'still decided by the rules of its start')
  t.match(world.events[0], { tier: 'restricted', policyRevision: before.revision })
  const next = open(world)
  t.equal(next.plan.kind, 'answer')
})

t.test('usage is read where somebody wants to know', async (t) => {
  const reader = (tier: string) => open(flowWorld({ tier })).usageReader('text/event-stream') !== null
  t.strictSame([reader('approved'), reader('monitored'), reader('restricted')], [false, true, true])
})

t.test('requests are counted by tool, tier and action; those without AI without a name', async (t) => {
  const world = flowWorld({ tier: 'approved' })
  await play(open(world), held(bodyWith('x')))
  await play(open(world, { host: 'news.example', path: '/', headers_only: ['Host', 'news.example'] }), held(''))
  t.strictSame(
    world.counted.filter(({ name }) => name === 'weir_requests_total').map(({ labels }) => labels),
    [
      { tool: 'alpha-cli', tier: 'approved', action: 'allow' },
      { tool: 'none', tier: 'none', action: 'allow' },
    ],
  )
})

t.test('when the intent cannot be written, the tier decides', async (t) => {
  const tiers = (onAuditFailure: string) => ({ tiers: { monitored: { onAuditFailure } } })
  const cases: [string, number, number | undefined][] = [
    ['open', 0, undefined],
    ['open', 100 * 1024 * 1024, undefined],
    ['spool', 0, undefined],
    ['spool', 64 * 1024 * 1024, 503],
    ['closed', 0, 503],
  ]
  for (const [mode, spooledBytes, status] of cases) {
    const what = `${mode} with ${spooledBytes} bytes waiting`
    const world = flowWorld({ policy: tiers(mode) })
    Object.assign(world.audit, { isDown: true, spooledBytes })
    const { answer } = await play(open(world), held(bodyWith('hello')))
    t.equal(answer?.status, status, what)
    t.match(world.logged, [{ event: 'audit.intent-failed', fields: { mode, flow: 'ID1' } }])
    t.match(
      world.counted.find(({ name }) => name === 'weir_audit_failures_total'),
      { labels: { mode } },
    )
    if (status === undefined) {
      t.strictSame(
        world.events.map(({ phase }) => phase),
        ['intent', 'outcome'],
        `${what}: both records wait in memory`,
      )
      continue
    }
    t.equal(answer?.headers[answer.headers.indexOf('retry-after') + 1], '5')
    t.match(answer?.headers, ['content-type', 'application/problem+json'])
    t.match(world.events, [
      { phase: 'outcome', action: 'log', status: 503, error: { code: 'audit-unavailable', side: 'weir' } },
    ])
    t.equal(world.events.length, 1, `${what}: the only record carries the decision`)
  }
})

t.test('block and allow do not wait for the audit', async (t) => {
  for (const [tier, status] of [
    ['prohibited', 400],
    ['approved', undefined],
  ] as const) {
    const world = flowWorld({ tier })
    world.audit.isDown = true
    const { answer } = await play(open(world), held(bodyWith('hello')))
    t.equal(answer?.status, status)
    t.match(world.events, [{ phase: 'outcome', tier }])
  }
})

t.test('where only the body tells that it is redacted, what stands beside it is read all the same', async (t) => {
  const rules = [{ id: 'r', match: { tool: 'alpha-cli', model: 'alpha-7' }, tier: 'restricted' }]
  const world = flowWorld({ tier: 'approved', policy: { rules } })
  const exchange = openExchange(world.ports, {
    client: alice,
    head: headOf({}, ['mcp-param-text', `say ${SECRET.high}`]),
    http: '1.1',
    hasBody: true,
    query: `?q=${SECRET.high}`,
  })
  const { answer } = await exchange.judge(held(bodyWith('hello', 'alpha-7')))
  t.equal(answer?.status, 400)
  await exchange.finish(END)
  t.match(world.events, [
    { action: 'block', reason: 'uneditable', findings: [{ field: 'query.q' }, { field: 'header.mcp-param-text' }] },
  ])
  const plain = openExchange(world.ports, { client: alice, head: headOf(), http: '1.1', hasBody: true, query: '?q=1' })
  t.equal((await plain.judge(held(bodyWith('hello', 'alpha-8')))).answer, null)
})
