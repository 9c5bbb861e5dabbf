import fc from 'fast-check'
import t from 'tap'
import type { ExchangeDecision } from '../../src/domain/decision.ts'
import type { FindingCount } from '../../src/domain/finding.ts'
import type { Language } from '../../src/domain/notice.ts'
import { renderNotice } from '../../src/notice/render.ts'
import { readCases } from '../dialects/read-cases.ts'
import { type HeadRow, requestHead } from '../dialects/request-head.ts'
import { blockDecision, EVENT, noticeInput } from './inputs.ts'

interface Row extends HeadRow {
  readonly name: string
  readonly decision?: Partial<ExchangeDecision>
  readonly findings?: readonly FindingCount[]
  readonly language?: Language
  readonly fallback?: Language
  readonly askUrl?: string | null
  readonly contact?: string
  readonly company?: string
  readonly title?: string
  readonly line?: string
}

t.test('the notice says what, why, what instead and how to ask, as the table shows', async (t) => {
  for (const row of readCases<Row>('notices.yaml')) {
    const notice = renderNotice(
      noticeInput({
        decision: blockDecision(row.decision),
        findings: row.findings ?? [],
        head: requestHead(row),
        company: row.company ?? 'ACME',
        settings: {
          language: row.language ?? 'auto',
          fallback: row.fallback ?? 'en',
          askUrl: row.askUrl === undefined ? 'https://ask.acme.example/{event}' : row.askUrl,
          contact: row.contact ?? null,
        },
      }),
    )
    if (row.title !== undefined) t.equal(notice.title, row.title, row.name)
    if (row.line !== undefined) t.equal(notice.line, row.line, row.name)
    t.equal(notice.event, EVENT, row.name)
  }
})

t.test('an address that would be cut is not shown, since it leads nowhere', async (t) => {
  const settings = {
    language: 'en',
    fallback: 'en',
    askUrl: `https://x.example/${'a'.repeat(300)}`,
    contact: 'IT',
  } as const
  t.equal(renderNotice(noticeInput({ settings })).ask, 'IT')
})

t.test('whatever the values hold, a notice is one visible, bounded line', async (t) => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 600 }),
    fc.constantFrom('\r\nset-cookie: a=b', '<script>alert(1)</script>', '\u001b]0;x\u0007', '\u202e\u2066', '{event}'),
    fc.string({ unit: fc.constantFrom('\ud800', '\u2028', '\ufeff', 'a'), maxLength: 20 }),
  )
  fc.assert(
    fc.property(hostile, hostile, hostile, hostile, (company, reason, contact, event) => {
      const notice = renderNotice(
        noticeInput({
          company,
          event,
          decision: blockDecision({ reasonText: { en: reason } }),
          settings: { language: 'en', fallback: 'en', askUrl: null, contact },
        }),
      )
      for (const text of [notice.title, notice.line, notice.ask, notice.event]) {
        if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text) || Array.from(text).length > 1800) return false
      }
      return Array.from(notice.ask).length <= 200 && Array.from(notice.event).length <= 200
    }),
    { numRuns: 500 },
  )
  t.pass('500 sets of values')
})
