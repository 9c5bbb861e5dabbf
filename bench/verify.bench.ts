/** How many records a second `weir audit verify` checks: chain, leaves, persons, tiles and checkpoints, two threads. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compressFile } from '../src/audit/compress-segment.ts'
import { listSegments } from '../src/audit/segments.ts'
import { createSpool } from '../src/audit/spool.ts'
import { verifyFolder } from '../src/audit/tree/verify-folder.ts'
import { followingOutcome, intent } from '../test/audit/events.ts'
import { signTrail } from '../test/audit/tree/signed-trail.ts'
import { type Section, table } from './harness/report.ts'

const RECORDS = 1_200_000
const SEGMENT_BYTES = 48_000_000
const ROUNDS = 5
const GOAL_PER_SECOND = 200_000

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** Run it; `rounds` checks of the same folder, plain and as closed files lie there a little later. */
export async function run(rounds = ROUNDS): Promise<Section> {
  const data = mkdtempSync(join(tmpdir(), 'weir-verify-'))
  const dir = join(data, 'audit')
  try {
    await fill(dir)
    signTrail(dir, join(data, 'keys', 'checkpoint.key'), [RECORDS / 2, RECORDS])
    const rows = [await measured('plain files', dir, rounds)]
    for (const { events } of listSegments(dir).slice(0, -1)) compressFile(events)
    rows.push(await measured('closed files compressed', dir, rounds))
    const head = ['what', 'records/s, median', 'processor time each, median', 'goal, records/s']
    const body = `${RECORDS} records with their personal lines in ${listSegments(dir).length} files, ${rounds} rounds; two threads read.\n\n${table(head, rows)}`
    return { name: 'verify', title: 'weir audit verify', body }
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

async function measured(what: string, dir: string, rounds: number): Promise<string[]> {
  const rates: number[] = []
  const cpu: number[] = []
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    const used = process.cpuUsage()
    const [report] = await verifyFolder(dir)
    if (report?.problems.length !== 0 || report.lines !== RECORDS) throw new Error('the folder is not whole')
    rates.push((RECORDS / (performance.now() - began)) * 1000)
    const { user, system } = process.cpuUsage(used)
    cpu.push((user + system) / RECORDS)
  }
  const verdict = median(rates) >= GOAL_PER_SECOND ? '' : ' **missed**'
  return [what, `${median(rates).toFixed(0)}${verdict}`, `${median(cpu).toFixed(2)} µs`, `≥ ${GOAL_PER_SECOND}`]
}

async function fill(dir: string): Promise<void> {
  const spool = createSpool({ dir, stream: 'n1-w0', segmentBytes: SEGMENT_BYTES, spoolBytes: 2_000_000_000 })
  for (let made = 0; made < RECORDS; made += 2000) {
    for (let at = 0; at < 1000; at++) {
      spool.appendSoon(intent())
      spool.appendSoon(followingOutcome())
    }
    await spool.drain()
  }
  await spool.close()
}
