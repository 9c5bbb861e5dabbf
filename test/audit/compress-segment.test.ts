import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { closedPlainFiles, compressFile, compressInSteps } from '../../src/audit/compress-segment.ts'
import { readLines } from '../../src/audit/line-chunks.ts'
import { debianProgram, skipWithoutDebian } from '../helpers/debian.ts'

const NAME = 'events-s-000000000001.jsonl'

/** Lines that are more than one frame of text, and hard to compress. */
const manyLines = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `{"n":${index},"x":"${Math.sin(index).toString(36).repeat(8)}"}`)
const put = (t: Test, text: string): string => join(t.testdir({ [NAME]: text }), NAME)
const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

function readAll(file: string, maxBytes: number): string[] {
  const seen: string[] = []
  for (let offset = 0; ; ) {
    const chunk = readLines(file, offset, maxBytes)
    if (!chunk.ok || chunk.end === offset) return seen
    seen.push(...chunk.lines)
    offset = chunk.end
  }
}

t.test('a compressed file reads as the plain one did, at the same offsets', async (t) => {
  const lines = manyLines(6000)
  const file = put(t, textOf(lines))
  const { size } = statSync(file)
  const before = [0, 1, 200_000].map((maxBytes) => readLines(file, lines[0]!.length + 1, 400_000 + maxBytes))
  t.match(compressFile(file), { ok: true, textBytes: size })
  t.same(readdirSync(join(file, '..')), [`${NAME}.zst`])
  t.equal(statSync(`${file}.zst`).mode & 0o777, 0o600)
  t.ok(statSync(`${file}.zst`).size < size / 2)
  t.same(readAll(file, 100_000), lines)
  const after = [0, 1, 200_000].map((maxBytes) => readLines(file, lines[0]!.length + 1, 400_000 + maxBytes))
  t.same(after, before)
  t.same(readLines(file, lines[0]!.length, 1000), { ok: false }, 'an offset inside a line')
  t.same(readLines(file, size + 1, 1000), { ok: false }, 'an offset behind the end')
  t.same(readLines(file, size, 1000), { ok: true, lines: [], end: size })
})

t.test('whatever the lines and the chunk size, each line is read once', async (t) => {
  const line = fc.oneof(fc.string({ maxLength: 30 }), fc.constantFrom('é'.repeat(40_000), 'x'.repeat(300_000)))
  const lines = fc.array(
    line.filter((text) => !text.includes('\n') && text.isWellFormed()),
    { minLength: 1, maxLength: 12 },
  )
  fc.assert(
    fc.property(lines, fc.integer({ min: 310_000, max: 700_000 }), (lines, maxBytes) => {
      const file = put(t, textOf(lines))
      return compressFile(file).ok && JSON.stringify(readAll(file, maxBytes)) === JSON.stringify(lines)
    }),
    { numRuns: 30 },
  )
})

t.test('cut short behind any step, the text is still there, and the next try finishes', async (t) => {
  const lines = manyLines(3000)
  const steps = ['cleared', 'written', 'renamed', 'synced']
  for (const last of steps) {
    const file = put(t, textOf(lines))
    const run = compressInSteps(file)
    for (const expected of steps.slice(0, steps.indexOf(last) + 1)) t.equal(run.next().value, expected)
    t.same(readAll(file, 100_000), lines, last)
    t.match(compressFile(file), { ok: true })
    t.same(readdirSync(join(file, '..')), [`${NAME}.zst`], last)
    t.same(readAll(file, 100_000), lines)
  }
})

t.test('a half-written compressed file beside the plain one does not count', async (t) => {
  const file = put(t, 'a\nb\n')
  writeFileSync(`${file}.zst`, 'half')
  writeFileSync(`${file}.zst.tmp`, 'half')
  t.same(readAll(file, 100), ['a', 'b'])
  t.match(compressFile(file), { ok: true })
  t.same(readAll(file, 100), ['a', 'b'])
})

t.test('a file that was removed meanwhile does not come back compressed', async (t) => {
  const file = put(t, 'a\nb\n')
  const run = compressInSteps(file)
  for (const _ of ['cleared', 'written', 'renamed']) run.next()
  rmSync(file)
  while (run.next().done !== true);
  t.same(readdirSync(join(file, '..')), [])
})

t.test('what does not end in a line stays as it is', async (t) => {
  for (const text of ['a\nb', 'x'.repeat(17 * 1024 * 1024)]) {
    const file = put(t, text)
    t.match(compressFile(file), { ok: false, why: /end in a line/ })
    t.same(readdirSync(join(file, '..')), [NAME])
  }
  const file = put(t, 'a\n')
  t.match(compressFile(file), { ok: true })
  t.match(compressFile(file), { ok: false, why: /compressed already/ })
  t.ok(existsSync(`${file}.zst`))
})

t.test('only closed plain files of the stream are to be compressed', async (t) => {
  const dir = t.testdir({
    [NAME]: 'a\n',
    'events-s-000000000002.jsonl.zst': '',
    'events-s-000000000003.jsonl': 'c\n',
    'events-s-000000000004.jsonl': 'd\n',
    'events-other-000000000001.jsonl': 'e\n',
    'events-other-000000000002.jsonl': 'f\n',
  })
  t.same(closedPlainFiles(dir, 's'), [join(dir, NAME), join(dir, 'events-s-000000000003.jsonl')])
})

t.test('an auditor reads it with zstdcat', { skip: skipWithoutDebian('zstdcat') }, async (t) => {
  const lines = manyLines(6000)
  const file = put(t, textOf(lines))
  compressFile(file)
  const seen = execFileSync(debianProgram('zstdcat'), [`${file}.zst`], { encoding: 'utf8', maxBuffer: 1e8 })
  t.ok(seen === textOf(lines))
})
