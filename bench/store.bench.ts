/** How fast the audit store is filled from real event files, and how long questions over millions of events take. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finish } from '../src/audit/search-scan.ts'
import { createSpool } from '../src/audit/spool.ts'
import { StoreEngine } from '../src/audit/store-engine.ts'
import { type Section, table } from './harness/report.ts'
import { median } from './harness/stats.ts'
import { companyEvents, END_MS } from './harness/store-events.ts'

/** `WEIR_BENCH_EVENTS` says another number. */
const EVENTS = 5_000_000
const ROUNDS = 5
const IN_FLIGHT = 5000
const DAY_MS = 86_400_000

interface Question {
  readonly name: string
  readonly goalMs: number
  readonly ask: (engine: StoreEngine) => unknown
}

const page = (name: string, q: string): Question => ({
  name: `page: \`${q}\`${name === '' ? '' : ` (${name})`}`,
  goalMs: 200,
  ask: (engine) => engine.query({ q, limit: 50, order: 'desc' }),
})
const words = (name: string, q: string): Question => ({ ...page(name, q), goalMs: 1000 })
const facets = (q: string, fields: readonly string[]): Question => ({
  name: `facets of ${fields.length} fields: \`${q}\``,
  goalMs: 1000,
  ask: (engine) => finish(engine.facetsSteps({ q, fields, limit: 20 })),
})
const histogram = (q: string): Question => ({
  name: `histogram, 90 buckets: \`${q}\``,
  goalMs: 1000,
  ask: (engine) => finish(engine.histogramSteps({ q, buckets: 90 })),
})

const since = `since:${new Date(END_MS - 30 * DAY_MS).toISOString()}`
const FIELDS = ['tool', 'tier', 'action', 'user', 'host', 'model', 'status', 'finding']

const QUESTIONS: readonly Question[] = [
  page('newest', ''),
  page('common', `tool:openai-codex tier:restricted ${since}`),
  page('nothing found', `tool:qwen-code action:block user:user2999 ${since}`),
  page('nothing found, all time', 'tool:claude-code status:502 finding:private-key'),
  page('patterns', `user:user29* host:*.githubcopilot.com -action:allow finding:* ${since}`),
  page('numbers, nothing found', 'bytes:>10m duration:>1m tokens:>1m'),
  page('six filters', `phase:outcome purpose:inference group:team-7 network:shanghai error:upstream-* ${since}`),
  words('a word', 'user2998'),
  words('a phrase in paths', '"items/99999"'),
  words('words, nothing found', 'private-key huggingface zebra'),
  words('negated', '-openai -copilot -anthropic nothing-of-this'),
  facets('', FIELDS),
  facets(`tier:restricted -action:allow ${since}`, FIELDS),
  facets('finding:* user:user1*', FIELDS),
  histogram(''),
  histogram(`tool:openai-codex finding:* ${since}`),
]

async function fill(dir: string, events: number): Promise<number> {
  const startMs = performance.now()
  const spool = createSpool({ dir, stream: 'n1-w0', segmentBytes: 268_435_456 })
  let waiting: Promise<void>[] = []
  for (const group of companyEvents(events)) {
    for (const event of group) waiting.push(spool.append(event))
    if (waiting.length >= IN_FLIGHT) {
      await Promise.all(waiting)
      waiting = []
    }
  }
  await Promise.all(waiting)
  await spool.close()
  return performance.now() - startMs
}

function read(engine: StoreEngine): { readMs: number; cpuMs: number } {
  const [startMs, before] = [performance.now(), process.cpuUsage()]
  while (engine.step());
  engine.flush()
  const { user, system } = process.cpuUsage(before)
  return { readMs: performance.now() - startMs, cpuMs: (user + system) / 1000 }
}

/** Fills a store and asks it; `rounds`: how often each question is asked. */
export async function run(rounds = ROUNDS): Promise<Section> {
  const events = Number(process.env['WEIR_BENCH_EVENTS'] ?? EVENTS)
  const root = mkdtempSync(join(tmpdir(), 'weir-store-bench-'))
  try {
    const [dir, file] = [join(root, 'audit'), join(root, 'store.sqlite')]
    const fillMs = await fill(dir, events)
    const engine = new StoreEngine({ dir, file })
    const { readMs, cpuMs } = read(engine)
    engine.close()
    const bytes = statSync(file).size
    console.error(
      `${events} events written in ${seconds(fillMs)}, indexed in ${seconds(readMs)} (${seconds(cpuMs)} of processor time), store ${mib(bytes)}`,
    )
    return section({ events, readMs, cpuMs, bytes, rows: ask(dir, file, rounds) })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function ask(dir: string, file: string, rounds: number): string[][] {
  const openMs = performance.now()
  const engine = new StoreEngine({ dir, file })
  const opened = performance.now() - openMs
  const rows = QUESTIONS.map(({ name, goalMs, ask: put }) => {
    const times = Array.from({ length: rounds }, () => {
      const startMs = performance.now()
      put(engine)
      return performance.now() - startMs
    })
    const [first = 0] = times
    const row = [
      name,
      first.toFixed(0),
      median(times).toFixed(0),
      String(goalMs),
      median(times) <= goalMs ? 'yes' : '**no**',
    ]
    console.error(row.join(' | '))
    return row
  })
  engine.close()
  return [['open the store', opened.toFixed(0), '', '', ''], ...rows]
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MiB`

interface Measured {
  readonly events: number
  readonly readMs: number
  readonly cpuMs: number
  readonly bytes: number
  readonly rows: readonly string[][]
}

const section = ({ events, readMs, cpuMs, bytes, rows }: Measured): Section => ({
  name: 'store',
  title: 'Audit store',
  body: `${events} events in real event files, indexed by the real ingest at ${Math.round((events / readMs) * 1000)} events/s (goal: 5,000; ${((cpuMs / events) * 1000).toFixed(1)} µs of processor time each); the store is ${mib(bytes)}.

${table(['question', 'first, ms', 'median, ms', 'goal', 'reached'], rows)}`,
})

if (import.meta.main) console.log((await run()).body)
