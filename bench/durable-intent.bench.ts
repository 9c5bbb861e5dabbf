/** How long a durable intent takes and what it costs: latency, events a second and processor time, by concurrency. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createIdSource } from '../src/audit/event-id.ts'
import { createSpool } from '../src/audit/spool.ts'
import type { IntentEvent } from '../src/domain/audit-event.ts'
import { type Section, table } from './harness/report.ts'
import { median, quantile } from './harness/stats.ts'

const ROUNDS = 5
const ROUND_MS = 1000
const CONCURRENCIES = [1, 50, 500]
const GOAL = { p50: 1, p99: 5 }

/** Medians of `ROUNDS` interleaved rounds. */
export interface Row {
  readonly concurrent: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly eventsPerSecond: number
  /** User and system time of the whole process, the kernel's share of each sync included. */
  readonly cpuMicrosPerEvent: number
}

const newId = createIdSource()
const client = {
  address: '10.1.2.3',
  user: 'alice',
  groups: ['dev', 'emea'],
  device: 'LT-1',
  network: 'berlin',
  assurance: 'network',
} as const

const intent = (): IntentEvent => ({
  v: 1,
  id: newId(),
  flow: newId(),
  time: '2026-11-22T10:00:00.000Z',
  phase: 'intent',
  client,
  destination: { host: 'api.openai.com', port: 443, scheme: 'https', http: '1.1' },
  tool: 'openai-codex',
  toolVersion: '0.169.0',
  via: null,
  purpose: 'inference',
  dialect: 'openai-responses',
  evidence: ['host+path', 'header:originator'],
  confidence: 'high',
  tier: 'restricted',
  action: 'redact',
  would: null,
  mode: 'enforce',
  reason: 'tier-restricted',
  rule: 'assign:kind:coding-cli',
  exemption: null,
  policyRevision: 'sha256:ab12',
  method: 'POST',
  path: '/v1/responses',
  bytesIn: 70625,
  findings: [{ detector: 'aws-access-key', severity: 'high', field: 'input[2].content[0].text', count: 1 }],
  bytesUnchanged: false,
  unread: null,
})

async function round(append: (event: IntentEvent) => Promise<void>, concurrent: number): Promise<Row> {
  const latencies: number[] = []
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  const appendUntilEnd = async () => {
    while (performance.now() < startMs + ROUND_MS) {
      const beforeMs = performance.now()
      await append(intent())
      latencies.push(performance.now() - beforeMs)
    }
  }
  await Promise.all(Array.from({ length: concurrent }, appendUntilEnd))
  const seconds = (performance.now() - startMs) / 1000
  const cpu = process.cpuUsage(cpuBefore)
  return {
    concurrent,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    eventsPerSecond: latencies.length / seconds,
    cpuMicrosPerEvent: (cpu.user + cpu.system) / latencies.length,
  }
}

/** Measure on the disk of the temporary folder. */
export async function run(rounds = ROUNDS): Promise<Section> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-durable-intent-'))
  const spool = createSpool({ dir: join(dir, 'audit'), stream: 'bench', segmentBytes: 268_435_456 })
  try {
    const measured: Row[] = []
    await round(spool.append, 50) // warms up
    for (let i = 0; i < rounds; i++) for (const n of CONCURRENCIES) measured.push(await round(spool.append, n))
    return section(
      CONCURRENCIES.map((concurrent) => medianRow(measured.filter((row) => row.concurrent === concurrent))),
    )
  } finally {
    await spool.close()
    rmSync(dir, { recursive: true })
  }
}

const medianRow = (rows: readonly Row[]): Row => ({
  concurrent: rows[0]?.concurrent ?? 0,
  p50Ms: median(rows.map((row) => row.p50Ms)),
  p99Ms: median(rows.map((row) => row.p99Ms)),
  eventsPerSecond: median(rows.map((row) => row.eventsPerSecond)),
  cpuMicrosPerEvent: median(rows.map((row) => row.cpuMicrosPerEvent)),
})

function section(rows: readonly Row[]): Section {
  const at50 = rows.find(({ concurrent }) => concurrent === 50)
  const isMet = at50 !== undefined && at50.p50Ms <= GOAL.p50 && at50.p99Ms <= GOAL.p99
  const cells = rows.map((row) => [
    String(row.concurrent),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.eventsPerSecond.toFixed(0),
    row.cpuMicrosPerEvent.toFixed(0),
  ])
  return {
    name: 'durable-intent',
    title: 'A durable intent record',
    body: `The audit spool alone, on the disk of the temporary folder; ${ROUNDS} interleaved rounds of ${ROUND_MS / 1000} s, medians.

${table(['waiting at once', 'p50 ms', 'p99 ms', 'events/s', 'CPU µs/event'], cells)}

Goal at 50: ≤ ${GOAL.p50} ms p50, ≤ ${GOAL.p99} ms p99: ${isMet ? 'met' : 'missed'}.`,
  }
}
