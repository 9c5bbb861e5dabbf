/** How much later the first event of a stream arrives through a proxy than without one. */
import { KeepAlive, openTls } from './harness/client.ts'
import { missingText, startAll, startMockttp, startSquid, startWeir } from './harness/proxies.ts'
import { type Section, table } from './harness/report.ts'
import { AI_HOST, openRig, startScript } from './harness/rig.ts'
import { quantile } from './harness/stats.ts'

const ROUNDS = 5
const REQUESTS = 120
const GOAL = { p50: 2, p99: 10 }

const BODY = JSON.stringify({
  model: 'qwen-plus',
  stream: true,
  messages: [{ role: 'user', content: 'Please say hello.' }],
})

const request = (userAgent: string): string =>
  `POST /compatible-mode/v1/chat/completions HTTP/1.1\r\nHost: ${AI_HOST}\r\nUser-Agent: ${userAgent}\r\n` +
  `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(BODY)}\r\n\r\n${BODY}`

const ALLOWED = request('QwenCode/0.24.4 (linux; x64)')
const LOGGED = request('OpenAI/JS 6.49.0')

interface Subject {
  readonly label: string
  readonly text: string
  readonly connection: KeepAlive
  readonly waits: number[]
}

async function firstByteMs({ connection, text }: Subject): Promise<number> {
  const from = performance.now()
  let first = Number.NaN
  const status = await connection.send(text, () => (first = performance.now() - from))
  if (status !== 200) throw new Error(`status ${status}`)
  return first
}

export async function run(rounds = ROUNDS): Promise<Section> {
  const rig = await openRig()
  try {
    const { originLeaf, originKey } = rig.certificates
    await startScript(rig, 'peers/sse-origin.ts', [originLeaf, originKey, rig.address])
    const { contenders, missing } = await startAll(rig, [startSquid('bump'), startWeir(), startMockttp])
    const direct = { host: rig.address, port: 443 }
    const subjects: Subject[] = []
    const add = async (label: string, text: string, proxyPort: number | null): Promise<void> => {
      const connection = new KeepAlive(await openTls({ proxyPort, direct }, AI_HOST, 443))
      subjects.push({ label, text, connection, waits: [] })
    }
    await add('direct', LOGGED, null)
    for (const { name, port } of contenders) {
      if (name === 'Weir') await add('Weir, allow', ALLOWED, port)
      await add(name === 'Weir' ? 'Weir, log' : name, LOGGED, port)
    }
    for (const subject of subjects) for (let index = 0; index < REQUESTS; index++) await firstByteMs(subject)
    // One after the other, so that a busy moment of the machine meets all alike.
    for (let index = 0; index < rounds * REQUESTS; index++) {
      for (const subject of subjects) subject.waits.push(await firstByteMs(subject))
    }
    for (const { connection } of subjects) connection.close()
    return section(subjects, missingText(missing), rounds)
  } finally {
    await rig.close()
  }
}

function section(subjects: readonly Subject[], missing: string, rounds: number): Section {
  const direct = subjects[0]?.waits ?? []
  const added = ({ waits }: Subject, share: number): number => quantile(waits, share) - quantile(direct, share)
  const rows = subjects.map((subject) => [
    subject.label,
    quantile(subject.waits, 0.5).toFixed(2),
    quantile(subject.waits, 0.99).toFixed(2),
    added(subject, 0.5).toFixed(2),
    added(subject, 0.99).toFixed(2),
  ])
  const verdicts = subjects
    .filter(({ label }) => label.startsWith('Weir'))
    .map((subject) => {
      const isMet = added(subject, 0.5) <= GOAL.p50 && added(subject, 0.99) <= GOAL.p99
      return `${subject.label} ${isMet ? 'met' : 'missed'}`
    })
  return {
    name: 'first-event',
    title: 'First event of a stream',
    body: `From the request's first byte to the first byte of the answer's body; the origin (node:https) sends its head at once and the first event 5 ms later. Keep-alive, one request
at a time, all in turn, ${rounds * REQUESTS} requests each after a warm-up; milliseconds. Log includes the durable intent before the request goes out.

${table(['path', 'p50', 'p99', 'added p50', 'added p99'], rows)}
${missing}
Goal: added ≤ ${GOAL.p50} ms p50, ≤ ${GOAL.p99} ms p99: ${verdicts.join('; ')}.`,
  }
}
