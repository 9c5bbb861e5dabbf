import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { segmentOf } from '../../../src/audit/segments.ts'
import { lastSeqs, neededBySinks, oldestNeeded, SINK_KEEP_DAYS, sinkLags } from '../../../src/audit/sinks/lag.ts'
import { NEW_STATE, type SinkState, stateFile, writeState } from '../../../src/audit/sinks/state-file.ts'
import { singleOutcome } from '../events.ts'
import { filled } from '../filled.ts'

const at = (segment: number, seq: number): SinkState => ({
  ...NEW_STATE,
  streams: { 'n1-w0': { segment, offset: 0, line: 0, personal: 0, seq } },
  delivered: seq,
})

t.test('the last line of a stream is found behind a torn one', async (t) => {
  const { dir } = await filled(
    t,
    Array.from({ length: 9 }, () => singleOutcome()),
    2000,
  )
  t.strictSame([...lastSeqs(dir)], [['n1-w0', 9]])
  appendFileSync(segmentOf(dir, 'n1-w0', 1).events.replace(/1\.jsonl$/u, '9.jsonl'), '{"half')
  t.strictSame([...lastSeqs(dir)], [['n1-w0', 9]])
  t.strictSame([...lastSeqs(join(dir, 'none'))], [])
})

t.test('how far behind each sink is; one without a state has delivered nothing yet', async (t) => {
  const { dir, data } = await filled(
    t,
    Array.from({ length: 9 }, () => singleOutcome()),
  )
  const folder = join(data, 'sinks')
  await writeState(stateFile(folder, 'siem'), at(1, 7))
  await writeState(stateFile(folder, 'broken'), NEW_STATE)
  writeFileSync(stateFile(folder, 'broken'), 'x')
  t.match(sinkLags(dir, folder, ['siem', 'new', 'broken']), [
    { name: 'siem', behindEvents: 2, state: { delivered: 7 } },
    { name: 'new', behindEvents: null, state: null },
    { name: 'broken', behindEvents: null, state: null },
  ])
})

t.test('retention leaves what the slowest sink has not got', async (t) => {
  const { dir, data } = await filled(
    t,
    Array.from({ length: 9 }, () => singleOutcome()),
    2000,
  )
  const folder = join(data, 'sinks')
  await writeState(stateFile(folder, 'fast'), at(7, 8))
  await writeState(stateFile(folder, 'slow'), at(3, 4))
  t.strictSame([...oldestNeeded(dir, folder, ['fast', 'slow'])], [['n1-w0', 3]])
  t.strictSame([...oldestNeeded(dir, folder, ['fast'])], [['n1-w0', 7]])
  t.strictSame([...oldestNeeded(dir, folder, ['fast', 'new'])], [['n1-w0', 0]])
  t.strictSame([...oldestNeeded(dir, folder, [])], [])
})

t.test('what a sink needs stays for a named time longer, not for ever', async (t) => {
  const { dir, data } = await filled(
    t,
    Array.from({ length: 9 }, () => singleOutcome()),
    2000,
  )
  const folder = join(data, 'sinks')
  await writeState(stateFile(folder, 'slow'), at(3, 4))
  const beforeMs = Date.now()
  const needs = neededBySinks(dir, { folder, names: ['slow'] }, beforeMs)
  const limitMs = beforeMs - SINK_KEEP_DAYS * 86_400_000
  t.equal(needs(segmentOf(dir, 'n1-w0', 1), beforeMs - 1), false, 'it has got that')
  t.equal(needs(segmentOf(dir, 'n1-w0', 3), beforeMs - 1), true)
  t.equal(needs(segmentOf(dir, 'n1-w0', 5), limitMs), true)
  t.equal(needs(segmentOf(dir, 'n1-w0', 5), limitMs - 1), false, 'too long')
})
