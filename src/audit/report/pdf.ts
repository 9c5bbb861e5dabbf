/** The summary as a PDF (pdfmake): the same blocks as the HTML page. Latin in standard fonts, Chinese in an embedded one. */
import pdfmake from 'pdfmake'
import type { Column, Content, TableCell, TDocumentDefinitions } from 'pdfmake/interfaces.js'
import type { Block, Cell, SummaryDocument, TableColumn } from './document.ts'
import type { CjkFonts, FontFile } from './fonts.ts'
import { groupDigits } from './html.ts'
import { textRuns } from './pdf-text.ts'

export interface PdfOptions {
  /** Without it, Chinese characters stand as escapes. */
  readonly cjk: CjkFonts | null
  /** What the PDF says of its making. */
  readonly created: Date
}

const LATIN = {
  normal: 'Helvetica',
  bold: 'Helvetica-Bold',
  italics: 'Helvetica-Oblique',
  bolditalics: 'Helvetica-BoldOblique',
}
const MONO = {
  normal: 'Courier',
  bold: 'Courier-Bold',
  italics: 'Courier-Oblique',
  bolditalics: 'Courier-BoldOblique',
}
/** A4 less the margins, in points. */
const PAGE_WIDTH = 515
const INK = '#12263a'
const SOFT = '#52606d'

/** Rejects when a font cannot be read. */
export async function renderPdf(document: SummaryDocument, { cjk, created }: PdfOptions): Promise<Buffer> {
  const files = cjk === null ? [] : [cjk.normal.file, cjk.bold.file]
  // Nothing is ever loaded for a document but these fonts.
  pdfmake.setUrlAccessPolicy(() => false)
  pdfmake.setLocalAccessPolicy((path) => files.includes(path) || /^(?:Helvetica|Courier)(?:-\w+)?$/u.test(path))
  pdfmake.setFonts({ Latin: LATIN, Mono: MONO, ...(cjk === null ? {} : { Cjk: cjkFont(cjk) }) })
  const writer = new BlockWriter(cjk !== null, document.language)
  return pdfmake.createPdf(definition(document, writer, created)).getBuffer()
}

/** pdfmake's types know no collections, pdfmake does: a pair of file and member. */
const fontSource = ({ file, member }: FontFile): string =>
  member === null ? file : ([file, member] as unknown as string)

const cjkFont = ({ normal, bold }: CjkFonts): Record<keyof typeof LATIN, string> => ({
  normal: fontSource(normal),
  bold: fontSource(bold),
  italics: fontSource(normal),
  bolditalics: fontSource(bold),
})

function definition(document: SummaryDocument, writer: BlockWriter, created: Date): TDocumentDefinitions {
  const { title, subtitle, footer, blocks, language } = document
  const [body, appendix] = [blocks.filter((block) => !isAppendix(block)), blocks.filter(isAppendix)]
  return {
    info: { title, creationDate: created, modDate: created, creator: 'Weir', producer: 'Weir' },
    language,
    pageSize: 'A4',
    pageMargins: [40, 52, 40, 52],
    defaultStyle: { font: 'Latin', fontSize: 9.5, lineHeight: 1.25, color: INK },
    header: (page) =>
      page === 1 ? '' : { ...writer.text(title, { fontSize: 8, color: SOFT }), margin: [40, 26, 40, 0] },
    footer: (page, pages) => ({
      margin: [40, 14, 40, 0],
      columns: [
        writer.text(footer, { fontSize: 7.5, color: SOFT }),
        { width: 60, ...writer.text(`${page} / ${pages}`, { fontSize: 7.5, color: SOFT, alignment: 'right' }) },
      ],
    }),
    content: [
      writer.text('W E I R', { fontSize: 8, bold: true, color: SOFT }),
      { ...writer.text(title, { fontSize: 22, bold: true }), margin: [0, 4, 0, 0] },
      { ...writer.text(subtitle, { fontSize: 11, color: SOFT }), margin: [0, 0, 0, 8] },
      rule(2, INK),
      ...[...body, ...appendix].map((block) => writer.block(block)),
    ],
  }
}

const isAppendix = (block: Block): boolean => block.kind === 'table' && block.isAppendix === true

const rule = (lineWidth: number, lineColor: string): Content => ({
  canvas: [{ type: 'line', x1: 0, y1: 0, x2: PAGE_WIDTH, y2: 0, lineWidth, lineColor }],
})

interface TextStyle {
  readonly fontSize?: number
  readonly bold?: boolean
  readonly color?: string
  readonly alignment?: 'left' | 'right'
  readonly font?: string
}

class BlockWriter {
  readonly #hasCjk: boolean
  readonly #font: string

  constructor(hasCjk: boolean, language: SummaryDocument['language']) {
    this.#hasCjk = hasCjk
    // Both kinds of letters from one font stand on one line; the CJK fonts have Latin letters too.
    this.#font = hasCjk && language === 'zh-CN' ? 'Cjk' : 'Latin'
  }

  text(text: string, style: TextStyle = {}): { text: Content[] } & TextStyle {
    const runs = textRuns(text, this.#hasCjk).map(({ text: part, isCjk }) =>
      isCjk ? { text: part, font: 'Cjk' } : part,
    )
    return { text: runs, font: this.#font, ...style }
  }

  block(block: Block): Content {
    switch (block.kind) {
      case 'section':
        return {
          stack: [
            rule(0.6, '#d3dce4'),
            { ...this.text(block.title, { fontSize: 14, bold: true }), margin: [0, 8, 0, 0] },
          ],
          margin: [0, 18, 0, 4],
          headlineLevel: 1,
          unbreakable: true,
        }
      case 'text':
        return { ...this.text(block.text, block.isNote === true ? { color: SOFT } : {}), margin: [0, 2, 0, 4] }
      case 'warning':
        return this.#warning(block.text)
      case 'figures':
        return this.#figures(block.items)
      case 'facts':
        return this.#facts(block.rows)
      case 'table':
        return this.#table(block)
      case 'chart':
        return this.#chart(block)
      case 'code':
        return {
          stack: block.lines.map((line) => this.text(line === '' ? ' ' : line, { font: 'Mono', fontSize: 7.5 })),
          margin: [0, 4, 0, 8],
        }
    }
  }

  #warning(text: string): Content {
    return {
      margin: [0, 4, 0, 8],
      table: {
        widths: [3, '*'],
        body: [
          [
            { text: '', fillColor: '#c05621' },
            { ...this.text(text), fillColor: '#fdf3ec' },
          ],
        ],
      },
      layout: {
        hLineWidth: () => 0,
        vLineWidth: () => 0,
        paddingLeft: (index) => (index === 0 ? 0 : 8),
        paddingRight: (index) => (index === 0 ? 0 : 8),
        paddingTop: () => 5,
        paddingBottom: () => 4,
      },
    }
  }

  /** Four beside each other. */
  #figures(items: readonly { readonly value: string; readonly label: string }[]): Content {
    const cells = items.map(
      ({ value, label }): TableCell => ({
        stack: [this.text(value, { fontSize: 17, bold: true }), this.text(label, { fontSize: 8, color: SOFT })],
        margin: [6, 5, 6, 3],
      }),
    )
    const rows: TableCell[][] = []
    for (let at = 0; at < cells.length; at += 4) {
      const row = cells.slice(at, at + 4)
      while (row.length < 4) row.push({ text: '' })
      rows.push(row)
    }
    return {
      margin: [0, 12, 0, 10],
      table: { widths: ['*', '*', '*', '*'], body: rows },
      layout: {
        hLineColor: () => '#d3dce4',
        vLineColor: () => '#d3dce4',
        hLineWidth: () => 0.7,
        vLineWidth: () => 0.7,
      },
    }
  }

  #facts(rows: readonly (readonly [string, string])[]): Content {
    return {
      margin: [0, 4, 0, 8],
      table: {
        widths: [130, '*'],
        body: rows.map(([name, value]) => [this.text(name, { color: SOFT }), this.text(value)]),
      },
      layout: { ...LINES, hLineColor: () => '#e1e8ee' },
    }
  }

  #table({ caption, columns, rows, empty, bars }: Extract<Block, { kind: 'table' }>): Content {
    if (rows.length === 0) return { ...this.text(`${caption}: ${empty}`, { color: SOFT }), margin: [0, 2, 0, 6] }
    const head = [
      ...columns.map((column) => this.text(column.title, { bold: true, fontSize: 8, color: SOFT, ...aligned(column) })),
      ...(bars === undefined ? [] : [{ text: '' }]),
    ]
    const body = rows.map((row, index): TableCell[] => [
      ...row.map((cell, at) => this.#cell(cell, columns[at])),
      ...(bars === undefined ? [] : [barCell(bars[index] ?? 0)]),
    ])
    const widths = [...columnWidths(columns, bars !== undefined), ...(bars === undefined ? [] : [BAR_WIDTH])]
    return {
      stack: [
        { ...this.text(caption, { bold: true }), margin: [0, 8, 0, 3] },
        {
          table: { headerRows: 1, keepWithHeaderRows: 1, dontBreakRows: true, widths, body: [head, ...body] },
          layout: LINES,
        },
      ],
      margin: [0, 0, 0, 8],
      unbreakable: rows.length <= 6,
    }
  }

  #cell(cell: Cell, column: TableColumn | undefined): TableCell {
    const text = typeof cell === 'number' ? groupDigits(cell) : cell
    const style = column?.isCode === true ? { font: 'Mono', fontSize: 7.5 } : { fontSize: 8.5 }
    return this.text(text === '' ? ' ' : text, { ...style, ...(column === undefined ? {} : aligned(column)) })
  }

  #chart({ title, drawing, legend }: Extract<Block, { kind: 'chart' }>): Content {
    return {
      unbreakable: true,
      margin: [0, 8, 0, 8],
      stack: [
        { ...this.text(title, { bold: true }), margin: [0, 0, 0, 4] },
        { svg: drawing.svg, width: PAGE_WIDTH },
        {
          margin: [36, 2, 0, 0],
          columnGap: 4,
          columns: legend.flatMap(({ label, box }): Column[] => [
            { svg: box, width: 14, margin: [0, 2, 0, 0] },
            { ...this.text(label, { fontSize: 8.5, color: SOFT }), width: 'auto', margin: [0, 0, 10, 0] },
          ]),
        },
      ],
    }
  }
}

const aligned = ({ isNumber }: TableColumn): TextStyle => (isNumber === true ? { alignment: 'right' } : {})

const BAR_WIDTH = 70
const PADDING = 8

/** Shares of the page: `*` columns would push the table out of the page when a value has no place to break. */
function columnWidths(columns: readonly TableColumn[], hasBars: boolean): number[] {
  const total = columns.reduce((sum, { width = 1 }) => sum + width, 0)
  const room = PAGE_WIDTH - columns.length * PADDING - (hasBars ? BAR_WIDTH + PADDING : 0)
  return columns.map(({ width = 1 }) => Math.floor((room * width) / total))
}

const barCell = (share: number): TableCell => ({
  canvas: [{ type: 'rect', x: 0, y: 1.5, w: Math.max(0.5, BAR_WIDTH * Math.min(1, share)), h: 6, color: '#2f4f6b' }],
})

const LINES = {
  hLineWidth: (index: number) => (index === 0 ? 0 : 0.5),
  vLineWidth: () => 0,
  hLineColor: (index: number) => (index === 1 ? INK : '#e1e8ee'),
  paddingLeft: () => 0,
  paddingRight: () => PADDING,
  paddingTop: () => 3.5,
  paddingBottom: () => 1.5,
}
