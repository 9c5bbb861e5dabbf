import fc from 'fast-check'
import t from 'tap'
import type { Block, SummaryDocument } from '../../../src/audit/report/document.ts'
import { escapeHtml, groupDigits, renderHtml } from '../../../src/audit/report/html.ts'

const page = (blocks: readonly Block[], title = 'T'): SummaryDocument => ({
  language: 'en',
  title,
  subtitle: 's',
  footer: 'f',
  blocks,
})

const HOSTILE = `<script>alert(1)</script><img src=x onerror=alert(1)>"'&\u202e\u001b[31m\u0000</td></style>`

t.test('the page runs nothing and loads nothing', async (t) => {
  const html = renderHtml(page([{ kind: 'text', text: 'x' }]))
  t.match(html, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'/u)
  t.notMatch(html, /<script|<img|<link|<iframe|url\(|@import|https?:\/\/|\son\w+=/iu)
})

t.test('hostile text stands in the page as text, wherever it is put', async (t) => {
  const html = renderHtml(
    page(
      [
        { kind: 'text', text: HOSTILE },
        { kind: 'warning', text: HOSTILE },
        { kind: 'section', title: HOSTILE, id: 'a' },
        { kind: 'facts', rows: [[HOSTILE, HOSTILE]] },
        { kind: 'figures', items: [{ value: HOSTILE, label: HOSTILE }] },
        { kind: 'code', lines: [HOSTILE] },
        {
          kind: 'table',
          caption: HOSTILE,
          columns: [{ title: HOSTILE, isCode: true }],
          rows: [[HOSTILE]],
          empty: HOSTILE,
          isAppendix: true,
        },
        { kind: 'table', caption: HOSTILE, columns: [], rows: [], empty: HOSTILE },
      ],
      HOSTILE,
    ),
  )
  t.notMatch(html, /<script|<img|\u202e|\u001b|\u0000/u)
  t.match(html, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/u)
  const opened = [...html.matchAll(/<([a-z0-9]+)[\s>]/gu)].map(([, tag]) => tag)
  t.ok(opened.length > 20)
})

t.test('any text comes back from its escaped form and opens no tag', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const escaped = escapeHtml(text)
      return !/[<>"']/u.test(escaped) && !/&(?!amp;|lt;|gt;|quot;|#39;)/u.test(escaped)
    }),
  )
})

t.test('a table that is empty says so', async (t) => {
  const html = renderHtml(page([{ kind: 'table', caption: 'C', columns: [], rows: [], empty: 'none' }]))
  t.match(html, /C: none/u)
  t.notMatch(html, /<table/u)
})

t.test('digits are grouped', async (t) => {
  t.strictSame([7, 999, 1000, 1_234_567].map(groupDigits), ['7', '999', '1\u202f000', '1\u202f234\u202f567'])
})
