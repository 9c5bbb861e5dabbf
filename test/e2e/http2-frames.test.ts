/** Frame sequences by hand against HTTP/2 inside interception: each gets the answer of test/cases/http2-frames.yaml. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { ask, http2Through } from '../helpers/http2-client.ts'
import { frameOf, type RawHttp2Client, rawHttp2Through } from '../helpers/http2-frames.ts'
import { FRAME, type Frame, frame } from '../helpers/http2-origin.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { startWeir } from '../helpers/weir.ts'

interface Row {
  readonly case: string
  readonly rfc: string
  readonly frames: string[]
  /** More than one: it depends on what Weir is just doing. */
  readonly answer: string | string[]
  readonly reaches?: number | 'any'
  readonly preface?: boolean
  readonly bytes?: string
  readonly drops?: boolean
}

const { cases } = parse(readFileSync('test/cases/http2-frames.yaml', 'utf8')) as { cases: Row[] }

const HOST = 't1.openai.azure.com'
const PING = Buffer.from('are you?')
/** What a request without a field of its own has at the origin. */
const PLAIN_NAMES = ['host', 'connection']
const LAST_STREAM = 2001

/** RFC 9113 section 7, from 0. */
const CODES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
]

/** What RST_STREAM or GOAWAY says. */
function errorOf({ type, payload }: Frame): string {
  const code = payload.readUInt32BE(type === FRAME.goaway ? 4 : 0)
  return CODES[code] ?? String(code)
}

/** The status of a response's HEADERS: HPACK's encoders write it first, by index or as a literal, perhaps by Huffman. */
function statusOf({ payload }: Frame): number {
  const [first = 0, length = 0] = payload
  if (first >= 0x80) return [200, 204, 206, 304, 400, 404, 500][(first & 0x7f) - 8] ?? 0
  const value = payload.subarray(2, 2 + (length & 0x7f))
  return Number((length & 0x80) === 0 ? value.toString('latin1') : digitsOf(value))
}

/** Digits by HPACK's code (RFC 7541 appendix B): 0 to 2 have five bits, the others six. */
function digitsOf(bytes: Uint8Array): string {
  let bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  let text = ''
  while (bits.length >= 5) {
    const short = Number.parseInt(bits.slice(0, 5), 2)
    const size = short <= 2 ? 5 : 6
    if (bits.length < size) break
    text += String(size === 5 ? short : Number.parseInt(bits.slice(0, 6), 2) - 22)
    bits = bits.slice(size)
  }
  return text
}

/** What comes, in the words of the table. */
async function answerTo(client: RawHttp2Client, expected: string): Promise<string> {
  const stream = Number(expected.split(' ')[1])
  client.send(frame(FRAME.ping, 0, 0, PING))
  const isEnd = ({ type }: Frame): boolean => type === FRAME.goaway
  const isPong = ({ type, payload }: Frame): boolean => type === FRAME.ping && payload.equals(PING)
  const isAnswer = ({ type, id }: Frame): boolean => (type === FRAME.rst || type === FRAME.headers) && id === stream
  let found = await client.find((each) => isEnd(each) || isPong(each))
  if (found !== null && isPong(found) && !Number.isNaN(stream)) {
    found = await client.find((each) => isEnd(each) || isAnswer(each))
  }
  found = client.frames.find(isEnd) ?? found
  if (found === null) return 'cut'
  if (isPong(found)) return 'lives'
  if (found.type === FRAME.headers) return `status ${stream} ${statusOf(found)}`
  if (found.type === FRAME.rst) return `reset ${stream} ${errorOf(found)}`
  await client.closed
  return `goaway ${errorOf(found)}`
}

t.test('each sequence of frames gets its answer, no bad request goes on, and another connection lives', async (t) => {
  const pki = await makePki(t)
  const seen: { readonly url: string; readonly names: readonly string[] }[] = []
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    seen.push({ url: request.url ?? '', names: Object.keys(request.headers) })
    request.resume()
    request.once('error', () => undefined)
    request.once('end', () => response.end('fine'))
  })
  const weir = await startWeir(t, { pins: { [`${HOST}:443`]: origin.address }, roots: [pki.rootPem] })
  const { session } = await http2Through(t, weir, HOST)
  for (const [index, row] of cases.entries()) {
    const path = `/case-${index}`
    const client = await rawHttp2Through(t, weir, HOST, row.preface === false ? null : [])
    client.send(Buffer.from(row.bytes ?? ''), ...row.frames.map((each) => frameOf(each, HOST, path)))
    const title = `${row.case} (${row.rfc})`
    const expected = [row.answer].flat()
    const answer = await answerTo(client, expected[0] ?? '')
    // A reset of the connection may overtake the GOAWAY before it: gone is gone.
    const isRight =
      expected.includes(answer) || (answer === 'cut' && expected.some((each) => each.startsWith('goaway')))
    t.ok(isRight, `${title}: ${answer}, expected ${expected.join(' or ')}`)
    if (!/^(?:goaway|cut|closed)/u.test(answer)) {
      client.send(frameOf(`HEADERS +end +headers on:${LAST_STREAM} GET`, HOST, '/after'))
      const after = await client.find(({ type, id }) => type === FRAME.headers && id === LAST_STREAM)
      t.not(after, null, `and the connection serves the next request: ${title}`)
    }
    client.socket.destroy()
    t.equal((await ask(session, {})).body.toString(), 'fine', `another connection goes on: ${title}`)
    const reached = seen.filter(({ url }) => url === path)
    if (row.reaches !== 'any') t.equal(reached.length, row.reaches ?? 0, `reaches: ${title}`)
    const names = new Set(reached.flatMap((each) => each.names))
    if (row.drops === true) t.strictSame([...names], PLAIN_NAMES, `without that field: ${title}`)
  }
})
