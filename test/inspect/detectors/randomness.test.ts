import fc from 'fast-check'
import t from 'tap'
import {
  entropy,
  hasEntropy,
  isGenericSecret,
  isMadeUp,
  isMonotonous,
  isWordy,
} from '../../../src/inspect/detectors/randomness.ts'

t.test('entropy is bits per character', async (t) => {
  t.equal(entropy(''), 0)
  t.equal(entropy('aaaa'), 0)
  t.equal(entropy('abab'), 1)
  t.equal(entropy('0123456789abcdef'), 4)
})

t.test('what people fill in is made up, what a generator gives is not', async (t) => {
  const madeUp = [
    'your-api-key',
    'sk-xxxxxxxxxxxxxxxx',
    'AKIAIOSFODNN7EXAMPLE',
    '${SECRET}',
    '<token>',
    '{{ token }}',
    '$TOKEN',
    '%s',
    '%TOKEN%',
    'changeme',
    'abcdefghijklmnop',
    '1234567890',
    'aaaaaaaabbbbbbbb',
    'abc123abc123abc123',
    '********',
    'sk-ant-...',
    '$PASSWORD',
    'todo-later',
  ]
  for (const value of madeUp) t.ok(isMadeUp(value), value)
  for (const value of [
    'q8Zr2kLm0PxW',
    '5f4dcc3b5aa765d61d83',
    'Tr0ub4dor9zx',
    '%7Bz9Qk2',
    'short',
    '$apr1$q8Zr2kLm$0PxW5f4dcc3b5aa765d61d',
    '$P$Bq8Zr2kLm0PxW5f4dcc3b5aa765d61',
    'q8ZtOdO2kLm0PxW',
  ])
    t.notOk(isMadeUp(value), value)
})

t.test('few characters, steps of one and repeats are monotonous from eight characters on', async (t) => {
  for (const value of ['aaaaaaaa', 'abcdefgh', '87654321', 'xyxyxyxyxy']) t.ok(isMonotonous(value), value)
  for (const value of ['aaaa', 'a8f3k2m9', 'mississippi']) t.notOk(isMonotonous(value), value)
})

t.test('identifiers are wordy, random letters are not always, and the answer comes at once', async (t) => {
  for (const value of ['myServiceAccountToken', 'some-long-option-name', 'MAX_RETRY_COUNT', 'getPassword'])
    t.ok(isWordy(value), value)
  for (const value of ['aB3dE5fG7h', 'kQzXwVbN', 'x', 'a-b-c', 'abc!def', '']) t.notOk(isWordy(value), value)
  t.notOk(isWordy(`${'a'.repeat(50_000)}1`))
})

t.test('a value of a secret may be one unless it names something', async (t) => {
  for (const value of ['q7Rz!2mLpX9v', 'k3J/d82h+fQpLz91m=', '5f4dcc3b5aa765d61d8327deb882cf99'])
    t.ok(isGenericSecret(value), value)
  const names = [
    '/run/secrets/db1',
    './key1.pem',
    'team/app/key-2',
    'https://x1.corp.net',
    'process.env.KEY2',
    'some-config.value_2024',
    'v1.2.3',
    '2024-11-22',
    'DB_PASS_2',
    'getKey(1)',
    'a == b1',
    'abcdefgh',
    '12345678',
    'changeme1',
    '550e8400-e29b-41d4-a716-446655440000',
  ]
  for (const value of names) t.notOk(isGenericSecret(value), value)
  t.notOk(isGenericSecret(`a${'-a1'.repeat(20_000)}!`), 'a long value is answered at once')
})

t.test('entropy is that of the definition, of any text, one after the other', async () => {
  const byDefinition = (text: string): number =>
    [...new Set(text.split(''))].reduce((bits, unit) => {
      const share = text.split(unit).length - 1
      return bits - (share / text.length) * Math.log2(share / text.length)
    }, 0)
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b', 'Z', '0', '-', 'é', '密', 'abcdefgh'.repeat(40)), { maxLength: 30 }),
      (all) => {
        const text = all.join('')
        return Math.abs(entropy(text) - byDefinition(text)) < 1e-9
      },
    ),
  )
})

t.test('every word of examples is noticed wherever it stands, in small letters and in capitals', async (t) => {
  const words =
    'example sample dummy placeholder changeme change-me change_me your- your_ -your _your redacted insert replace foobar xxxx **** ... _here -here testkey test-key test_key fake- fake_ notreal not-real not_real -todo'
  for (const word of words.split(' ')) {
    for (const text of [word, word.toUpperCase()]) t.ok(isMadeUp(`Qz7${text}-9Kw`), text)
  }
  for (const text of [
    '<Qz79Kw>',
    '{Qz79Kw',
    '[Qz79Kw',
    '$Qz79Kw12x',
    'Qz79Kw}',
    'Qz7{{9Kw',
    'Qz7$' + '{A}9Kw',
    '%QZ_KW%',
    '%s',
  ])
    t.ok(isMadeUp(text), text)
  t.notOk(isMadeUp('Qz7Wm2-9KwXc4'))
})

t.test('told without counting, entropy is what counting says', async (t) => {
  let enough = 0
  const value = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.stringMatching(/^[a-f0-9]{8,40}$/),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(value, fc.double({ min: 0, max: 5, noNaN: true }), (text, least) => {
      if (hasEntropy(text, least)) enough += 1
      t.equal(hasEntropy(text, least), entropy(text) >= least, `${JSON.stringify(text)} ${least}`)
    }),
    { numRuns: 1000 },
  )
  t.ok(enough > 100, `${enough}`)
})
