/** How fast records reach each kind of receiver on this machine, and what a dead one costs a durable record. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { SinkSettings } from '../src/audit/sinks/settings.ts'
import { openSinks } from '../src/audit/sinks/sinks.ts'
import { createSpool, type Spool } from '../src/audit/spool.ts'
import { singleOutcome } from '../test/audit/events.ts'
import { fileSettings, hecSettings, otlpSettings, syslogSettings } from '../test/audit/sinks/world.ts'
import { type Section, table } from './harness/report.ts'
import { median, quantile } from './harness/stats.ts'

const EVENTS = 20_000
const ROUNDS = 5
const ROUND_MS = 1000
const CONCURRENT = 50

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Events per second from the files to the confirmation of the last one. */
async function throughput(dir: string, settings: SinkSettings): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-sinks-state-'))
  const beforeMs = performance.now()
  const sinks = openSinks({ dir, folder, sinks: [settings], stream: 'bench', durableSeq: EVENTS })
  while ((sinks.status()[0]?.delivered ?? 0) < EVENTS) await pause(5)
  const seconds = (performance.now() - beforeMs) / 1000
  await sinks.close()
  rmSync(folder, { recursive: true })
  return EVENTS / seconds
}

async function latencies(spool: Spool): Promise<{ readonly p50: number; readonly p99: number }> {
  const found: number[] = []
  const endMs = performance.now() + ROUND_MS
  const appendUntilEnd = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const beforeMs = performance.now()
      await spool.append(singleOutcome())
      found.push(performance.now() - beforeMs)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT }, appendUntilEnd))
  return { p50: quantile(found, 0.5), p99: quantile(found, 0.99) }
}

/** Interleaved rounds without a sink and with receivers of every kind that are gone or silent, each on a spool of its own. */
async function deadSinks(rounds: number): Promise<readonly (readonly string[])[]> {
  const data = mkdtempSync(join(tmpdir(), 'weir-sinks-dead-'))
  const notify = { durable: (_seq: number): void => undefined }
  const spoolOf = (name: string, onCommit: (seq: number) => void): Spool =>
    createSpool({ dir: join(data, name), stream: 'bench', segmentBytes: 268_435_456, onCommit })
  const alone = spoolOf('alone', () => undefined)
  const watched = spoolOf('watched', (seq) => notify.durable(seq))
  const silent = createHttp(() => undefined)
  const url = `http://127.0.0.1:${await listen(silent)}`
  const settings: readonly SinkSettings[] = [
    syslogSettings(1, { name: 'gone', timeoutMs: 1000 }),
    otlpSettings(url, { name: 'silent' }),
    hecSettings(url, { name: 'silent-too', timeoutMs: 100 }),
    fileSettings('/dev/full', { name: 'full' }),
  ]
  const options = { dir: join(data, 'watched'), folder: join(data, 'sinks'), sinks: settings, stream: 'bench' }
  const sinks = openSinks({ ...options, durableSeq: 0 })
  notify.durable = sinks.durable
  const measured = { alone: [] as { p50: number; p99: number }[], watched: [] as { p50: number; p99: number }[] }
  await latencies(alone) // warms up
  for (let round = 0; round < rounds; round++) {
    measured.alone.push(await latencies(alone))
    measured.watched.push(await latencies(watched))
  }
  await Promise.all([alone.close(), watched.close(), sinks.close()])
  silent.closeAllConnections()
  silent.close()
  rmSync(data, { recursive: true })
  return Object.entries(measured).map(([name, rows]) => [
    name === 'alone' ? 'no sink' : 'four dead sinks',
    median(rows.map(({ p50 }) => p50)).toFixed(2),
    median(rows.map(({ p99 }) => p99)).toFixed(2),
  ])
}

/** Measure on the disk of the temporary folder, against receivers in this process that read and confirm. */
export async function run(rounds = ROUNDS): Promise<Section> {
  const data = mkdtempSync(join(tmpdir(), 'weir-sinks-'))
  const dir = join(data, 'audit')
  const spool = createSpool({ dir, stream: 'bench', segmentBytes: 268_435_456 })
  await Promise.all(Array.from({ length: EVENTS }, () => spool.append(singleOutcome())))
  await spool.close()
  const http = createHttp((request, response) => request.on('end', () => response.end('{}')).resume())
  const tcp = createTcp((socket) => socket.resume())
  const url = `http://127.0.0.1:${await listen(http)}`
  const receivers: readonly SinkSettings[] = [
    syslogSettings(await listen(tcp)),
    hecSettings(url),
    otlpSettings(url),
    fileSettings(join(data, 'copy.jsonl')),
  ]
  const rows: string[][] = []
  for (const settings of receivers) {
    const found: number[] = []
    for (let round = 0; round < rounds; round++) found.push(await throughput(dir, settings))
    rows.push([settings.kind, median(found).toFixed(0)])
  }
  http.close()
  tcp.close()
  const dead = await deadSinks(rounds)
  rmSync(data, { recursive: true })
  return {
    name: 'sinks',
    title: 'Records sent on',
    body: `${EVENTS} records from the files to a receiver in the same process, start of the thread and confirmation included, deliveries of 500; medians of ${rounds}.

${table(['receiver', 'events/s'], rows)}

A durable record at ${CONCURRENT} at once, with nobody and with four receivers that are gone, silent or full; ${rounds} interleaved rounds of ${ROUND_MS / 1000} s, medians.

${table(['', 'p50 ms', 'p99 ms'], dead)}`,
  }
}
