import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { dayChart, legendBox } from '../../../src/audit/report/day-chart.ts'
import type { Block, SummaryDocument } from '../../../src/audit/report/document.ts'
import { findCjkFonts } from '../../../src/audit/report/fonts.ts'
import { renderPdf } from '../../../src/audit/report/pdf.ts'
import { debianProgram, skipWithoutDebian } from '../../helpers/debian.ts'

const skip = skipWithoutDebian('pdftotext')
const created = new Date('2026-11-22T10:00:00Z')
const page = (language: 'en' | 'zh-CN', blocks: readonly Block[]): SummaryDocument => ({
  language,
  title: language === 'en' ? 'Evidence' : '证据',
  subtitle: 's',
  footer: 'f',
  blocks,
})
const blocks: Block[] = [
  { kind: 'section', title: '概览', id: 'a' },
  { kind: 'figures', items: ['a', 'b', 'c', 'd', 'e'].map((label) => ({ value: '1', label })) },
  { kind: 'facts', rows: [['王小明', 'x'.repeat(300)]] },
  { kind: 'warning', text: 'careful' },
  { kind: 'code', lines: ['', 'sha256sum -c'] },
  {
    kind: 'chart',
    title: 'chart',
    drawing: dayChart([{ label: '11-22', parts: [1, 2, 3, 4] }], { title: 't', desc: 'd', id: 'x' }),
    legend: [{ label: '阻止', box: legendBox(2, 'x') }],
  },
  {
    kind: 'table',
    caption: 'rows',
    columns: [
      { title: 'name', isCode: true },
      { title: 'n', isNumber: true },
    ],
    rows: Array.from({ length: 80 }, (_, index) => [`<script>${index}`, index]),
    bars: Array.from({ length: 80 }, () => 0.5),
    empty: 'none',
  },
  { kind: 'table', caption: 'nothing', columns: [], rows: [], empty: 'none here' },
]

async function textOf(t: Test, document: SummaryDocument, hasCjk: boolean): Promise<string> {
  const file = join(t.testdir({}), 'a.pdf')
  writeFileSync(file, await renderPdf(document, { cjk: hasCjk ? findCjkFonts(null) : null, created }))
  return execFileSync(debianProgram('pdftotext'), ['-layout', file, '-']).toString()
}

t.test(
  'Chinese text comes out of the PDF as text',
  { skip: skip || (findCjkFonts(null) === null && 'no CJK font') },
  async (t) => {
    const text = await textOf(t, page('zh-CN', blocks), true)
    for (const words of ['证据', '概览', '王小明', '阻止', '<script>79', 'none here', 'careful']) t.match(text, words)
  },
)

t.test('without a CJK font the English PDF shows other characters as escapes', { skip }, async (t) => {
  const text = await textOf(t, page('en', blocks), false)
  t.match(text, 'Evidence')
  t.match(text, '\\u{738b}')
  t.match(text, /2\s*\/\s*\d/u, 'page of pages')
})

t.test('the same document gives the same bytes', async (t) => {
  const [a, b] = await Promise.all([0, 1].map(() => renderPdf(page('en', blocks), { cjk: null, created })))
  t.ok(a?.equals(b ?? Buffer.alloc(0)))
})

t.test('a font that cannot be read is an error, not a broken PDF', async (t) => {
  const font = { file: join(t.testdir({ 'x.ttf': 'no font' }), 'x.ttf'), member: null }
  await t.rejects(renderPdf(page('zh-CN', blocks), { cjk: { normal: font, bold: font }, created }))
})
