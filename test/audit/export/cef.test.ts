import fc from 'fast-check'
import t from 'tap'
import { cefRow } from '../../../src/audit/export/cef.ts'
import { goldenCases, runGolden, written } from './golden.ts'
import { anyEvent } from './hostile-events.ts'
import { readCef } from './read-cef.ts'

t.test('the table of cases, read back', async (t) => {
  runGolden(t, goldenCases('cef.yaml', 'cases'), (record) => {
    const { header, extension } = readCef(cefRow(record).trimEnd())
    return { ...extension, header }
  })
})

/** The visible form of what a terminal would obey. */
const inert = (text: string): string =>
  // biome-ignore lint: control characters are what is looked for
  text.replaceAll(
    /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

t.test('any event is one line, whose keys are ours and whose values come back', async () => {
  const known =
    /^(?:rt|externalId|cat|act|outcome|deviceExternalId|src|shost|suser|suid|spriv|dst|dhost|dpt|proto|app|requestMethod|request|in|out|cnt|reason|(?:cs[1-6]|cn[1-3]|c6a[23]|flexString[12])(?:Label)?)$/u
  fc.assert(
    fc.property(anyEvent, fc.boolean(), (event, isErased) => {
      const { record } = written(event, isErased)
      const row = cefRow(record)
      // biome-ignore lint: control characters are what is looked for
      if (/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/u.test(row.slice(0, -1))) return false
      const { header, extension } = readCef(row.slice(0, -1))
      if (header[0] !== '0' || !/^(?:10|\d)$/u.test(header[6] ?? '')) return false
      const model = record['model']
      const isWhole = typeof model !== 'string' || model === '' || extension['cs4'] === inert(model.toWellFormed())
      return isWhole && Object.keys(extension).every((key) => known.test(key))
    }),
    { numRuns: 500 },
  )
})

t.test('a field of a megabyte is cut, in the middle of nothing', async (t) => {
  const { record } = written({ ...sample(), path: '/' } as never)
  const huge = {
    ...record,
    client: { user: '🙂'.repeat(500_000), addr: '\\='.repeat(500_000), groups: ['='.repeat(1e6)] },
  }
  const row = cefRow(huge)
  t.ok(row.length < 20_000, `${row.length}`)
  const { extension } = readCef(row.trimEnd())
  t.ok(extension['suser']?.isWellFormed())
  t.match(extension['suser'], /…$/u)
  t.equal(extension['spriv']?.length, 1023)
})

const sample = () =>
  fc.sample(
    anyEvent.filter(({ phase }) => phase === 'outcome'),
    { numRuns: 1, seed: 1 },
  )[0]
