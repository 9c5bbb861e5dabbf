import t, { type Test } from 'tap'
import type { FeedbackPort, ReportFacts } from '../../../src/control/ports.ts'
import { startControl } from '../fixture.ts'

const FLOW = '01KC0000000000000000000005'
const OLD = '01KC0000000000000000000006'
const FOUND = [
  { detector: 'iban', field: 'messages[0].content', placeholder: 'WEIRA' },
  { detector: 'e-mail', field: 'messages[1].content', placeholder: 'WEIRB' },
]

/** Reports in memory; one flow is remembered. */
function fakeFeedback() {
  const reports = new Map<string, ReportFacts>()
  const state = { isFull: false }
  const change = (id: string, change: Partial<ReportFacts>): void => {
    const report = reports.get(id)
    if (report !== undefined) reports.set(id, { ...report, ...change })
  }
  const feedback: FeedbackPort = {
    newId: () => `fb_${reports.size + 1}`,
    foundIn: (flow) => (flow === FLOW ? FOUND : null),
    list: ({ status }) => [...reports.values()].filter((each) => status === undefined || each.status === status),
    find: (id) => reports.get(id) ?? null,
    ofEvent: (event) =>
      [...reports.values()].find((each) => each.event === event && /^(?:open|allowed)$/u.test(each.status)) ?? null,
    add: (report) => {
      if (state.isFull) return null
      const added: ReportFacts = { ...report, atMs: 0, status: 'open', allowed: [] }
      reports.set(report.id, added)
      return added
    },
    allow: (id, marks) => {
      if (state.isFull) return false
      const allowed = marks.map(({ detector, placeholder }) => ({ detector, placeholder }))
      change(id, { status: 'allowed', allowed })
      return true
    },
    end: (id, status) => change(id, { status }),
  }
  return { feedback, state }
}

async function setUp(t: Test) {
  const { feedback, state } = fakeFeedback()
  const exchange = { flow: OLD, findings: [{ detector: 'iban', severity: 'high', field: 'x', count: 1 }] }
  const running = await startControl(t, {
    feedback,
    events: {
      query: async () => ({ items: [], next: null }),
      find: async (id) =>
        id === OLD
          ? { exchange, records: [] }
          : id === 'HARMLESS'
            ? { exchange: { flow: id, findings: [] }, records: [] }
            : null,
      lastSeen: async () => new Map(),
    },
  })
  const report = (event: string, body: object = {}) => running.post(`/api/v1/events/${event}/feedback`, body)
  return { ...running, state, report }
}

t.test('a report is kept once for an event, and is an admin event without its reason', async (t) => {
  const { report, recorded, get } = await setUp(t)
  const first = await report(FLOW, { reason: 'ask Ann' })
  t.equal(first.status, 200)
  t.match(first.json, { id: 'fb_1', event: FLOW, detectors: ['iban', 'e-mail'], status: 'open', remembered: true })
  t.match(first.json, { reason: 'ask Ann', by: 'token:admin', at: '1970-01-01T00:00:00.000Z' })
  t.match((await report(FLOW)).json, { id: 'fb_1' })
  t.match(recorded, [{ actor: 'token:admin', operation: 'feedback.report', target: 'fb_1', before: null }])
  t.equal(recorded.length, 1)
  t.notMatch(JSON.stringify(recorded), 'Ann')
  t.match((await get('/api/v1/feedback?status=open')).json, { items: [{ id: 'fb_1' }] })
  t.strictSame((await get('/api/v1/feedback?status=allowed')).json, { items: [] })
})

t.test('with `allow` the values found are allowed, all of them or only some', async (t) => {
  const { report, recorded } = await setUp(t)
  t.match((await report(FLOW, { allow: true, detectors: ['iban'] })).json, {
    status: 'allowed',
    allowed: [{ detector: 'iban', placeholder: 'WEIRA' }],
  })
  t.match((await report(FLOW, { allow: true, fields: ['messages[1].content'] })).json, {
    allowed: [{ detector: 'e-mail', placeholder: 'WEIRB' }],
  })
  t.equal((await report(FLOW, { allow: true })).json.allowed.length, 2)
  t.equal((await report(FLOW, { allow: true, detectors: ['iban'], fields: ['messages[1].content'] })).status, 409)
  t.match(recorded.slice(0, 2), [
    { operation: 'feedback.report' },
    { operation: 'allow.grant', target: 'fb_1', before: { status: 'open' }, after: { detectors: ['iban'], values: 1 } },
  ])
})

t.test('an event that is too old is reported, and says why it cannot be allowed', async (t) => {
  const { report, get } = await setUp(t)
  const answer = await report(OLD, { allow: true })
  t.equal(answer.status, 409)
  t.match(answer.json.detail, /the report `fb_1` is kept, but .* no longer remembered/u)
  t.match((await get('/api/v1/feedback')).json, { items: [{ id: 'fb_1', status: 'open', detectors: ['iban'] }] })
  t.match((await report(OLD)).json, { remembered: false })
})

t.test('an unknown event is 404, one without findings 409, wrong input 400, and nothing is kept', async (t) => {
  const { report, recorded, get } = await setUp(t)
  t.equal((await report('01KC0000000000000000000007')).status, 404)
  t.equal((await report('HARMLESS')).status, 409)
  t.equal((await report('a%2Fb')).status, 400)
  t.match(await report(FLOW, { why: 1 }), { status: 400, json: { problems: [{ path: 'body.why' }] } })
  t.equal((await report(FLOW, { reason: 'a\u0007b' })).status, 400)
  t.equal((await get('/api/v1/feedback?limit=0')).status, 400)
  t.equal((await get('/api/v1/feedback?x=1')).status, 400)
  t.strictSame(recorded, [])
})

t.test('what a report allows is taken back; an open one is put aside; neither twice', async (t) => {
  const { report, recorded, post } = await setUp(t)
  await report(FLOW, { allow: true })
  await report(OLD)
  t.match((await post('/api/v1/feedback/fb_1/take-back', {})).json, { status: 'taken-back' })
  t.match((await post('/api/v1/feedback/fb_2/take-back', {})).json, { status: 'closed' })
  t.equal((await post('/api/v1/feedback/fb_1/take-back', {})).status, 409)
  t.equal((await post('/api/v1/feedback/fb_9/take-back', {})).status, 404)
  t.equal((await post('/api/v1/feedback/x/take-back', {})).status, 400)
  t.match(recorded.slice(-2), [
    {
      operation: 'allow.revoke',
      target: 'fb_1',
      before: { status: 'allowed', values: 2 },
      after: { status: 'taken-back' },
    },
    { operation: 'feedback.close', target: 'fb_2', before: { status: 'open' }, after: { status: 'closed' } },
  ])
})

t.test('when there is no more room it says so', async (t) => {
  const { report, state } = await setUp(t)
  await report(FLOW)
  state.isFull = true
  t.match(await report(OLD), { status: 409, json: { detail: /too many reports are open/u } })
  t.match(await report(FLOW, { allow: true }), { status: 409, json: { detail: /the allowlist is full/u } })
})

t.test('without the token nobody reports, lists or allows', async (t) => {
  const { address, get } = await setUp(t)
  t.equal((await get('/api/v1/feedback', {})).status, 401)
  for (const path of [`events/${FLOW}/feedback`, 'feedback/fb_1/take-back']) {
    t.equal((await fetch(`http://${address}/api/v1/${path}`, { method: 'POST', body: '{}' })).status, 401)
  }
})
