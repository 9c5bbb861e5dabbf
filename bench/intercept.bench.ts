/** Processor time per small intercepted request on keep-alive connections, Weir beside Squid ssl-bump, mockttp and mitmproxy. */
import { KeepAlive, openTls, sendAll } from './harness/client.ts'
import { cpuSeconds } from './harness/process-tree.ts'
import {
  type Contender,
  type Missing,
  missingText,
  startAll,
  startMitmproxy,
  startMockttp,
  startSquid,
  startWeir,
} from './harness/proxies.ts'
import { type Section, table } from './harness/report.ts'
import { AI_HOST, openRig, startNginx } from './harness/rig.ts'
import { median, withRange } from './harness/stats.ts'

const ROUNDS = 5
const CONNECTIONS = 32
/** Requests in a round and before the first one; slow peers get fewer. */
const COUNTS: Readonly<Record<string, { readonly round: number; readonly warm: number }>> = {
  mockttp: { round: 800, warm: 800 },
  mitmproxy: { round: 300, warm: 100 },
}
const DEFAULT_COUNT = { round: 3000, warm: 5000 }
const GOAL = 1.3

const BODY = JSON.stringify({
  model: 'qwen-plus',
  messages: [{ role: 'user', content: 'Please say hello to the people who read this file, in one short sentence.' }],
})

const request = (userAgent: string): string =>
  `POST /compatible-mode/v1/chat/completions HTTP/1.1\r\nHost: ${AI_HOST}\r\nUser-Agent: ${userAgent}\r\nAccept: application/json\r\n` +
  'Accept-Encoding: gzip, deflate\r\nAuthorization: Bearer sk-not-a-key\r\nContent-Type: application/json\r\n' +
  `X-Stainless-Lang: js\r\nX-Stainless-Retry-Count: 0\r\nContent-Length: ${Buffer.byteLength(BODY)}\r\n\r\n${BODY}`

/** By the shipped policy: Qwen Code is approved (allow), everybody else here is monitored (log). */
const KINDS = {
  allow: request('QwenCode/0.24.4 (linux; x64)'),
  log: request('OpenAI/JS 6.49.0'),
} as const

type Kind = keyof typeof KINDS

interface Subject {
  readonly label: string
  readonly contender: Contender
  readonly kind: Kind
  readonly connections: readonly KeepAlive[]
  readonly millisPerRequest: number[]
  readonly requestsPerSecond: number[]
}

async function subject(contender: Contender, kind: Kind, direct: { host: string; port: number }): Promise<Subject> {
  const open = (): ReturnType<typeof openTls> => openTls({ proxyPort: contender.port, direct }, AI_HOST, 443)
  const connections: KeepAlive[] = []
  for (let index = 0; index < CONNECTIONS; index++) connections.push(new KeepAlive(await open()))
  const label = contender.name === 'Weir' ? `Weir, ${kind}` : contender.name
  return { label, contender, kind, connections, millisPerRequest: [], requestsPerSecond: [] }
}

const countsOf = ({ contender }: Subject) => COUNTS[contender.name] ?? DEFAULT_COUNT

async function round(subject: Subject): Promise<void> {
  const { contender, connections, kind } = subject
  const count = countsOf(subject).round
  const before = cpuSeconds(contender.child.pid)
  const from = performance.now()
  await sendAll(connections, KINDS[kind], count)
  const seconds = (performance.now() - from) / 1000
  // What was put off (records, store) belongs to the requests as well.
  await new Promise((resolve) => setTimeout(resolve, 400))
  subject.millisPerRequest.push(((cpuSeconds(contender.child.pid) - before) * 1000) / count)
  subject.requestsPerSecond.push(count / seconds)
}

/** `only`: measure Weir and Squid alone. */
export async function run(rounds = ROUNDS, only = false): Promise<Section> {
  const rig = await openRig()
  try {
    await startNginx(rig)
    const starts = [startSquid('bump'), startWeir(), ...(only ? [] : [startMockttp, startMitmproxy])]
    const { contenders, missing } = await startAll(rig, starts)
    const direct = { host: rig.address, port: 443 }
    const all: Subject[] = []
    for (const contender of contenders) {
      const kinds: readonly Kind[] = contender.name === 'Weir' ? ['allow', 'log'] : ['allow']
      for (const kind of kinds) all.push(await subject(contender, kind, direct))
    }
    const subjects: Subject[] = []
    const broken: Missing[] = []
    for (const one of all) {
      try {
        await sendAll(one.connections, KINDS[one.kind], countsOf(one).warm)
        subjects.push(one)
      } catch (error) {
        // A peer may fail; Weir must not, and neither must what it is compared with.
        if (COUNTS[one.contender.name] === undefined) throw error
        broken.push({ name: one.label, why: `in the warm-up: ${(error as Error).message}` })
      }
    }
    for (let index = 0; index < rounds; index++) {
      for (const one of subjects) {
        await round(one).catch((error: unknown) => {
          throw new Error(`${one.label}, round ${index + 1}`, { cause: error })
        })
      }
    }
    for (const { connections } of all) for (const connection of connections) connection.close()
    const squid = subjects.find(({ contender }) => contender.name.startsWith('Squid'))
    return section(subjects, squid, missingText([...missing, ...broken]), rounds)
  } finally {
    await rig.close()
  }
}

function section(subjects: readonly Subject[], squid: Subject | undefined, missing: string, rounds: number): Section {
  const ratio = (one: Subject): number | null =>
    squid === undefined ? null : median(one.millisPerRequest) / median(squid.millisPerRequest)
  const rows = subjects.map((one) => [
    one.label,
    withRange(one.millisPerRequest, 3),
    ratio(one)?.toFixed(2) ?? '–',
    median(one.requestsPerSecond).toFixed(0),
  ])
  const verdicts = subjects
    .filter(({ contender }) => contender.name === 'Weir')
    .map((one) => {
      const value = ratio(one)
      if (value === null) return `${one.kind}: no Squid in this run`
      return `${one.kind}: ${value <= GOAL ? 'met' : `missed by ${(value - GOAL).toFixed(2)}×`}`
    })
  return {
    name: 'intercept',
    title: 'Intercepted small requests, keep-alive',
    body: `POST of ${BODY.length} bytes, answer of 0.3 KB, ${CONNECTIONS} keep-alive connections with TLS on both sides, nginx as origin; ${rounds} interleaved rounds of
${DEFAULT_COUNT.round} requests (mockttp 800, mitmproxy 300) after a warm-up. Weir runs the shipped rules with audit and store on; the others have neither policy nor log.

${table(['proxy', 'CPU ms/request, median (range)', '× Squid', 'requests/s'], rows)}
${missing}
Goal ≤ ${GOAL}× Squid: ${verdicts.join('; ')}.`,
  }
}
