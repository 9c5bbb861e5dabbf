import t from 'tap'
import { findingLine, type ShowOptions, shownFindings } from '../../src/cli/redact-findings.ts'
import type { Finding } from '../../src/domain/finding.ts'

const at = (start: number, more: Partial<Finding> = {}): Finding => ({
  detector: 'iban',
  severity: 'high',
  field: 'a',
  start,
  end: start + 1,
  isEditable: true,
  ...more,
})

const options: ShowOptions = {
  actionOf: () => 'redact',
  onUneditable: 'block',
  markOf: ({ start }: Finding) => `P${start % 10}`,
  isAllowed: ({ start }: Finding) => start >= 100,
}

t.test('findings of one kind and place are one line, with each placeholder once', async (t) => {
  const shown = shownFindings(
    [at(1, { isEditable: false }), at(2), at(3), at(12), at(102), at(4, { field: '' })],
    options,
  )
  t.strictSame(shown.map(findingLine), [
    'high iban a ×3: redact (P2 P3)\n',
    'high iban a ×1: allow, it is on the allowlist (P2)\n',
    'high iban - ×1: redact (P4)\n',
    'high iban a ×1: block, because nothing can be edited there (P1)\n',
  ])
  t.match(shown[1], { isAllowed: true, isEditable: true, placeholders: ['P2'] })
})
