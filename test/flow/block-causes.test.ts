import t from 'tap'
import type { BodyFacts, ExchangeDecision } from '../../src/domain/decision.ts'
import type { Finding, Severity } from '../../src/domain/finding.ts'
import { blockCauses, toldFindings } from '../../src/flow/block-causes.ts'
import { countFindings } from '../../src/flow/record.ts'

const finding = (detector: string, severity: Severity, isEditable = true): Finding => ({
  detector,
  severity,
  field: 'f',
  start: 0,
  end: 1,
  isEditable,
})
const ONE = finding('one', 'high')
const TWO = finding('two', 'medium')
const count = (detector: string, severity: Severity, times = 1) => ({ detector, severity, field: 'f', count: times })
const ONE_COUNT = count('one', 'high')

/** A policy that blocks when this holds. */
function bodyWith(all: readonly Finding[], isBlock: (facts: BodyFacts) => boolean) {
  const findings = countFindings(all)
  const facts: BodyFacts = {
    model: null,
    findings,
    hasUneditableFinding: all.some(({ isEditable }) => !isEditable),
    unread: null,
  }
  const decide = (asked: BodyFacts) => ({ action: isBlock(asked) ? 'block' : 'redact' }) as ExchangeDecision
  return { facts, decide }
}
const has = (facts: BodyFacts, detector: string): boolean => facts.findings.some((each) => each.detector === detector)

t.test('only what blocks by itself is a cause', async (t) => {
  t.strictSame(blockCauses(bodyWith([ONE, TWO, ONE], (facts) => has(facts, 'one'))), [count('one', 'high', 2)])
  t.strictSame(blockCauses(bodyWith([], () => true)), [])
})

t.test('where only several together block, all of them are', async (t) => {
  t.strictSame(blockCauses(bodyWith([ONE, TWO], ({ findings }) => findings.length === 2)), [
    ONE_COUNT,
    count('two', 'medium'),
  ])
})

t.test('what is blocked whatever it holds has no cause in it', async (t) => {
  t.strictSame(blockCauses(bodyWith([ONE], () => true)), [])
})

t.test('of what stands where nothing is edited the developer is told of that alone', async (t) => {
  const signed = finding('three', 'high', false)
  const body = bodyWith([ONE, TWO, signed], ({ hasUneditableFinding }) => hasUneditableFinding)
  const severities = ['high'] as const
  const three = count('three', 'high')
  const uneditable = [three, count('low', 'low')]
  t.strictSame(toldFindings(body, { reason: 'uneditable', severities, uneditable }), [three])
  t.strictSame(toldFindings(body, { reason: 'unknown-history', severities, uneditable }), [])
})
