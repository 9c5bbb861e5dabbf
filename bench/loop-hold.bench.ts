/**
 * How long do large bodies hold the event loop? Requests up to what is inspected, through a running Weir; the peer is the same
 * body where the tier lets it pass unread. Measured inside Weir's process.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { KeepAlive, openTls } from './harness/client.ts'
import { chatBody, KINDS, type Kind, tinyParts, zipped } from './harness/large-bodies.ts'
import type { LoopHold } from './harness/loop-watch.ts'
import { startAll, startWeir } from './harness/proxies.ts'
import { type Section, table } from './harness/report.ts'
import { AI_HOST, openRig, type Rig, startScript } from './harness/rig.ts'
import { median, withRange } from './harness/stats.ts'

const ROUNDS = 3
const GOAL_MS = 20
const MIB = 1_048_576
/** Of what is inspected, 32 MiB, all but what the head of a chat request may take. */
const SIZES = [MIB, 8 * MIB, 32 * MIB - 65_536]
/** The largest body that is read where it is. */
const SMALL = 262_000

const AGENTS = {
  allow: 'QwenCode/0.24.4 (linux; x64)',
  log: 'OpenAI/JS 6.49.0',
  redact: 'codex_cli_rs/0.160.0 (Linux)',
} as const
type Action = keyof typeof AGENTS

interface Case {
  readonly label: string
  readonly action: Action
  /** New for each round: what was read before is remembered. */
  readonly bodies: () => readonly string[]
  readonly lines?: string
}

const one = (action: Action, kind: Kind, bytes: number): Case => ({
  label: `${sizeText(bytes)} ${kind}`,
  action,
  bodies: () => [chatBody(kind, bytes)],
})

const sizeText = (bytes: number): string =>
  bytes < MIB ? `${Math.round(bytes / 1024)} KiB` : `${Math.round(bytes / MIB)} MiB`

const many =
  (count: number, make: () => string): (() => string[]) =>
  () =>
    Array.from({ length: count }, make)

const CASES: readonly Case[] = [
  ...SIZES.map((bytes) => one('allow', 'benign', bytes)),
  ...SIZES.map((bytes) => one('log', 'benign', bytes)),
  ...(['benign', 'secrets', 'hostile', 'dense'] as const).flatMap((kind) =>
    SIZES.map((bytes) => one('redact', kind, bytes)),
  ),
  {
    label: '32 MiB secrets, gzip',
    action: 'redact',
    bodies: () => [zipped(chatBody('secrets', 32 * MIB - 65_536))],
    lines: 'Content-Encoding: gzip\r\n',
  },
  { label: '8 × 4 MiB secrets at once', action: 'redact', bodies: many(8, () => chatBody('secrets', 4 * MIB)) },
  ...(Object.keys(KINDS) as Kind[]).map((kind) => one('redact', kind, SMALL)),
  { label: '256 KiB in tiny parts', action: 'redact', bodies: () => [tinyParts(SMALL)] },
  { label: '32 MiB in tiny parts', action: 'redact', bodies: () => [tinyParts(32 * MIB - 65_536)] },
  { label: '30 × 256 KiB benign at once', action: 'allow', bodies: many(30, () => chatBody('benign', SMALL)) },
  { label: '30 × 256 KiB benign at once', action: 'redact', bodies: many(30, () => chatBody('benign', SMALL)) },
  { label: '30 × 256 KiB dense at once', action: 'redact', bodies: many(30, () => chatBody('dense', SMALL)) },
  {
    label: 'answer of 4 MB',
    action: 'allow',
    bodies: () => [chatBody('secrets', 4000)],
    lines: 'X-Answer-Bytes: 4000000\r\n',
  },
  {
    label: 'answer of 4 MB, restored',
    action: 'redact',
    bodies: () => [chatBody('secrets', 4000)],
    lines: 'X-Answer-Bytes: 4000000\r\n',
  },
]

interface Measured {
  readonly of: Case
  readonly holds: LoopHold[]
  readonly statuses: Set<number>
}

async function readHold(path: string): Promise<LoopHold> {
  const socket = connect(path)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  await once(socket, 'close')
  return JSON.parse(text) as LoopHold
}

/** Long enough that what ends an exchange has ended. */
const SETTLE_MS = 100

async function measure(proxyPort: number, socket: string, { of, holds, statuses }: Measured): Promise<void> {
  const requests = of
    .bodies()
    .map(
      (body) =>
        `POST /compatible-mode/v1/chat/completions HTTP/1.1\r\nHost: ${AI_HOST}\r\nUser-Agent: ${AGENTS[of.action]}\r\n` +
        `Content-Type: application/json\r\n${of.lines ?? ''}Content-Length: ${body.length}\r\n\r\n${body}`,
    )
  const direct = { host: '127.0.0.1', port: 0 }
  const connections = await Promise.all(
    requests.map(async () => new KeepAlive(await openTls({ proxyPort, direct }, AI_HOST, 443), 60_000)),
  )
  await readHold(socket)
  const answers = await Promise.all(connections.map((connection, at) => connection.send(requests[at] ?? '')))
  for (const status of answers) statuses.add(status)
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  holds.push(await readHold(socket))
  for (const connection of connections) connection.close()
}

export async function run(rounds = ROUNDS): Promise<Section> {
  const rig = await openRig()
  try {
    const measured = CASES.map((of): Measured => ({ of, holds: [], statuses: new Set() }))
    const { port, socket } = await start(rig)
    // Compiled code and warm pools first.
    const warm = { of: one('redact', 'secrets', MIB), holds: [], statuses: new Set<number>() }
    for (let count = 0; count < 5; count += 1) await measure(port, socket, warm)
    for (let round = 0; round < rounds; round += 1) {
      for (const each of measured) await measure(port, socket, each)
    }
    return section(measured, rounds)
  } finally {
    await rig.close()
  }
}

async function start(rig: Rig): Promise<{ readonly port: number; readonly socket: string }> {
  const { originLeaf, originKey } = rig.certificates
  await startScript(rig, 'peers/body-origin.ts', [originLeaf, originKey, rig.address])
  const socket = join(rig.dir, 'loop.sock')
  const watch = new URL('./harness/loop-watch.ts', import.meta.url)
  watch.searchParams.set('socket', socket)
  const { contenders } = await startAll(rig, [startWeir({ nodeArgs: ['--import', watch.href] })])
  return { port: contenders[0]?.port ?? 0, socket }
}

function section(measured: readonly Measured[], rounds: number): Section {
  const rows = measured.map(({ of, holds, statuses }) => [
    of.label,
    of.action,
    withRange(
      holds.map(({ cpuMax }) => cpuMax),
      1,
    ),
    withRange(
      holds.map(({ max }) => max),
      1,
    ),
    median(holds.map(({ p99 }) => p99)).toFixed(1),
    [...statuses].join(', '),
  ])
  const over = measured.filter(({ of, holds }) => of.action !== 'allow' && median(holds.map((h) => h.cpuMax)) > GOAL_MS)
  const verdict = over.length === 0 ? 'met' : `missed: ${over.map(({ of }) => `${of.label} (${of.action})`).join('; ')}`
  return {
    name: 'loop-hold',
    title: 'How long large bodies hold the event loop',
    body: `Chat requests over TLS through one Weir, each with text that was never seen before; the peer is the same size where the tier says
\`allow\`. Held: the longest time between two turns of Weir's event loop while the case ran, by a timer of 1 ms inside its process: processor time
of the main thread in that turn, and by the clock, which on a machine that clients, origin and Weir share also counts when others ran. Milliseconds, median (range) of
${rounds} rounds; the 99th percentile is by the clock. Secrets: a token every 2 KB; dense: nothing but tokens; hostile: beginnings of secrets; answer: a whole
JSON answer that repeats a placeholder on every line.

${table(['request', 'tier', 'held, processor', 'held, clock', 'p99', 'status'], rows)}

Goal: no case that is read holds the loop for more than ${GOAL_MS} ms of processor time: ${verdict}.`,
  }
}
