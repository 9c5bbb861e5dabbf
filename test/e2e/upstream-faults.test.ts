/** Every way in which a server breaks, on intercepted exchanges over HTTP/1 and HTTP/2: an answer, or a visible cut. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { type OriginTrust, startFaultyOrigin } from '../helpers/faulty-origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { tlsThrough } from '../helpers/wire-client.ts'

interface Row {
  readonly fault: string
  readonly answer: 'ok' | 'cut' | 502 | 504
  readonly code?: string
  readonly memory?: boolean
  readonly upload?: boolean
}

const { faults } = parse(readFileSync('test/cases/upstream-faults.yaml', 'utf8')) as { faults: Row[] }

const PORT = 443
const hostOf = (index: number): string => `h${index}.openai.azure.com`
/** The path of an inference request: the copy of it is measured. */
const PATH = '/openai/deployments/m/chat/completions'
const UPLOAD_BYTES = 4 * 1024 * 1024
/** What an endless answer may cost, however much of it passes. */
const MEMORY_BYTES = 128 * 1024 * 1024
/** Of an endless answer this much is read before the client goes. */
const ENOUGH_BYTES = 160 * 1024 * 1024
/** So many rows run at once; those that look at memory or send much run alone. */
const AT_ONCE = 6

interface Outcome {
  readonly status: number
  readonly bytes: number
  readonly text: string
  readonly isWhole: boolean
}

const body = (row: Row): Buffer =>
  row.upload === true
    ? Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(UPLOAD_BYTES) }] }))
    : Buffer.from('{"messages":[]}')

async function askHttp1(weir: TestWeir, host: string, row: Row): Promise<Outcome> {
  const socket = await tlsThrough(weir.port, `${host}:${PORT}`, { ca: weir.ca, ALPNProtocols: ['http/1.1'] })
  const sent = body(row)
  socket.write(
    `POST ${PATH} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${sent.length}\r\n\r\n`,
  )
  socket.write(sent)
  let head = ''
  let text = ''
  let bytes = 0
  let isClosed = false
  return new Promise((resolve) => {
    const settle = (isWhole: boolean): void => {
      socket.destroy()
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/u.exec(head)?.[1] ?? 0), bytes, text, isWhole })
    }
    const check = (): void => {
      const length = /^content-length: (\d+)/imu.exec(head)?.[1]
      const isWhole = length !== undefined ? bytes >= Number(length) : text.endsWith('0\r\n\r\n')
      if (isWhole || /^HTTP\/1\.1 204/u.test(head)) settle(true)
      else if (isClosed || bytes > ENOUGH_BYTES) settle(false)
    }
    socket.on('data', (chunk: Buffer) => {
      let rest = chunk
      if (!head.endsWith('\r\n\r\n')) {
        head += chunk.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        rest = Buffer.from(head.slice(end + 4), 'latin1')
        head = head.slice(0, end + 4)
        if (/^HTTP\/1\.1 1/u.test(head)) {
          // An interim answer: the next head follows, or is in this chunk already.
          head = ''
          socket.unshift(rest)
          return
        }
      }
      bytes += rest.length
      text = (text + rest.toString('latin1')).slice(-500)
      check()
    })
    const onEnd = (): void => {
      isClosed = true
      check()
    }
    socket.once('end', onEnd)
    socket.once('close', onEnd)
  })
}

async function askHttp2(weir: TestWeir, host: string, row: Row): Promise<Outcome> {
  const socket = await tlsThrough(weir.port, `${host}:${PORT}`, { ca: weir.ca, ALPNProtocols: ['h2'] })
  const session = connectHttp2(`https://${host}`, { createConnection: () => socket })
  session.on('error', () => undefined)
  const stream = session.request({
    ':method': 'POST',
    ':path': PATH,
    ':authority': host,
    'content-type': 'application/json',
  })
  let status = 0
  let bytes = 0
  let text = ''
  const ended = { is: false }
  stream.on('error', () => undefined)
  stream.on('response', (headers) => {
    status = Number(headers[':status'])
  })
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    text = (text + chunk.toString('latin1')).slice(-500)
    if (bytes > ENOUGH_BYTES) stream.close(8)
  })
  stream.on('end', () => {
    ended.is = true
  })
  stream.end(body(row))
  await new Promise((resolve) => stream.once('close', resolve))
  const isWhole = ended.is && stream.rstCode === 0
  session.destroy()
  socket.destroy()
  return { status, bytes, text, isWhole }
}

function selfSigned(host: string): { cert: string; key: string } {
  const dir = mkdtempSync(join(tmpdir(), 'weir-self-'))
  try {
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
    const files = ['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')]
    execFileSync('openssl', [...args, ...files, '-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`], {
      stdio: 'ignore',
    })
    return { cert: readFileSync(join(dir, 'cert.pem'), 'utf8'), key: readFileSync(join(dir, 'key.pem'), 'utf8') }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const DAY_MS = 86_400_000

for (const [version, ask] of [
  ['HTTP/1', askHttp1],
  ['HTTP/2', askHttp2],
] as const) {
  t.test(`a server that breaks ends in an answer or a visible cut, never a clean end: ${version}`, async (t) => {
    const good = await makePki(t)
    const past = await makePki(t, () => Date.now() - 400 * DAY_MS)
    const trust: OriginTrust = { good, past, foreign: await makePki(t), selfSigned: selfSigned('self.example') }
    const pins: Record<string, string> = {}
    for (const [index, { fault }] of faults.entries()) {
      pins[`${hostOf(index)}:${PORT}`] = (await startFaultyOrigin(t, fault, hostOf(index), trust)).address
    }
    const weir = await startWeir(t, {
      pins,
      roots: [good.rootPem, past.rootPem],
      config: { timeouts: { connectMs: 3000, handshakeMs: 3000, firstByteMs: 3000, bodyIdleMs: 2000, drainMs: 1000 } },
    })
    const checkRow = async ([index, row]: readonly [number, Row]): Promise<void> => {
      const before = process.memoryUsage().rss
      const outcome = await ask(weir, hostOf(index), row)
      const title = `${row.fault}: ${JSON.stringify(outcome).slice(0, 200)}`
      if (row.answer === 'ok') t.ok(outcome.isWhole, `the answer passes: ${title}`)
      else if (row.answer === 'cut') t.notOk(outcome.isWhole, `the client sees a cut: ${title}`)
      else t.equal(outcome.status, row.answer, `an answer of Weir's: ${title}`)
      if (typeof row.answer === 'number') t.match(outcome.text, /"error":/u, `which says what happened: ${title}`)
      t.notMatch(outcome.text, /POISON/u, title)
      if (row.memory === true) t.ok(process.memoryUsage().rss - before < MEMORY_BYTES, `in flat memory: ${row.fault}`)
      const events = await weir.waitForEvents((all) =>
        flowEvents(all).some((event) => event['phase'] === 'outcome' && isOf(all, event, hostOf(index))),
      )
      const event = events.find((each) => each['phase'] === 'outcome' && isOf(events, each, hostOf(index)))
      const error = event?.['error'] as { code: string } | null | undefined
      t.equal(error?.code ?? null, row.code ?? null, `the event has its code: ${row.fault}`)
      t.equal(event?.['complete'], row.code === undefined, `and says whether it is complete: ${row.fault}`)
    }
    const isAlone = (row: Row): boolean => row.memory === true || row.upload === true
    const rows = [...faults.entries()].filter(([, row]) => !isAlone(row))
    const takeRows = async (): Promise<void> => {
      for (let row = rows.shift(); row !== undefined; row = rows.shift()) await checkRow(row)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, takeRows))
    for (const row of faults.entries()) if (isAlone(row[1])) await checkRow(row)
    t.equal(faults.length, 39)
  })
}

/** Does an outcome belong to the exchange with this host? The host stands in the intent. */
function isOf(all: Record<string, unknown>[], outcome: Record<string, unknown>, host: string): boolean {
  return all.some(
    ({ flow, destination }) =>
      flow === outcome['flow'] && (destination as { host?: string } | undefined)?.host === host,
  )
}
