/** Every way in which a server breaks HTTP/2, for clients of both versions: an answer, or a visible cut; other origins go on. */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { startFaultyHttp2Origin } from '../helpers/faulty-http2-origin.ts'
import { ask, http2Through } from '../helpers/http2-client.ts'
import { startHttp2Origin } from '../helpers/http2-origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { exchangeOnce, tlsThrough } from '../helpers/wire-client.ts'

interface Row {
  readonly fault: string
  readonly answer: 'ok' | 'cut' | 502 | 504
  readonly code?: string
  readonly overHttp2?: string
  readonly memory?: boolean
  readonly upload?: boolean
}

const { http2: faults } = parse(readFileSync('test/cases/upstream-faults.yaml', 'utf8')) as { http2: Row[] }

const GOOD = 'good.openai.azure.com'
const hostOf = (index: number): string => `h${index}.openai.azure.com`
const PATH = '/openai/deployments/m/chat/completions'
const UPLOAD_BYTES = 200_000
/** What a flood may cost, however long it goes on. */
const MEMORY_BYTES = 128 * 1024 * 1024

interface Outcome {
  readonly status: number
  readonly text: string
  readonly isWhole: boolean
}

const body = (row: Row): string =>
  JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(row.upload === true ? UPLOAD_BYTES : 1) }] })

async function askHttp1(_t: Test, weir: TestWeir, host: string, row: Row): Promise<Outcome> {
  const socket = await tlsThrough(weir.port, `${host}:443`, { ca: weir.ca, ALPNProtocols: ['http/1.1'] })
  const sent = body(row)
  const lines = `Host: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${sent.length}\r\nConnection: close`
  const whole = await exchangeOnce(socket, `POST ${PATH} HTTP/1.1\r\n${lines}\r\n\r\n${sent}`)
  // Interim answers stand before the one that counts.
  const [, status = '', head = '', text = ''] =
    /^(?:HTTP\/1\.1 1\d\d .*?\r\n\r\n)*HTTP\/1\.1 (\d+) (.*?)\r\n\r\n(.*)$/su.exec(
      `${whole.head}\r\n\r\n${whole.body}`,
    ) ?? []
  const length = /^content-length: (\d+)/imu.exec(head)?.[1]
  return {
    status: Number(status),
    text,
    isWhole: length === undefined ? text.endsWith('0\r\n\r\n') : text.length >= Number(length),
  }
}

async function askHttp2(t: Test, weir: TestWeir, host: string, row: Row): Promise<Outcome> {
  const { session, socket } = await http2Through(t, weir, host)
  const response = await ask(
    session,
    { ':method': 'POST', ':path': PATH, 'content-type': 'application/json' },
    body(row),
  )
  socket.destroy()
  return { status: response.status, text: response.body.toString(), isWhole: response.rstCode === 0 }
}

const asOverHttp2 = (row: Row): Row =>
  row.overHttp2 === undefined ? row : { ...row, answer: 502, code: row.overHttp2 }

for (const [version, askFor] of [
  ['HTTP/1', askHttp1],
  ['HTTP/2', askHttp2],
] as const) {
  t.test(`a server that breaks HTTP/2 harms no other, and its clients see what happened: ${version}`, async (t) => {
    const pki = await makePki(t)
    const good = await startHttp2Origin(t, pki, (stream) => {
      stream.respond({ ':status': 200 })
      stream.end('fine')
    })
    const pins: Record<string, string> = { [`${GOOD}:443`]: good.address }
    for (const [index, { fault }] of faults.entries()) {
      pins[`${hostOf(index)}:443`] = (await startFaultyHttp2Origin(t, fault, pki)).address
    }
    const weir = await startWeir(t, {
      pins,
      roots: [pki.rootPem],
      config: { timeouts: { connectMs: 1000, handshakeMs: 1000, firstByteMs: 1500, bodyIdleMs: 700, drainMs: 1000 } },
    })
    const { session } = await http2Through(t, weir, GOOD)
    for (const [index, each] of faults.entries()) {
      const row = askFor === askHttp2 ? asOverHttp2(each) : each
      const before = process.memoryUsage().rss
      const outcome = await askFor(t, weir, hostOf(index), row)
      const title = `${row.fault}: ${JSON.stringify(outcome).slice(0, 200)}`
      if (row.answer === 'ok') t.ok(outcome.isWhole, `the answer passes: ${title}`)
      else if (row.answer === 'cut') t.notOk(outcome.isWhole, `the client sees a cut: ${title}`)
      else t.match(outcome, { status: row.answer, text: /"error":/u }, `an answer of Weir's: ${title}`)
      t.notMatch(outcome.text, /POISON/u, title)
      if (row.memory === true) t.ok(process.memoryUsage().rss - before < MEMORY_BYTES, `in flat memory: ${row.fault}`)
      t.equal((await ask(session, {})).body.toString(), 'fine', `another origin goes on: ${row.fault}`)
      const event = await outcomeOf(weir, hostOf(index))
      const error = event?.['error'] as { code: string } | null | undefined
      t.equal(error?.code ?? null, row.code ?? null, `the event has its code: ${row.fault}`)
      t.equal(event?.['complete'], row.code === undefined, `and says whether it is complete: ${row.fault}`)
    }
    t.equal(good.connections(), 1, 'the other origin kept its one connection')
  })
}

/** The outcome of the exchange with this host, which stands in the intent. */
async function outcomeOf(weir: TestWeir, host: string): Promise<Record<string, unknown> | undefined> {
  const isIt = (all: Record<string, unknown>[], each: Record<string, unknown>): boolean =>
    each['phase'] === 'outcome' &&
    all.some(
      ({ flow, destination }) => flow === each['flow'] && (destination as { host?: string } | undefined)?.host === host,
    )
  const all = await weir.waitForEvents((events) => flowEvents(events).some((each) => isIt(events, each)))
  return all.find((each) => isIt(all, each))
}
