import { createHmac } from 'node:crypto'
import t from 'tap'
import { isPlaceholder, placeholderFor } from '../../src/inspect/placeholder.ts'

const config = { prefix: 'WEIR', key: Buffer.alloc(32, 7) }

t.test('a placeholder is the prefix and twelve base32 characters of a keyed hash', async (t) => {
  const digest = createHmac('sha256', config.key).update('ann@corp.de').digest()
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = [...Array(12).keys()].map(
    (at) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(bits.slice(at * 5, at * 5 + 5), 2)],
  )
  t.equal(placeholderFor(config, 'ann@corp.de'), `WEIR${letters.join('')}`)
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
