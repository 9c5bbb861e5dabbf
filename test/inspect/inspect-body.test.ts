import fc from 'fast-check'
import t from 'tap'
import type { TextPart } from '../../src/dialects/dialect.ts'
import type { Finding } from '../../src/domain/finding.ts'
import { makeDetectorSet } from '../../src/inspect/engine.ts'
import { expandExample } from '../../src/inspect/example-text.ts'
import { type BodyFindings, inspectBody } from '../../src/inspect/inspect-body.ts'
import { knownValues, NO_KNOWN_VALUES } from '../../src/inspect/known-values.ts'
import { createMemo } from '../../src/inspect/memo.ts'
import type { BlockPlace } from '../../src/inspect/part-places.ts'
import { placeholderFor } from '../../src/inspect/placeholder.ts'
import { redactBody } from '../../src/inspect/redact.ts'
import { shippedDetectors } from '../helpers/detectors.ts'

const detectors = shippedDetectors()
const placeholders = { prefix: 'WEIR', key: Buffer.alloc(32, 1) }
const SECRET = expandExample('glpat-<alnum:20>', 'secret')
const HIDDEN = placeholderFor(placeholders, SECRET)

const part = (body: Uint8Array, escaping: TextPart['escaping'], more: Partial<TextPart> = {}): TextPart => ({
  start: 0,
  end: body.length,
  escaping,
  field: 'f',
  isEditable: true,
  ...more,
})
const inspect = (body: Uint8Array, parts: readonly TextPart[], depth = 3): BodyFindings =>
  inspectBody(body, parts, { detectors, placeholders, depth, isOver: () => false })
function redacted(text: string, escaping: TextPart['escaping'], depth = 3, isJson = false): string {
  const body = Buffer.from(text)
  const { findings } = inspect(body, [part(body, escaping, isJson ? { isJson } : {})], depth)
  return Buffer.from(
    redactBody(body, { findings, severities: ['high', 'medium', 'low'] }, placeholders).body,
  ).toString()
}
const spans = (findings: readonly Finding[]): number[][] => findings.map(({ start, end }) => [start, end])

t.test('a finding carries its detector, field, bytes and how they are written', async (t) => {
  const body = Buffer.from(`{"é":"${SECRET}"}`)
  const { findings } = inspect(body, [part(body, 'json', { start: 7, end: body.length - 2, isEditable: false })])
  t.strictSame(findings, [
    {
      detector: 'gitlab-token',
      severity: 'high',
      field: 'f',
      start: 7,
      end: 7 + SECRET.length,
      isEditable: false,
      escaping: 'json',
    },
  ])
})

t.test('a secret in an attached file is found and cannot be edited', async (t) => {
  const file = Buffer.from(`# settings\nGITLAB=${SECRET}\nEND=1\n`).toString('base64')
  const body = Buffer.from(`data:text/plain;base64,${file}`)
  const { findings } = inspect(body, [part(body, 'json')])
  t.match(findings, [{ detector: 'gitlab-token', isEditable: false, start: 23, end: 23 + file.length }])
})

t.test('text outside the parts is not looked at', async (t) => {
  const body = Buffer.from(`${SECRET} ${SECRET}`)
  t.strictSame(spans(inspect(body, [part(body, 'plain', { start: 27 })]).findings), [[27, 53]])
})

t.test('JSON inside a JSON string is read with its escapes undone, as deep as told', async (t) => {
  const escaped = SECRET.replace('-', '\\u002d')
  const once = `{"arguments":"{\\"token\\":\\"${escaped.replace('\\', '\\\\')}\\"}"}`.slice(14, -2)
  t.equal(redacted(once, 'json', 3, true), `{\\"token\\":\\"${HIDDEN}\\"}`)
  t.equal(redacted(once, 'json', 0), once, 'depth 0: not looked into')
  const deep = JSON.stringify(JSON.stringify({ a: JSON.stringify({ b: `x\n${SECRET}\n` }) })).slice(1, -1)
  t.equal(redacted(deep, 'json'), deep.replace(SECRET, HIDDEN))
})

t.test('a key with written line ends inside tool arguments goes whole', async (t) => {
  const pem = expandExample(
    '-----BEGIN PRIVATE KEY-----<nl><base64:64><nl><base64:24><nl>-----END PRIVATE KEY-----',
    'pem',
  )
  const text = JSON.stringify(JSON.stringify({ file: 'k.pem', content: `${pem}\n` })).slice(1, -1)
  const hidden = placeholderFor(placeholders, pem)
  t.equal(JSON.parse(JSON.parse(`"${redacted(text, 'json', 3, true)}"`) as string).content, `${hidden}\n`)
})

t.test('in a text that only quotes JSON a value is what stands there, so that it can be put back there', async (t) => {
  const pem = expandExample(
    '-----BEGIN PRIVATE KEY-----<nl><base64:64><nl><base64:24><nl>-----END PRIVATE KEY-----',
    'pem',
  )
  const quoted = JSON.stringify(pem).slice(1, -1)
  const hidden = placeholderFor(placeholders, quoted)
  t.equal(redacted(JSON.stringify({ private_key: pem }), 'plain'), JSON.stringify({ private_key: hidden }))
})

t.test('what was redacted once is not redacted again', async (t) => {
  const once = redacted(`postgres://app:k3Jd82hfQ@db/x and ${SECRET}`, 'plain')
  t.equal(redacted(once, 'plain'), once)
})

t.test('time that runs out is told, with what was found', async (t) => {
  const body = Buffer.from(`${SECRET} ${SECRET}`)
  let asked = 0
  const isOver = (): boolean => (asked += 1) > 1
  const parts = [part(body, 'plain', { end: 26 }), part(body, 'plain', { start: 27 })]
  const result = inspectBody(body, parts, { detectors, placeholders, depth: 3, isOver })
  t.ok(result.isCutShort)
  t.strictSame(spans(result.findings), [[0, 26]])
})

t.test('values are not looked for again when there is no time left for it', async (t) => {
  const tokens = Array.from({ length: 200 }, (_, index) => expandExample('glpat-<alnum:20>', `value ${index}`))
  const body = Buffer.from(tokens.join(' '))
  const known = { ...NO_KNOWN_VALUES, has: () => ((read += 1), false) }
  let read = 0
  const inspectUntil = (end: () => boolean): BodyFindings =>
    inspectBody(body, [part(body, 'plain')], { detectors, placeholders, depth: 3, known, isOver: end })
  const whole = inspectUntil(() => false)
  t.notOk(whole.isCutShort)
  t.equal(read, 200)
  read = 0
  const cut = inspectUntil(() => read > 70)
  t.ok(cut.isCutShort)
  t.ok(read < 200, `${read} values were read`)
  t.strictSame(spans(cut.findings), spans(whole.findings), 'what was found is told')
})

/** Ways to write a text; each gives the same text back when read. */
const WRITINGS: Readonly<
  Record<string, { escaping: TextPart['escaping']; write: (text: string) => string; read: (text: string) => string }>
> = {
  plain: { escaping: 'plain', write: (text) => text, read: (text) => text },
  json: {
    escaping: 'json',
    write: (text) => JSON.stringify(text).slice(1, -1),
    read: (text) => JSON.parse(`"${text}"`) as string,
  },
  'json in ASCII': {
    escaping: 'json',
    write: (text) =>
      JSON.stringify(text)
        .slice(1, -1)
        .replace(/[^\x20-\x7e]/g, unicodeEscape),
    read: (text) => JSON.parse(`"${text}"`) as string,
  },
  'json with every unit escaped': {
    escaping: 'json',
    write: (text) => [...Array(text.length).keys()].map((at) => unicodeEscape(text[at] ?? '')).join(''),
    read: (text) => JSON.parse(`"${text}"`) as string,
  },
  form: {
    escaping: 'form',
    write: (text) => new URLSearchParams({ v: text }).toString().slice(2),
    read: (text) => new URLSearchParams(`v=${text}`).get('v') ?? '',
  },
  'form with every byte escaped': {
    escaping: 'form',
    write: (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    read: (text) => new URLSearchParams(`v=${text}`).get('v') ?? '',
  },
  'json in json': {
    escaping: 'json',
    write: (text) => JSON.stringify(JSON.stringify({ v: `${text}\n` })).slice(1, -1),
    read: (text) => (JSON.parse(JSON.parse(`"${text}"`) as string) as { v: string }).v.slice(0, -1),
  },
}

const unicodeEscape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

t.test('a planted secret is redacted alike at any place in any writing, and nothing else changes', async (t) => {
  const around = fc.string({
    unit: fc.constantFrom('a', ' ', '\n', '"', '\\', 'é', '中', '😀', '&', '+', '%', '{', '=', 'http:'),
    maxLength: 30,
  })
  for (const [name, { escaping, write, read }] of Object.entries(WRITINGS)) {
    const property = fc.property(around, around, (before, after) => {
      const text = `${before} ${SECRET} ${after}`
      return read(redacted(write(text), escaping)) === text.replace(SECRET, HIDDEN)
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 80 }), name)
  }
})

t.test('bytes outside the findings stay, whatever the body', async () => {
  const escaping = fc.constantFrom<TextPart['escaping']>('json', 'form', 'plain')
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom(SECRET, '\\', '%', '@corp-mail.de', '{"a":"\\n').map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), escaping, (pieces, how) => {
      const body = Buffer.concat(pieces)
      const { findings } = inspect(body, [part(body, how)])
      const sorted = findings.toSorted((a, b) => a.start - b.start)
      const { body: edited } = redactBody(body, { findings, severities: ['high', 'medium', 'low'] }, placeholders)
      let at = 0
      let shift = 0
      for (const { start, end } of sorted) {
        if (start < at || end > body.length) return false
        if (Buffer.compare(body.subarray(at, start), edited.subarray(at + shift, start + shift)) !== 0) return false
        shift += HIDDEN.length - (end - start)
        at = end
      }
      return Buffer.compare(body.subarray(at), edited.subarray(at + shift)) === 0
    }),
  )
})

t.test('JSON stays JSON when its strings are redacted', async () => {
  const value = fc.string({
    unit: fc.constantFrom(
      'a',
      '"',
      '\\',
      '\n',
      '{',
      '}',
      'é',
      SECRET,
      'ann.lee@corp-mail.de',
      'postgres://a:k3Jd82hfQ@h',
      '\\n',
    ),
  })
  fc.assert(
    fc.property(value, value, (inner, outer) => {
      const text = JSON.stringify({ tool: JSON.stringify({ inner, more: outer }), outer })
      const body = Buffer.from(text)
      const parts = [...text.matchAll(/"(?:[^"\\]|\\.)*"/g)].map((match) => {
        const start = Buffer.byteLength(text.slice(0, match.index + 1))
        return part(body, 'json', { start, end: start + Buffer.byteLength(match[0]) - 2 })
      })
      const { findings } = inspect(body, parts)
      const { body: edited } = redactBody(body, { findings, severities: ['high', 'medium', 'low'] }, placeholders)
      const parsed = JSON.parse(Buffer.from(edited).toString()) as { tool: string }
      return typeof JSON.parse(parsed.tool) === 'object'
    }),
    { numRuns: 200 },
  )
})

t.test(
  'where an edit may follow, a value that was found is found at its other places too, in every writing',
  async (t) => {
    const text = JSON.stringify({ password: 'kT9#mQ2$vLx8' })
    const body = Buffer.from(`${text} then bare kT9#mQ2$vLx8 and xkT9#mQ2$vLx8y`)
    const all = { detectors, placeholders, depth: 3, isOver: () => false }
    const parts = [part(body, 'plain')]
    t.equal(inspectBody(body, parts, all).findings.length, 1, 'only looked at: what detectors mark')
    const { findings } = inspectBody(body, parts, { ...all, known: NO_KNOWN_VALUES })
    t.strictSame(
      findings.map(({ start, end }) => body.toString('utf8', start, end)),
      ['kT9#mQ2$vLx8', 'kT9#mQ2$vLx8'],
    )
    const kept = { value: 'kT9#mQ2$vLx8', detector: 'from-before', severity: 'high' } as const
    const bare = Buffer.from(JSON.stringify({ args: JSON.stringify({ note: `\n${kept.value}\n` }) }).slice(9, -2))
    const found = inspectBody(bare, [part(bare, 'json', { isJson: true })], { ...all, known: knownValues([kept]) })
    t.match(found.findings, [{ detector: 'from-before', severity: 'high', escaping: 'json', isJson: true }])
    const edited = redactBody(bare, { findings: found.findings, severities: ['high'] }, placeholders)
    t.match(Buffer.from(edited.body).toString(), /note\\":\\"\\\\nWEIR[A-Z2-7]{12}\\\\n\\"/u)
  },
)

t.test('what is remembered of a body says nothing about other known values or other detectors', async (t) => {
  const memo = createMemo<BlockPlace>(Buffer.alloc(32, 9))
  const filler = 'nothing to see here, '.repeat(20)
  const secretOf = (client: string): string => `value-of-${client}-4711`
  const knownOf = (client: string) =>
    knownValues([{ value: secretOf(client), detector: 'client-secret', severity: 'high' as const }])
  const [one, other] = [knownOf('one'), knownOf('other')]
  const found = (texts: readonly string[], known?: typeof one, set = detectors): string[] => {
    const body = Buffer.from(texts.join('|'))
    let at = 0
    const parts = texts.map((text) => {
      const start = at
      at += Buffer.byteLength(text) + 1
      return part(body, 'json', { start, end: at - 1 })
    })
    const { findings } = inspectBody(body, parts, {
      detectors: set,
      placeholders,
      depth: 3,
      isOver: () => false,
      memo,
      ...(known === undefined ? {} : { known }),
    })
    return findings.map(({ start, end }) => body.subarray(start, end).toString())
  }
  const text = `${filler} ${secretOf('one')} ${secretOf('other')} ${SECRET}`
  for (const round of ['cold', 'warm']) {
    t.strictSame(found([text]), [SECRET], round)
    t.strictSame(found(['é', text], one), [secretOf('one'), SECRET], round)
    t.strictSame(found([filler, text], other), [secretOf('other'), SECRET], round)
    t.strictSame(found([text], one, makeDetectorSet([])), [secretOf('one')], round)
  }
  const bare = `${filler} ${SECRET.slice(0, 6)}${SECRET.slice(6)}`
  t.strictSame(
    found([text, bare, `${filler} ${HIDDEN}`], NO_KNOWN_VALUES),
    [SECRET, SECRET],
    'also what was just found',
  )
})

t.test('a value of this request alone is found at all of its places, in the next turn as well', async (t) => {
  const memo = createMemo<BlockPlace>(Buffer.alloc(32, 9))
  const value = expandExample('<alnum:24>', 'bare')
  const texts = [`password = "${value}" ${' '.repeat(200)}`, `it is ${value}, I think ${' '.repeat(200)}`]
  const places = (list: readonly string[]): number => {
    const body = Buffer.from(list.join(''))
    let at = 0
    const parts = list.map((text) => part(body, 'plain', { start: at, end: (at += text.length) }))
    const options = { detectors, placeholders, depth: 3, isOver: () => false, memo, known: NO_KNOWN_VALUES }
    return inspectBody(body, parts, options).findings.length
  }
  t.equal(places(texts), 2)
  t.equal(places(texts), 2)
  t.equal(places(texts.slice(1)), 0, 'without the words that tell it, it is any text')
  t.equal(places(texts), 2)
})

t.test('a secret in a document of base64 is found and cannot be edited', async (t) => {
  const document = Buffer.from(`%PDF-1.4\n1 0 obj\n<<>>\nstream\nBT (key ${SECRET}) Tj ET\nendstream\n`)
  const base64 = document.toString('base64').replaceAll('/', '\\/')
  const body = Buffer.from(`data:application/pdf;base64,${base64}`)
  const { findings } = inspect(body, [part(body, 'json', { isEditable: false, isMedia: true })])
  t.match(findings, [{ detector: 'gitlab-token', isEditable: false, start: 0, end: body.length }])
  const raw = inspect(document, [part(document, 'plain', { isEditable: false, isMedia: true })])
  t.match(raw.findings, [{ detector: 'gitlab-token', isEditable: false }])
})
