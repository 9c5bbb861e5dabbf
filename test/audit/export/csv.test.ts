import fc from 'fast-check'
import t from 'tap'
import { CSV_COLUMNS, cellText } from '../../../src/audit/export/columns.ts'
import { csvCell, csvHeader, csvRow } from '../../../src/audit/export/csv.ts'
import { escapeControls } from '../../../src/audit/export/printable.ts'
import { written } from './golden.ts'
import { anyEvent } from './hostile-events.ts'
import { readCsv } from './read-csv.ts'

/** RFC 4180, as a spreadsheet reads one record. */
const parseRow = (row: string): string[] =>
  [...row.replace(/\r\n$/, '').matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )

t.test('what a spreadsheet would run is defused, also behind spaces and quotes', async (t) => {
  for (const text of ['=cmd', '+1', '-1', '@x', ' =1', '"=1', "'=1", ' " =1', '\t=1', '＝1', '\tx', '\rx']) {
    t.match(csvCell(text).replace(/^"/, ''), /^'/, JSON.stringify(text))
  }
  t.equal(csvCell(['-x', 'y']), `"'-x; y"`)
})

t.test('numbers stay numbers and plain text stays plain', async (t) => {
  t.equal(csvCell(-5), '-5')
  t.equal(csvCell(true), 'true')
  t.equal(csvCell(null), '')
  t.equal(csvCell('claude-code'), 'claude-code')
  t.equal(csvCell('a,"b"'), '"a,""b"""')
})

t.test('any exchange is one record with as many cells as the header, and none begins a formula', async (t) => {
  const width = parseRow(csvHeader()).length
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('=1+1', '\r\n=1', '","=1', '\u202e', '\u001b[2J', ' @'),
  )
  fc.assert(
    fc.property(text, text, text, (path, user, model) => {
      const row = csvRow({ time: 't', path, model, client: { user, groups: [user, path] } })
      const cells = parseRow(row)
      return (
        row.endsWith('\r\n') &&
        cells.length === width &&
        // biome-ignore lint: control characters are what is looked for
        !/[\u0000-\u001f\u007f-\u009f\u202e]/.test(row.slice(0, -2)) &&
        cells.every((cell) => !/^[\s"']*[=+\-@]/.test(cell) || cell.startsWith("'"))
      )
    }),
  )
  t.match(csvHeader(), /^time,flow,id,.*\r\n$/)
})

t.test('any event is one record, whose cells come back as they were or made harmless', async () => {
  fc.assert(
    fc.property(anyEvent, fc.boolean(), (event, isErased) => {
      const { record } = written(event, isErased)
      const [, cells, ...more] = readCsv(csvHeader() + csvRow(record))
      if (more.length > 0 || cells?.length !== CSV_COLUMNS.length) return false
      return CSV_COLUMNS.every(({ read }, index) => {
        const wanted = escapeControls(cellText(read(record)))
        const cell = cells[index] ?? ''
        const isFormula = /^[\s'"]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u.test(cell) && !/^-?\d/u.test(cell)
        return (cell === wanted || cell === `'${wanted}`) && (!isFormula || cell.startsWith("'"))
      })
    }),
    { numRuns: 300 },
  )
})
