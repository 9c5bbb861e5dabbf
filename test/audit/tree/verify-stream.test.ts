import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { compressFile } from '../../../src/audit/compress-segment.ts'
import { lineHash } from '../../../src/audit/event-line.ts'
import { listSegments } from '../../../src/audit/segments.ts'
import { verifyFolder } from '../../../src/audit/tree/verify-folder.ts'
import { config, intent, tunnel } from '../events.ts'
import { filled } from '../filled.ts'
import { signedTrail } from './signed-trail.ts'

const linesIn = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1)
const save = (file: string, lines: readonly string[]): void =>
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''))

t.test('what nothing signs yet is held by the chain, across files', async (t) => {
  const at = await filled(t, [intent(), config(), tunnel(), tunnel(), intent()], 2000)
  const files = listSegments(at.dir)
  t.ok(files.length > 1)
  const head = lineHash(linesIn(files.at(-1)!.events).at(-1)!)
  const whole = { lines: 5, firstSeq: 1, lastSeq: 5, head, persons: { present: 4 }, problems: [] }
  t.match(await verifyFolder(at.dir), [{ stream: 'n1-w0', signed: 0, ...whole }])
  appendFileSync(files.at(-1)!.events, '{"v":1')
  t.match(await verifyFolder(at.dir), [{ ...whole, notes: [/6 bytes of an unfinished line/, /nothing is signed yet/] }])
  appendFileSync(files[0]!.events, 'x')
  t.match(await verifyFolder(at.dir), [{ problems: [{ kind: 'inserted', message: /1 bytes were put behind/ }] }])
})

t.test('whatever single change is made to records that nothing signs yet, it is named at its place', async (t) => {
  const at = await filled(
    t,
    Array.from({ length: 6 }, () => tunnel()),
  )
  const { events } = listSegments(at.dir)[0]!
  const whole = linesIn(events)
  const change = fc.constantFrom('edit', 'delete', 'swap', 'repeat')
  await fc.assert(
    fc.asyncProperty(change, fc.integer({ min: 0, max: 4 }), async (how, index) => {
      const lines = [...whole]
      const line = lines[index]!
      if (how === 'edit') lines[index] = line.replace('"bytesIn":912', '"bytesIn":913')
      if (how === 'delete') lines.splice(index, 1)
      if (how === 'swap') lines.splice(index, 2, lines[index + 1]!, line)
      if (how === 'repeat') lines.splice(index, 0, line)
      save(events, lines)
      const [report] = await verifyFolder(at.dir)
      const named = report?.problems[0]?.line
      return named != null && Math.abs(named - (index + 1)) <= 1
    }),
    { numRuns: 60 },
  )
  save(events, whole)
  t.match(await verifyFolder(at.dir), [{ problems: [] }])
})

t.test('behind a file that cannot be read the check goes on', async (t) => {
  const at = await signedTrail(t, 400, [400])
  const [, second, third] = listSegments(at.dir)
  compressFile(second!.events)
  writeFileSync(`${second!.events}.zst`, 'nonsense')
  t.match(await verifyFolder(at.dir), [{ lastSeq: 400, problems: [{ kind: 'unreadable', seq: second!.firstSeq }] }])
  writeFileSync(third!.events, 'nonsense\n')
  const [report] = await verifyFolder(at.dir)
  t.match(report?.problems, [{ kind: 'unreadable' }, { kind: 'changed', seq: third!.firstSeq }])
})
