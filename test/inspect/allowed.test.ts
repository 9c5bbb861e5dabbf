import t from 'tap'
import type { Finding, Inspection } from '../../src/domain/finding.ts'
import { createAllowlist, withoutAllowed } from '../../src/inspect/allowed.ts'
import { createMarkOf } from '../../src/inspect/finding-marks.ts'
import { createFindingMemory } from '../../src/inspect/finding-memory.ts'

const body = Buffer.from('alpha beta alpha')
const at = (start: number, end: number, detector = 'd'): Finding => ({
  detector,
  severity: 'high',
  field: `f${start}`,
  start,
  end,
  isEditable: true,
})
const found: Inspection = { findings: [at(0, 5), at(6, 10), at(11, 16, 'e')], unread: null, model: 'm' }

function setUp() {
  let hashed = 0
  const mark = createMarkOf({ prefix: 'WEIR', key: Buffer.alloc(32, 1) })
  const markOf: typeof mark = (bytes, finding) => {
    hashed += 1
    return mark(bytes, finding)
  }
  const allowlist = createAllowlist()
  const memory = createFindingMemory()
  return { mark, markOf, allowlist, memory, hashed: () => hashed }
}

t.test('an empty list costs nothing and changes nothing', async (t) => {
  const { markOf, allowlist, hashed } = setUp()
  t.equal(withoutAllowed(() => found, { markOf, allowlist })({ body }), found)
  t.equal(hashed(), 0, 'no hash was made')
})

t.test('what is allowed is as if it had not been found, by the same detector only, and at once', async (t) => {
  const { mark, markOf, allowlist, hashed } = setUp()
  const inspect = withoutAllowed(() => found, { markOf, allowlist })
  const placeholder = mark(body, at(0, 5))
  allowlist.replace([{ detector: 'd', placeholder }])
  t.match(await inspect({ body }), { findings: [at(6, 10), at(11, 16, 'e')], unread: null, model: 'm' })
  t.equal((await inspect({ body })).findings.length, 2, 'the same value of another detector stays')
  t.equal(hashed(), 4, 'only detectors on the list are hashed')
  allowlist.replace([])
  t.equal(await inspect({ body }), found)
})

t.test('an inspector that takes its time is waited for', async (t) => {
  const { mark, markOf, allowlist } = setUp()
  allowlist.replace([{ detector: 'd', placeholder: mark(body, at(6, 10)) }])
  const inspected = await withoutAllowed(() => Promise.resolve(found), { markOf, allowlist })({ body })
  t.strictSame(inspected.findings, [at(0, 5), at(11, 16, 'e')])
})

t.test('what was found is remembered by its flow, without what is allowed', async (t) => {
  const { mark, markOf, allowlist, memory } = setUp()
  allowlist.replace([{ detector: 'd', placeholder: mark(body, at(6, 10)) }])
  const inspect = withoutAllowed(() => found, { markOf, allowlist, memory })
  await inspect({ body, flow: 'F1' })
  await inspect({ body })
  t.strictSame(memory.foundIn('F1'), [
    { detector: 'd', field: 'f0', placeholder: mark(body, at(0, 5)) },
    { detector: 'e', field: 'f11', placeholder: mark(body, at(11, 16, 'e')) },
  ])
})
