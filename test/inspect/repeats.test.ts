import fc from 'fast-check'
import t from 'tap'
import { Repeats } from '../../src/inspect/repeats.ts'
import { shippedDetectors, shippedSources } from '../helpers/detectors.ts'

const LONG = 20_000

/** A text of `unit` over and over. */
const repeated = (unit: string, length = LONG): string => unit.repeat(Math.ceil(length / unit.length)).slice(0, length)

/** Asks at every tenth place, as a scan would; gives the places that need no look. */
function skipped(text: string, reach: number, foundEnd: number | null = null): number[] {
  const repeats = new Repeats(text)
  const places: number[] = []
  for (let at = 0; at < text.length; at += 10) {
    if (foundEnd !== null && at >= foundEnd && at < foundEnd + 10) repeats.forget(foundEnd)
    if (repeats.has(at, reach)) places.push(at)
  }
  return places
}

t.test('most of a text that repeats itself is known, its beginning and its end are not', async (t) => {
  const places = skipped(repeated('token:"aaaaaaaaa1'), 1000)
  t.ok(places.length > (LONG - 4000) / 10, `${places.length}`)
  t.ok(places.every((at) => at >= 1000 && at + 1000 <= LONG))
})

t.test('a text that says something new everywhere is never taken for known', async (t) => {
  const text = Array.from({ length: 4000 }, (_, index) => `key ${index} `).join('')
  t.same(skipped(text, 100), [])
  t.same(
    skipped(repeated(Array.from({ length: 200 }, (_, index) => `${index},`).join('')), 100),
    [],
    'nor one whose period is long',
  )
  t.same(skipped(repeated('key=', 8000), 10), [], 'nor one that is short')
})

t.test('around a change, and behind something that was found, everything is looked at', async (t) => {
  const text = repeated('secret: ')
  const changed = `${text.slice(0, 10_000)}X${text.slice(10_001)}`
  for (const at of skipped(changed, 500)) t.ok(at <= 9500 || at > 10_500, `${at}`)
  for (const at of skipped(text, 500, 10_000)) t.ok(at < 10_000 || at > 10_500, `${at}`)
})

const EXAMPLES = shippedSources().flatMap(({ document }) =>
  (document as { detectors: { examples?: { match?: string[] } }[] }).detectors.flatMap(
    ({ examples }) => examples?.match ?? [],
  ),
)

const UNITS = [
  'token:"aaaaaaaaa1',
  'key=',
  'aws aws_secret ',
  'github token ',
  '://user:pass@',
  'a@b.co ',
  '4111 1111 1111 1112 ',
  'password = "a1',
  '+1 ',
]

t.test('whatever repeats itself around whatever real keys, the same is found as by looking everywhere', async (t) => {
  const quick = shippedDetectors()
  const thorough = shippedDetectors()
  for (const detector of thorough.detectors) Reflect.deleteProperty(detector, 'reach')
  t.ok(quick.detectors.filter(({ reach }) => reach !== undefined).length > 1000)
  const unit = fc.oneof(
    fc.constantFrom(...UNITS),
    fc.constantFrom(...EXAMPLES),
    fc.string({ minLength: 1, maxLength: 90 }),
  )
  const piece = fc
    .tuple(unit, fc.oneof(fc.nat(9000), fc.nat(60_000)))
    .map(([text, length]) => repeated(text, length + text.length))
  t.ok(EXAMPLES.length > 1000)
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...EXAMPLES),
      fc.nat(20_000),
      (pieces, example, at) => {
        const text = repeated(pieces.join(''), Math.max(9000, pieces.join('').length))
        const whole = `${text.slice(0, at)} ${example} ${text.slice(at)}`
        const places = (set: typeof quick) =>
          set
            .scan(whole, () => false)
            .matches.map(({ detector, start, end, severity }) => [detector.id, start, end, severity])
        t.same(places(quick), places(thorough))
      },
    ),
    { numRuns: 60 },
  )
})
