import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { verifyChains } from '../../src/audit/chain.ts'
import { compressFile } from '../../src/audit/compress-segment.ts'
import { lineHash } from '../../src/audit/event-line.ts'
import { listSegments } from '../../src/audit/segments.ts'
import { config, intent, tunnel } from './events.ts'
import { filled } from './filled.ts'

const linesIn = (file: string) => readFileSync(file, 'utf8').split('\n').slice(0, -1)
const save = (file: string, lines: string[]) => writeFileSync(file, lines.map((line) => `${line}\n`).join(''))

t.test('an untouched trail is whole, across segments', async (t) => {
  const at = await filled(t, [intent(), config(), tunnel(), tunnel(), intent()], 2000)
  t.ok(listSegments(at.dir).length > 1)
  const head = lineHash(linesIn(listSegments(at.dir).at(-1)!.events).at(-1)!)
  t.match(verifyChains(at.dir), [
    { stream: 'n1-w0', lines: 5, firstSeq: 1, lastSeq: 5, head, persons: { present: 4, erased: 0 }, problems: [] },
  ])
  t.same(verifyChains(t.testdir({})), [])
})

t.test('whatever single change is made to the trail, the check names a line beside it', async (t) => {
  const at = await filled(
    t,
    Array.from({ length: 6 }, () => tunnel()),
  )
  const { events } = listSegments(at.dir)[0]!
  const whole = linesIn(events)
  const change = fc.constantFrom('edit', 'delete', 'swap', 'repeat')
  fc.assert(
    fc.property(change, fc.integer({ min: 0, max: 4 }), (how, index) => {
      const lines = [...whole]
      const line = lines[index]!
      if (how === 'edit') lines[index] = line.replace('"bytesIn":912', '"bytesIn":913')
      if (how === 'delete') lines.splice(index, 1)
      if (how === 'swap') lines.splice(index, 2, lines[index + 1]!, line)
      if (how === 'repeat') lines.splice(index, 0, line)
      save(events, lines)
      const [report] = verifyChains(at.dir)
      const first = report!.problems[0]
      // Without its first line a trail looks like one whose older segments were removed: the note says so.
      if (how === 'delete' && index === 0)
        return first === undefined && report!.notes.some((note) => note.includes('begins at 2'))
      return first?.line != null && Math.abs(first.line - (index + 1)) <= 1
    }),
  )
  save(events, whole)
  t.same(verifyChains(at.dir)[0]?.problems, [])
})

t.test('a changed person is found, an erased one is only counted', async (t) => {
  const at = await filled(t, [tunnel(), tunnel(), tunnel()])
  const { personal } = listSegments(at.dir)[0]!
  const [first, second, third] = linesIn(personal)
  save(personal, [first!.replace('"salt":"', '"salt":"x'), third!])
  t.match(verifyChains(at.dir), [
    { problems: [{ line: 1, message: /personal line that was changed/ }], persons: { present: 1, erased: 1 } },
  ])
  save(personal, [first!, second!, third!])
  rmSync(personal)
  t.match(verifyChains(at.dir), [{ problems: [], persons: { present: 0, erased: 3 } }])
})

t.test('an unfinished line is a note at the end of the trail and a problem inside it', async (t) => {
  const at = await filled(t, [tunnel(), tunnel()], 1)
  const [first, second] = listSegments(at.dir)
  appendFileSync(second!.events, '{"v":1')
  t.match(verifyChains(at.dir), [{ problems: [], notes: [/6 bytes of an unfinished line/] }])
  appendFileSync(first!.events, 'x')
  t.match(verifyChains(at.dir), [{ problems: [{ line: null, message: /1 bytes behind the last line/ }] }])
})

t.test('lines of another stream, lines that are no records and torn tails are named', async (t) => {
  const at = await filled(t, [tunnel(), tunnel()])
  const { events } = listSegments(at.dir)[0]!
  const lines = linesIn(events)
  save(events, [lines[0]!, 'nonsense', lines[1]!.replace('"stream":"n1-w0"', '"stream":"n1-w9"')])
  writeFileSync(`${events}.torn`, 'x')
  const [report] = verifyChains(at.dir)
  t.match(report?.problems, [
    { line: 2, message: /no audit record/ },
    { line: 3, message: /belongs to stream `n1-w9`/ },
    { line: 3, message: /does not follow/ },
  ])
  t.match(report?.notes, [/torn/])
})

t.test('a compressed segment is checked like any other; a damaged one is named and the rest is checked', async (t) => {
  const at = await filled(t, [intent(), tunnel(), tunnel(), tunnel(), tunnel(), intent()], 1500)
  const segments = listSegments(at.dir)
  t.ok(segments.length > 2)
  t.match(compressFile(segments[1]!.events), { ok: true })
  t.match(verifyChains(at.dir), [{ lines: 6, persons: { present: 6, erased: 0 }, problems: [] }])
  const file = `${segments[1]!.events}.zst`
  const bytes = readFileSync(file)
  bytes[30] = (bytes[30] ?? 0) ^ 1
  writeFileSync(file, bytes)
  const [report] = verifyChains(at.dir)
  t.match(report, { lastSeq: 6, problems: [{ file: basename(file), line: null, message: /cannot be read/ }] })
  t.equal(report?.problems.length, 1)
})
