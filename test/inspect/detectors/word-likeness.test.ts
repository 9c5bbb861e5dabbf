import fc from 'fast-check'
import t from 'tap'
import { wordShare } from '../../../src/inspect/detectors/word-likeness.ts'
import { expandExample } from '../../../src/inspect/example-text.ts'

t.test('names and phrases are made of words', async (t) => {
  for (const name of ['myServiceAccountToken', 'thisismypassword', 'correct-horse-battery', 'RETRY_COUNT']) {
    t.ok(wordShare(name) > 0.6, name)
  }
})

t.test('what a generator makes is not', async (t) => {
  for (const alphabet of ['alnum:32', 'loweralnum:32', 'lower:24', 'hex:40', 'base64:44', 'upper:20', 'base32:52']) {
    const shares = Array.from({ length: 200 }, (_, at) => wordShare(expandExample(`<${alphabet}>`, `seed${at}`)))
    t.ok(shares.filter((share) => share >= 0.45).length <= 2, alphabet)
  }
})

t.test('the share is between 0 and 1 whatever the value', async () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (value) => wordShare(value) >= 0 && wordShare(value) <= 1))
})
