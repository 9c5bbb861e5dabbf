/** How long `weir audit report` takes over real event files with encrypted persons, and that its memory does not grow with them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSpool } from '../src/audit/spool.ts'
import { signTrail } from '../test/audit/tree/signed-trail.ts'
import { type Section, table } from './harness/report.ts'
import { companyEvents, END_MS } from './harness/store-events.ts'

/** `WEIR_BENCH_EVENTS` says another number for the larger run; the smaller one has a fifth of it. */
const EVENTS = 1_000_000
/** Rotated as Weir does it by size, so that a range is many files. */
const SEGMENT_BYTES = 64_000_000
const IN_FLIGHT = 5000
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const VERIFIER = fileURLToPath(new URL('../verify/weir-verify-pack.mjs', import.meta.url))

/** Makes packs of a fifth and of all of the events, with names and without. */
export async function run(): Promise<Section> {
  const events = Number(process.env['WEIR_BENCH_EVENTS'] ?? EVENTS)
  const rows: string[][] = []
  for (const count of [Math.round(events / 5), events]) rows.push(...(await measured(count)))
  const body = `\`weir audit report\` of all records of 3000 people over 90 days, with names, both languages and PDFs; then its verifier. A process each.\n\n${table(['what', 'records', 's', 's of processor time', 'peak memory, MiB', 'MiB of the zip', 'MiB of event files'], rows)}`
  return { name: 'report', title: 'Evidence pack', body }
}

async function measured(count: number): Promise<string[][]> {
  const data = mkdtempSync(join(tmpdir(), 'weir-report-bench-'))
  try {
    const { records, bytes } = await fill(join(data, 'audit'), count)
    signTrail(join(data, 'audit'), join(data, 'keys', 'checkpoint.key'), [records])
    const range = ['--from', new Date(0).toISOString(), '--to', new Date(END_MS + 86_400_000).toISOString()]
    const out = join(data, 'pack.zip')
    const report = [MAIN, 'audit', 'report', ...range, '--data', data, '--out', out, '--json', '--force']
    const rows: string[][] = []
    for (const [name, args] of [
      ['pack', report],
      ['its verifier', [VERIFIER, out]],
      ['pack, without persons', [...report, '--without-persons']],
    ] as const) {
      const { ms, cpuMs, peakBytes } = await peaked(args, data)
      const row = [name, records, s(ms), s(cpuMs), mib(peakBytes), mib(statSync(out).size), mib(bytes)].map(String)
      console.error(row.join(' | '))
      rows.push(row)
    }
    return rows
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

async function fill(dir: string, count: number): Promise<{ records: number; bytes: number }> {
  const spool = createSpool({ dir, stream: 'n1-w0', segmentBytes: SEGMENT_BYTES })
  let waiting: Promise<void>[] = []
  let records = 0
  for (const group of companyEvents(count)) {
    for (const event of group) waiting.push(spool.append(event))
    records += group.length
    if (waiting.length >= IN_FLIGHT) {
      await Promise.all(waiting)
      waiting = []
    }
  }
  await Promise.all(waiting)
  await spool.close()
  const bytes = readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0)
  return { records, bytes }
}

interface Peaked {
  readonly ms: number
  readonly cpuMs: number
  readonly peakBytes: number
}

/** Runs it to its end; the kernel keeps the peak, which is looked at until then. Rejects when it fails. */
async function peaked(args: readonly string[], cwd: string): Promise<Peaked> {
  const startMs = performance.now()
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)))
  let last = { cpuMs: 0, peakBytes: 0 }
  const timer = setInterval(() => (last = looked(child) ?? last), 50)
  const [code] = (await once(child, 'exit')) as [number | null]
  clearInterval(timer)
  if (code !== 0) throw new Error(`it ended with ${String(code)}: ${said}`)
  return { ms: performance.now() - startMs, ...last }
}

/** proc(5): VmHWM is the peak of resident memory, fields 14 and 15 of stat are ticks of 10 ms. */
function looked({ pid = 0 }: ChildProcess): { cpuMs: number; peakBytes: number } | null {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return kib === undefined
      ? null
      : { cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, peakBytes: Number(kib) * 1024 }
  } catch {
    return null // it has ended meanwhile
  }
}

const s = (ms: number): string => (ms / 1000).toFixed(1)
const mib = (bytes: number): string => (bytes / 1_048_576).toFixed(0)
