import { hash } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { findSealed, readContent, removeSealedDays, sealedDaysBefore } from '../../../src/audit/sealed/find-sealed.ts'

t.test('whole old days are removed, and nothing else', async (t) => {
  const dir = t.testdir({})
  t.same(sealedDaysBefore(dir, Date.now()), [])
  mkdirSync(join(dir, 'sealed'))
  for (const name of ['2026-11-20.jsonl', '2026-11-21.jsonl', '2026-11-22.jsonl', 'notes.txt']) {
    writeFileSync(join(dir, 'sealed', name), '')
  }
  const old = sealedDaysBefore(dir, Date.parse('2026-11-22T00:00:00Z'))
  t.same(old, ['2026-11-20', '2026-11-21'])
  t.same(sealedDaysBefore(dir, Date.parse('2026-11-22T23:59:59Z')), old, 'a day that is not over stays')
  removeSealedDays(dir, old)
  t.same(readdirSync(join(dir, 'sealed')).sort(), ['2026-11-22.jsonl', 'notes.txt'])
})

t.test('what is no sealed text is refused', async (t) => {
  for (const text of ['', 'null', '{}', '{"v":2}', '{"v":1,"shares":3}']) t.throws(() => readContent(text))
})

const DAY = '2026-11-22'
const timeMs = Date.parse(`${DAY}T10:00:00Z`)
const lineOf = (flow: string, length: number): string => JSON.stringify({ v: 1, flow, locked: 'x'.repeat(length) })

t.test('texts are found wherever slices end, and what is half written or long is passed over', async (t) => {
  const dir = t.testdir({ sealed: {} })
  const file = join(dir, 'sealed', `${DAY}.jsonl`)
  const slice = 1_048_576
  const length = fc.oneof(fc.nat(300), fc.integer({ min: slice - 100, max: slice + 100 }), fc.constant(2.5 * slice))
  const lines = fc.array(fc.tuple(fc.constantFrom('A', 'B'), length), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(
      lines,
      fc.constantFrom('', '{"v":1,"flow":"A","lo', 'not json "flow":"A"\n'),
      async (made, tail) => {
        const texts = made.map(([flow, size]) => lineOf(flow, size))
        writeFileSync(file, texts.map((text) => `${text}\n`).join('') + tail)
        const found = await findSealed(dir, 'A', timeMs)
        t.strictSame(
          found.map(({ digest }) => digest),
          texts.filter((_, at) => made[at]?.[0] === 'A').map((text) => hash('sha256', text, 'hex')),
        )
        return true
      },
    ),
    { numRuns: 40 },
  )
})

t.test('texts of the day before, of the day and of the one behind are looked for, of no other', async (t) => {
  const dir = t.testdir({ sealed: {} })
  for (const day of ['2026-11-20', '2026-11-21', '2026-11-22', '2026-11-23', '2026-11-24'])
    writeFileSync(join(dir, 'sealed', `${day}.jsonl`), `${JSON.stringify({ v: 1, flow: 'A', part: day })}\n`)
  const found = await findSealed(dir, 'A', timeMs, timeMs - 86_400_000)
  t.same(
    found.map(({ line }) => line.part),
    ['2026-11-21', '2026-11-22', '2026-11-23'],
  )
})
