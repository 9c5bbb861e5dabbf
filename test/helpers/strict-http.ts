/** Reads what a server received as strictly as RFC 9112 allows, and names everything that some parser may read otherwise. */

export interface StrictRequest {
  readonly line: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export interface StrictReading {
  readonly requests: readonly StrictRequest[]
  /** What could be read in two ways; an honest sender leaves none. */
  readonly doubts: readonly string[]
  /** Bytes of a request that is not whole. */
  readonly rest: string
}

const LINE = /^[A-Z]+ [\x21-\x7e]+ HTTP\/1\.[01]$/u
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*)$/u

/** `bytes`: latin-1, everything that came on one connection. */
export function readStrictly(bytes: string): StrictReading {
  const requests: StrictRequest[] = []
  const doubts: string[] = []
  let at = 0
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n', at)
    if (end < 0) break
    const [line = '', ...lines] = bytes.slice(at, end).split('\r\n')
    if (!LINE.test(line)) doubts.push(`request line ${JSON.stringify(line)}`)
    const headers = lines.map((text) => readHeader(text, doubts))
    const body = readBody(bytes, end + 4, headers, doubts)
    if (body === null) break
    requests.push({ line, headers, body: body.text })
    at = body.end
  }
  return { requests, doubts, rest: bytes.slice(at) }
}

function readHeader(text: string, doubts: string[]): readonly [string, string] {
  const match = HEADER.exec(text)
  if (match === null) doubts.push(`header line ${JSON.stringify(text)}`)
  return [(match?.[1] ?? '').toLowerCase(), (match?.[2] ?? '').trim()]
}

/** `null`: not whole yet. */
function readBody(
  bytes: string,
  from: number,
  headers: StrictRequest['headers'],
  doubts: string[],
): { text: string; end: number } | null {
  const valuesOf = (name: string): string[] => headers.flatMap(([key, value]) => (key === name ? [value] : []))
  const lengths = valuesOf('content-length')
  const codings = valuesOf('transfer-encoding')
  if (valuesOf('host').length !== 1) doubts.push('not exactly one Host')
  if (lengths.length + codings.length > 1) doubts.push('more than one framing header')
  if (lengths.some((value) => !/^\d{1,15}$/u.test(value))) doubts.push('a length that is no plain number')
  if (codings.some((value) => value.toLowerCase() !== 'chunked')) doubts.push('a coding that is not chunked')
  if (codings.length > 0) return readChunks(bytes, from, doubts)
  const end = from + Number(lengths[0] ?? 0)
  return end > bytes.length ? null : { text: bytes.slice(from, end), end }
}

function readChunks(bytes: string, from: number, doubts: string[]): { text: string; end: number } | null {
  let at = from
  let text = ''
  for (;;) {
    const end = bytes.indexOf('\r\n', at)
    if (end < 0) return null
    const size = bytes.slice(at, end)
    if (!/^[0-9A-Fa-f]{1,8}$/u.test(size)) doubts.push(`chunk size ${JSON.stringify(size)}`)
    const length = Number.parseInt(size, 16)
    if (length === 0) return readTrailers(bytes, end + 2, text, doubts)
    at = end + 2 + length
    if (at + 2 > bytes.length) return null
    if (bytes.slice(at, at + 2) !== '\r\n') doubts.push('a chunk without its end')
    text += bytes.slice(end + 2, at)
    at += 2
  }
}

function readTrailers(
  bytes: string,
  from: number,
  text: string,
  doubts: string[],
): { text: string; end: number } | null {
  let at = from
  for (;;) {
    const end = bytes.indexOf('\r\n', at)
    if (end < 0) return null
    if (end === at) return { text, end: end + 2 }
    const [name] = readHeader(bytes.slice(at, end), doubts)
    if (['content-length', 'transfer-encoding', 'host'].includes(name)) doubts.push(`trailer ${name}`)
    at = end + 2
  }
}
