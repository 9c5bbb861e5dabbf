import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { isPlaceholder, placeholderFor } from '../../src/inspect/placeholder.ts'

const config = { prefix: 'WEIR', key: Buffer.alloc(32, 7) }

t.test('a placeholder is the prefix and twelve base32 characters of a keyed hash', async (t) => {
  t.equal(placeholderFor(config, 'ann@corp.de'), expected(config.key, 'ann@corp.de'))
})

/** As RFC 4648 says, of the first 60 bits. */
function expected(key: Uint8Array, value: string | Uint8Array): string {
  const digest = createHmac('sha256', key).update(value).digest()
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const letter = (at: number): string =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(bits.slice(at * 5, at * 5 + 5), 2)] ?? ''
  return `WEIR${Array.from({ length: 12 }, (_, at) => letter(at)).join('')}`
}

t.test('the hash is an HMAC, whatever the key and the value, and however long', async (t) => {
  const key = fc.uint8Array({ minLength: 16, maxLength: 140 })
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.constant('x\ud800'))
  const times = fc.constantFrom(1, 100, 5000)
  fc.assert(
    fc.property(key, text, times, fc.boolean(), (bytes, piece, count, isText) => {
      const value = isText ? piece.repeat(count) : Buffer.from(piece.repeat(count))
      t.equal(placeholderFor({ prefix: 'WEIR', key: bytes }, value), expected(bytes, value))
    }),
    { numRuns: 200 },
  )
  for (const length of [0, 1, 1365, 1366, 4095, 4096, 4097]) {
    const value = Buffer.alloc(length, 'v')
    t.equal(placeholderFor(config, value), expected(config.key, value), `${length} bytes`)
    t.equal(placeholderFor(config, value.toString()), expected(config.key, value), `${length} letters`)
  }
})

t.test('same value, same placeholder; another value or key, another one', async (t) => {
  const one = placeholderFor(config, 'a')
  t.equal(placeholderFor(config, Buffer.from('a')), one)
  t.not(placeholderFor(config, 'b'), one)
  t.not(placeholderFor({ ...config, key: Buffer.alloc(32, 8) }, 'a'), one)
})

t.test('a placeholder is known by its shape', async (t) => {
  t.ok(isPlaceholder('WEIR', placeholderFor(config, 'y')))
  for (const text of [
    'WEIR',
    'WEIRABCDEFGHIJK',
    'WEIRABCDEFGHIJKLM',
    'WEIRabcdefghijkl',
    'WEIRABCDEFGHIJK1',
    'XEIRABCDEFGHIJKL',
  ]) {
    t.notOk(isPlaceholder('WEIR', text), text)
  }
})
