import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import {
  decodeJsonString,
  JSON_MAX_DEPTH,
  JSON_MAX_STRINGS,
  type JsonStop,
  type JsonVisitor,
  jsonPath,
  scanJson,
  scanJsonInPieces,
} from '../../src/wire/json-spans.ts'

type Leaf = readonly [path: string, text: string]

const pathText = (path: readonly (string | number)[]) => JSON.stringify(path)

/** What the scanner sees, or `null` when it says unparsable. */
function scanned(bytes: Uint8Array): { leaves: Leaf[]; names: string[] } | null {
  const leaves: Leaf[] = []
  const names: string[] = []
  const result = scanJson(bytes, {
    string: (start, end, place) => leaves.push([pathText(jsonPath(place)), decodeJsonString(bytes, start, end)]),
    name: (start, end) => names.push(decodeJsonString(bytes, start, end)),
  })
  return result.ok ? { leaves, names } : null
}

function leavesOf(value: unknown, path: (string | number)[] = []): Leaf[] {
  if (typeof value === 'string') return [[pathText(path), value]]
  if (Array.isArray(value)) return value.flatMap((item, index) => leavesOf(item, [...path, index]))
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, item]) => leavesOf(item, [...path, key]))
  }
  return []
}

const parses = (text: string) => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

t.test('every string leaf of any document is reported with its path and text, as JSON.parse sees it', async (t) => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }),
      fc.constantFrom(undefined, 1, '\t'),
      (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const seen = scanned(Buffer.from(text))
        const sort = (leaves: Leaf[]) => leaves.map((leaf) => leaf.join('\n')).sort()
        t.strictSame(sort(seen?.leaves ?? []), sort(leavesOf(JSON.parse(text))))
        return seen !== null
      },
    ),
  )
})

t.test('a document that was damaged anywhere is accepted exactly when JSON.parse accepts it', async (t) => {
  const damage = fc.record({
    value: fc.jsonValue({ maxDepth: 4 }),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat(3),
    insert: fc.constantFrom(
      '',
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '-',
      '.',
      'e',
      '\u0001',
      'x',
      ' ',
      '\\u12',
    ),
  })
  fc.assert(
    fc.property(damage, ({ value, at, cut, insert }) => {
      const text = JSON.stringify(value)
      const from = Math.floor(at * text.length)
      const damaged = (text.slice(0, from) + insert + text.slice(from + cut)).toWellFormed()
      return (scanned(Buffer.from(damaged)) !== null) === parses(damaged)
    }),
    { numRuns: 2000 },
  )
  t.pass('2000 documents')
})

t.test('every truncation of an object is unparsable', async (t) => {
  const text = '{"a":["x\\"y",{"b":-1.5e+3,"c":true}],"d":null}'
  for (let length = 0; length < text.length; length += 1) {
    t.equal(scanned(Buffer.from(text.slice(0, length))), null, `${String(length)} bytes`)
  }
  t.not(scanned(Buffer.from(text)), null)
})

t.test('both copies of a duplicate key are reported', async (t) => {
  t.strictSame(scanned(Buffer.from('{"a":"hidden","a":"shown","a":{"a":"deep"}}'))?.leaves, [
    ['["a"]', 'hidden'],
    ['["a"]', 'shown'],
    ['["a","a"]', 'deep'],
  ])
})

t.test('names that share a cache slot are never mixed up', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 }), { maxLength: 60 }), (names) => {
      const text = `{${names.map((name) => `${JSON.stringify(name)}:1`).join(',')}}`
      t.strictSame(scanned(Buffer.from(text))?.names, names)
    }),
  )
})

t.test('bytes that are not UTF-8 are unparsable, a byte order mark is skipped', async (t) => {
  t.equal(scanned(Buffer.from([0x22, 0xff, 0x22])), null)
  t.equal(scanned(Buffer.from('"x"', 'utf16le')), null)
  t.strictSame(scanned(Buffer.from('\ufeff"x"'))?.leaves, [['[]', 'x']])
})

t.test('nesting is allowed up to the limit and unparsable beyond it, without recursion', async (t) => {
  const nested = (depth: number) => Buffer.from('['.repeat(depth) + ']'.repeat(depth))
  t.not(scanned(nested(JSON_MAX_DEPTH)), null)
  t.strictSame(scanJson(nested(JSON_MAX_DEPTH + 1), { string: () => undefined }), {
    ok: false,
    offset: JSON_MAX_DEPTH,
    problem: 'nested too deep',
  })
  t.equal(scanned(Buffer.from('['.repeat(1_000_000))), null)
})

t.test('a part of a buffer can be scanned, and offsets stay those of the buffer', async (t) => {
  const bytes = Buffer.from('{"a":"1"}\n{"b":"2"}\n')
  const spans: number[] = []
  t.ok(scanJson(bytes, { string: (start, end) => spans.push(start, end) }, 10, 19).ok)
  t.strictSame(spans, [16, 17])
})

t.test('a mark given to a container is inherited by everything inside it', async (t) => {
  const seen: [string, number][] = []
  const bytes = Buffer.from('{"a":"1","free":{"b":"2","c":[{"d":"3"}]},"e":"4"}')
  scanJson(bytes, {
    string: (start, end, place) => seen.push([decodeJsonString(bytes, start, end), place.mark]),
    enter: (key, inherited) => (key === 'free' ? 1 : inherited),
  })
  t.strictSame(seen, [
    ['1', 0],
    ['2', 1],
    ['3', 1],
    ['4', 0],
  ])
})

t.test('more strings than any request has are unparsable', async (t) => {
  const strings = (count: number) => Buffer.from(`[${'"",'.repeat(count - 1)}""]`)
  const visitor = { string: () => undefined }
  t.ok(scanJson(strings(JSON_MAX_STRINGS), visitor).ok)
  t.match(scanJson(strings(JSON_MAX_STRINGS + 1), visitor), { ok: false, problem: 'too many strings' })
})

/** Notes everything that a visitor is told, with what it is told with it. */
function noting(): { readonly seen: string[]; readonly visitor: JsonVisitor } {
  const seen: string[] = []
  const visitor: JsonVisitor = {
    string: (start, end, place) => seen.push(`${start} ${end} ${pathText(jsonPath(place))} ${place.mark}`),
    name: (start, end, name, { mark }) => seen.push(`${start} ${end} name ${name} ${mark}`),
    enter: (key, inherited) => (typeof key === 'number' ? inherited : inherited + key.length + 1) % 1000,
  }
  return { seen, visitor }
}

t.test('from every place at which a scan stopped another goes on as the first one did', async (t) => {
  const spaced = fc.constantFrom(undefined, 1)
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }), spaced, fc.boolean(), (value, indent, hasBom) => {
      const bytes = Buffer.from(`${hasBom ? '\ufeff' : ''}${JSON.stringify(value, null, indent)}`)
      const whole = noting()
      const stops: { readonly stop: JsonStop; readonly told: number }[] = []
      const at = (stop: JsonStop): number => {
        stops.push({ stop, told: whole.seen.length })
        return stop.pos + 1
      }
      if (!scanJsonInPieces(bytes, whole.visitor, { first: 0, at }).ok) return false
      const plain = noting()
      scanJson(bytes, plain.visitor)
      t.strictSame(whole.seen, plain.seen)
      return stops.every(({ stop, told }) => {
        const rest = noting()
        const result = scanJsonInPieces(bytes, rest.visitor, { from: stop, first: Infinity, at: () => Infinity })
        return result.ok && JSON.stringify(rest.seen) === JSON.stringify(whole.seen.slice(told))
      })
    }),
    { numRuns: 300 },
  )
})

t.test('what comes behind a stop is accepted exactly when all of it is', async (t) => {
  const text = '{"a":[1,"x",{"b":"y"}],"c":-2.5}'
  const stops: JsonStop[] = []
  scanJsonInPieces(Buffer.from(text), noting().visitor, { first: 0, at: (stop) => stops.push(stop) && stop.pos + 1 })
  t.equal(stops.length, 4)
  const damage = fc.constantFrom('', '"', '\\', '}', ']', ',', ':', '0', '.', 'x', ' ', '\u0001', '\xff', '{"d":1}')
  fc.assert(
    fc.property(fc.constantFrom(...stops), fc.nat(text.length), fc.nat(3), damage, (stop, offset, cut, insert) => {
      const from = Math.min(text.length, stop.pos + 1 + offset)
      const bytes = Buffer.from(text.slice(0, from) + insert + text.slice(from + cut), 'latin1')
      const goingOn = scanJsonInPieces(bytes, noting().visitor, { from: stop, first: Infinity, at: () => Infinity })
      return goingOn.ok === scanJson(bytes, noting().visitor).ok
    }),
    { numRuns: 2000 },
  )
})

t.test('strings before a stop count', async (t) => {
  const strings = (count: number) => Buffer.from(`[${'"",'.repeat(count - 1)}""]`)
  let last: JsonStop | undefined
  const at = (stop: JsonStop): number => {
    last = stop
    return stop.pos + 100_000
  }
  const visitor = { string: () => undefined }
  t.ok(scanJsonInPieces(strings(JSON_MAX_STRINGS), visitor, { first: 0, at }).ok)
  const pauses = { first: Infinity, at: () => Infinity, ...(last === undefined ? {} : { from: last }) }
  t.ok(scanJsonInPieces(strings(JSON_MAX_STRINGS), visitor, pauses).ok)
  t.match(scanJsonInPieces(strings(JSON_MAX_STRINGS + 1), visitor, pauses), { ok: false, problem: 'too many strings' })
})

t.test('who keeps a place keeps no name and no value that came after it', async (t) => {
  const places: unknown[] = []
  const name = 'n'.repeat(1000)
  const bytes = Buffer.from(`{"a":["x",{"b":"y","${name}":1}],"${name}":["z"],"${name}":2}`)
  const keep = (start: number, _end: number, place: unknown): void => {
    if (bytes[start] !== 0x7a) places.push(place)
  }
  t.ok(scanJson(bytes, { string: keep }).ok)
  t.equal(places.length, 2)
  t.notMatch(JSON.stringify(places), name)
})
