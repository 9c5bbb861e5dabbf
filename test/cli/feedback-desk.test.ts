import t, { type Test } from 'tap'
import { type FeedbackDesk, feedbackFile, openFeedbackDesk } from '../../src/cli/feedback-desk.ts'
import type { Finding } from '../../src/domain/finding.ts'

const finding: Finding = { detector: 'd', severity: 'high', field: 'f', start: 0, end: 6, isEditable: true }
const body = Buffer.from('secret')
const asked = { body, contentType: null, dialect: 'generic', flow: 'F1' } as const

const inspector = {
  inspect: () => ({ findings: [finding], unread: null, model: null }),
  redact: () => ({ body, placeholders: [] }),
}

function open(t: Test, dir: string): FeedbackDesk {
  const desk = openFeedbackDesk({ config: { data: { dir } }, markOf: () => 'WEIRA', nowMs: () => 7 })
  t.teardown(() => desk.close())
  return desk
}

t.test(
  'what is found can be reported and allowed, and is no finding at once; taken back, it is one again',
  async (t) => {
    const { port, around } = open(t, t.testdir({}))
    const { inspect } = around(inspector)
    t.equal((await inspect(asked)).findings.length, 1)
    const found = port.foundIn('F1') ?? []
    t.strictSame(found, [{ detector: 'd', field: 'f', placeholder: 'WEIRA' }])
    const id = port.newId()
    t.match(id, /^fb_[0-9a-f]{12}$/u)
    t.match(port.add({ id, event: 'F1', detectors: ['d'], by: 'x', reason: null }), { id, atMs: 7, status: 'open' })
    t.match(port.ofEvent('F1'), { id })
    t.ok(port.allow(id, found, 'x'))
    t.equal((await inspect(asked)).findings.length, 0)
    port.end(id, 'taken-back')
    t.equal((await inspect(asked)).findings.length, 1)
    t.match(port.find(id), { status: 'taken-back' })
    t.match(port.list({ limit: 1 }), [{ id }])
  },
)

t.test('what was allowed is in force after a restart; what was found is forgotten', async (t) => {
  const dir = t.testdir({})
  const before = openFeedbackDesk({ config: { data: { dir } }, markOf: () => 'WEIRA', nowMs: () => 7 })
  await before.around(inspector).inspect(asked)
  before.port.add({ id: 'fb_1', event: 'F1', detectors: ['d'], by: 'x', reason: null })
  before.port.allow('fb_1', before.port.foundIn('F1') ?? [], 'x')
  before.close()
  const { port, around } = open(t, dir)
  t.equal(port.foundIn('F1'), null)
  t.equal((await around(inspector).inspect(asked)).findings.length, 0)
  t.match(feedbackFile({ data: { dir } }), /feedback\.sqlite$/u)
})
