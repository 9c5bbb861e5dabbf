import t from 'tap'
import type { Finding, Findings } from '../../src/domain/finding.ts'
import { pickFindings } from '../../src/domain/picked-findings.ts'

const at = (start: number): Finding => ({
  detector: 'd',
  severity: 'high',
  field: 'f',
  start,
  end: start + 1,
  isEditable: true,
})
const ALL = [at(0), at(5), at(9)]
const IS_KEPT = Uint8Array.of(1, 0, 1)

t.test('an array of findings stays one', async (t) => {
  t.strictSame(pickFindings(ALL, IS_KEPT), [at(0), at(9)])
})

t.test('findings that are made when they are asked for are picked then, as often as they are', async (t) => {
  const lazy: Findings = { length: ALL.length, [Symbol.iterator]: () => ALL.values() }
  const picked = pickFindings(lazy, IS_KEPT)
  t.equal(picked.length, 2)
  t.strictSame([...picked], [at(0), at(9)])
  t.strictSame([...picked], [at(0), at(9)])
})
