import t from 'tap'
import { type Hit, hitsIn, type Scan } from '../../src/inspect/text-hits.ts'

/** Marks every `word` of the given ones. */
const marking =
  (...words: readonly string[]): Scan =>
  (text) =>
    words.flatMap((word, order) => {
      const hits: Hit[] = []
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
        hits.push({ start: at, end: at + word.length, severity: 'high', order, detector: { id: word } })
      }
      return hits
    })
const look = (scan: Scan, isCut = false) => ({
  scan,
  isLeftAlone: (text: string): boolean => text === 'OURS',
  isCutShort: (): boolean => isCut,
})
const marked = (text: string, depth: number, scan: Scan): string[] =>
  hitsIn(text, depth, look(scan)).map(({ start, end }) => text.slice(start, end))

t.test('what is written with escapes inside a nested string is found where it stands', async (t) => {
  t.strictSame(marked('{"a":"x-\\u0061b"}', 1, marking('-ab')), ['-\\u0061b'])
  t.strictSame(marked('{"a":"x-\\u0061b"}', 0, marking('-ab')), [], 'no deeper than told')
})

t.test('a hit that would split an escape is widened to whole ones', async (t) => {
  t.strictSame(marked('["\\u0061bc"]', 1, marking('61b')), ['\\u0061b'])
})

t.test('placeholders are left alone', async (t) => {
  t.strictSame(marked('OURS', 1, marking('OURS', 'UR')), ['UR'])
})

t.test('when time is up nothing nested is read', async (t) => {
  t.strictSame(hitsIn('{"a":"x-\\u0061b"}', 1, look(marking('-ab'), true)), [])
})

t.test('what stands in base64 marks the whole run, which no edit can stand in', async (t) => {
  const run = Buffer.from('a file with a SECRET somewhere inside it, and more').toString('base64')
  const hits = hitsIn(`file: ${run}.`, 1, look(marking('SECRET')))
  t.match(hits, [{ start: 6, end: 6 + run.length, isPacked: true, detector: { id: 'SECRET' } }])
  t.strictSame(hitsIn(`file: ${run}.`, 0, look(marking('SECRET'))), [], 'no deeper than told')
  const twice = Buffer.from(`${'again and '.repeat(5)}${run}`).toString('base64')
  t.equal(hitsIn(twice, 1, look(marking('SECRET'))).length, 0)
  t.equal(hitsIn(twice, 2, look(marking('SECRET'))).length, 1, 'base64 in base64')
})

t.test('a run that is marked whole can be edited whole', async (t) => {
  const run = Buffer.from('a file with a SECRET somewhere inside it, and more').toString('base64')
  const hits = hitsIn(`file: ${run}`, 1, look(marking('SECRET', run)))
  t.strictSame(
    hits.map(({ detector, isPacked }) => [detector.id, isPacked]),
    [[run, undefined]],
  )
})
