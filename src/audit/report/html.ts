/** The summary as one HTML page that does nothing: no script, nothing from elsewhere, every value escaped. */
import { escapeControls } from '../export/printable.ts'
import type { Block, Cell, SummaryDocument, TableColumn } from './document.ts'

/** Browsers are told as well that nothing may be loaded or run. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'none'; base-uri 'none'; form-action 'none'"

/** Text as HTML text or attribute value; control and direction characters become visible. */
export const escapeHtml = (text: string): string =>
  escapeControls(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

/** The whole page. */
export function renderHtml({ language, title, subtitle, footer, blocks }: SummaryDocument): string {
  const sections = blocks.filter((block) => block.kind === 'section')
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><p class="brand">WEIR</p><h1>${escapeHtml(title)}</h1><p class="subtitle">${escapeHtml(subtitle)}</p></header>
<nav><ol>${sections.map((section) => `<li><a href="#${section.id}">${escapeHtml(section.title)}</a></li>`).join('')}</ol></nav>
<main>
${blocks.map(renderBlock).join('\n')}
</main>
<footer>${escapeHtml(footer)}</footer>
</body>
</html>
`
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case 'section':
      return `<h2 id="${block.id}">${escapeHtml(block.title)}</h2>`
    case 'text':
      return `<p${block.isNote === true ? ' class="note"' : ''}>${escapeHtml(block.text)}</p>`
    case 'warning':
      return `<p class="warning">${escapeHtml(block.text)}</p>`
    case 'figures':
      return `<dl class="figures">${block.items.map(({ value, label }) => `<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>`
    case 'facts':
      return `<dl class="facts">${block.rows.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>`
    case 'table':
      return renderTable(block)
    case 'chart':
      return `<figure><figcaption>${escapeHtml(block.title)}</figcaption>${block.drawing.svg}<ul class="legend">${block.legend.map(({ label, box }) => `<li>${box} ${escapeHtml(label)}</li>`).join('')}</ul></figure>`
    case 'code':
      return `<pre>${escapeHtmlLines(block.lines)}</pre>`
  }
}

const escapeHtmlLines = (lines: readonly string[]): string => lines.map(escapeHtml).join('\n')

function renderTable({ caption, columns, rows, empty, bars, isAppendix }: Extract<Block, { kind: 'table' }>): string {
  if (rows.length === 0) return `<p class="note">${escapeHtml(caption)}: ${escapeHtml(empty)}</p>`
  const head = columns
    .map(
      ({ title, isNumber }) => `<th scope="col"${isNumber === true ? ' class="number"' : ''}>${escapeHtml(title)}</th>`,
    )
    .join('')
  const body = rows
    .map(
      (row, index) => `<tr>${row.map((cell, at) => renderCell(cell, columns[at])).join('')}${bar(bars?.[index])}</tr>`,
    )
    .join('\n')
  const table = `<table><caption>${escapeHtml(caption)}</caption><thead><tr>${head}${bars === undefined ? '' : '<td class="bar"></td>'}</tr></thead><tbody>\n${body}\n</tbody></table>`
  const wrapped = `<div class="scroll">${table}</div>`
  return isAppendix === true ? `<details><summary>${escapeHtml(caption)}</summary>${wrapped}</details>` : wrapped
}

const renderCell = (cell: Cell, column: TableColumn | undefined): string => {
  const text = escapeHtml(typeof cell === 'number' ? groupDigits(cell) : cell)
  if (column?.isNumber === true) return `<td class="number">${text}</td>`
  return column?.isCode === true ? `<td><code>${text}</code></td>` : `<td>${text}</td>`
}

/** Decoration: the number it shows stands in its row. */
const bar = (share: number | undefined): string =>
  share === undefined
    ? ''
    : `<td class="bar"><svg aria-hidden="true" width="120" height="9" viewBox="0 0 120 9"><rect width="${Math.max(1, Math.round(share * 120))}" height="9" fill="#2f4f6b"/></svg></td>`

/** `12 345` with a narrow no-break space, which means the same in both languages. */
export const groupDigits = (value: number): string => String(value).replace(/\B(?=(?:\d{3})+(?!\d))/gu, '\u202f')

const STYLE = `
:root{color-scheme:light;--ink:#12263a;--soft:#52606d;--line:#d3dce4}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:2.5rem 2rem 4rem;color:var(--ink);background:#fff;font:15px/1.55 "Helvetica Neue",Helvetica,Arial,"Noto Sans CJK SC","Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif}
header{border-bottom:3px solid var(--ink);padding-bottom:1.2rem}
.brand{margin:0;letter-spacing:.35em;font-size:.75rem;font-weight:700;color:var(--soft)}
h1{margin:.2rem 0 .1rem;font-size:2rem;line-height:1.2}
.subtitle{margin:0;color:var(--soft);font-size:1.05rem}
nav ol{columns:3;column-gap:2rem;padding-left:1.2rem;margin:1.2rem 0;font-size:.9rem}
nav li{break-inside:avoid}
a{color:#1d4f7c}
h2{margin:2.6rem 0 .6rem;padding-top:.4rem;font-size:1.3rem;border-top:1px solid var(--line)}
p{max-width:46rem;margin:.5rem 0}
.note{color:var(--soft)}
.warning{border-left:4px solid #c05621;background:#fdf3ec;padding:.6rem .9rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(12rem,1fr));gap:.8rem;margin:1.2rem 0}
.figures div{border:1px solid var(--line);border-radius:6px;padding:.7rem .9rem;display:flex;flex-direction:column-reverse}
.figures dd{margin:0;font-size:1.6rem;font-weight:700;font-variant-numeric:tabular-nums}
.figures dt{color:var(--soft);font-size:.82rem}
.facts{margin:1rem 0}
.facts div{display:grid;grid-template-columns:13rem 1fr;gap:1rem;padding:.28rem 0;border-bottom:1px solid #eef2f5}
.facts dt{color:var(--soft)}
.facts dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;width:100%;font-size:.88rem}
caption{text-align:left;font-weight:700;padding:.2rem 0 .4rem}
th,td{text-align:left;vertical-align:top;padding:.32rem .6rem .32rem 0;border-bottom:1px solid #e6ecf1;overflow-wrap:anywhere}
th{color:var(--soft);font-weight:600;border-bottom:1px solid var(--ink)}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding-right:1rem}
thead .bar{border-bottom:1px solid var(--ink)}
.bar{width:124px;vertical-align:middle}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;font-size:.84em}
pre{background:#f4f7f9;border:1px solid var(--line);border-radius:6px;padding:.8rem 1rem;overflow-x:auto}
figure{margin:1.2rem 0}
figcaption{font-weight:700;margin-bottom:.4rem}
figure>svg{width:100%;height:auto}
.legend svg{vertical-align:-1px}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;margin:.3rem 0 0;padding:0 0 0 52px;font-size:.85rem;color:var(--soft)}
details{margin:.6rem 0}
summary{cursor:pointer;color:#1d4f7c}
footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:.8rem;color:var(--soft);font-size:.85rem}
@media print{body{padding:0;max-width:none;font-size:12px}nav{display:none}h2{break-after:avoid}figure,tr{break-inside:avoid}}
`
