import t from 'tap'
import { type Inspection, openInspection } from '../../src/cli/inspection.ts'
import type { Opened } from '../../src/cli/opened.ts'
import { configSchema } from '../../src/config/schema.ts'
import { compiled, sourceOf } from '../helpers/detectors.ts'

const RULES = [
  {
    ...{ id: 'made-up', name: 'A made-up token', severity: 'high', confidence: 'high', keywords: ['made_'] },
    ...{ pattern: 'made_[a-z]{10}', examples: { match: ['made_abcdefghij'], noMatch: ['made_up'] } },
  },
]
const SECRET = 'made_qwertyuiop'
const silent = () => undefined
const log = { debug: silent, info: silent, warn: silent, error: silent }
const clock = { nowMs: Date.now, tickMs: () => performance.now() }

function open(key = Buffer.alloc(32, 7)): { readonly inspection: Inspection; readonly opened: Opened[] } {
  const opened: Opened[] = []
  const rules = {
    detectors: compiled([sourceOf(RULES)]),
    made: { files: { detectors: [], tables: { dictionaries: [], fingerprints: [] } } },
  }
  const config = configSchema.parse({ inspect: { workers: 0, placeholder: 'ACME' } })
  return { inspection: openInspection({ config, key, rules: () => rules as never, clock, log }, opened), opened }
}

const request = {
  body: Buffer.from(`{"messages":[{"role":"user","content":"use ${SECRET} here"}]}`),
  contentType: 'application/json',
  dialect: 'openai-chat',
} as const

t.test(
  'what one part finds and replaces the others know: the vault its value, the marks its placeholder',
  async (t) => {
    const { inspection, opened } = open()
    const { pool, markOf, ports } = inspection
    const { findings, unread } = await pool.inspect(request)
    t.equal(unread, null)
    t.strictSame(
      Array.from(findings, ({ detector }) => detector),
      ['made-up'],
    )
    const edited = await pool.redact({ ...request, findings, severities: ['high'], keepFor: 'client' })
    const [placeholder = ''] = edited.placeholders
    t.match(placeholder, /^ACME/u, 'the prefix is the one of the configuration')
    t.notOk(Buffer.from(edited.body).includes(SECRET))
    t.equal(ports.restore?.vault.valueOf('client', placeholder), SECRET)
    t.equal(ports.restore?.prefix, 'ACME')
    t.strictSame(
      Array.from(findings, (finding) => markOf(request.body, finding)),
      [placeholder],
    )
    t.equal(ports.recovery?.markOf, markOf)
    t.equal(opened.length, 1)
    for (const each of opened) await each.close()
  },
)

t.test('placeholders of another key are others', async (t) => {
  const marks = []
  for (const key of [Buffer.alloc(32, 1), Buffer.alloc(32, 2), Buffer.alloc(32, 1)]) {
    const { pool, markOf } = open(key).inspection
    const { findings } = await pool.inspect(request)
    for (const finding of findings) marks.push(markOf(request.body, finding))
  }
  const [first, second, third] = marks
  t.equal(marks.length, 3)
  t.not(first, second)
  t.equal(first, third)
})
