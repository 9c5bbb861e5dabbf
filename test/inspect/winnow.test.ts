import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { SLICE } from '../../src/inspect/source-text.ts'
import { chosen, RUN, Winnow } from '../../src/inspect/winnow.ts'
import { plainBare, plainFingerprints } from '../helpers/plain-fingerprints.ts'

function winnowed(text: string): [hash: number, unit: number, start: number, end: number][] {
  const all: [number, number, number, number][] = []
  const winnow = new Winnow(text)
  for (let count = winnow.next(); count !== -1; count = winnow.next()) {
    for (let at = 0; at < count; at += 1) {
      all.push([chosen[at] ?? 0, winnow.unitOf(at), winnow.startOf(at), winnow.endOf(at)])
    }
  }
  return all
}

function plain(text: string): [hash: number, unit: number, start: number, end: number][] {
  const bare = plainBare(text)
  return plainFingerprints(bare).map(([hash, unit]) => [
    hash,
    unit,
    bare.places[unit] ?? -1,
    (bare.places[unit + RUN - 1] ?? -1) + 1,
  ])
}

/** Text around the ends of slices. */
const pieces = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: fc.constantFrom(...'aB(=; \n/*#-'.split('')), maxLength: 80 }) },
    { weight: 1, arbitrary: fc.integer({ min: SLICE - 60, max: SLICE + 60 }).map((length) => ' '.repeat(length)) },
    { weight: 1, arbitrary: fc.integer({ min: SLICE - 60, max: SLICE + 60 }).map((length) => 'x'.repeat(length)) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 60, maxLength: 200 }) },
  ),
  { maxLength: 8 },
)

t.test('what is chosen is what winnowing chooses by its definition, wherever slices end', async () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('')
      return isDeepStrictEqual(winnowed(text), plain(text))
    }),
    { numRuns: 60 },
  )
})

t.test('a text shorter than a window of runs has no fingerprint, the next longer has one', async (t) => {
  const text = 'abcdefghijklmnopqrstuvwxyz0123456789abcdefghijk'
  t.strictSame(winnowed(text.slice(1)), [])
  t.equal(winnowed(text).length, 1)
})
