import fc from 'fast-check'
import t from 'tap'
import { http2Lines } from '../../src/edge/http2-lines.ts'

t.test('names are in lower case, order and repeats stay, lines of one connection do not', async (t) => {
  const lines = [
    'X-One',
    '1',
    'Connection',
    'close',
    'x-one',
    '2',
    ':status',
    '200',
    'TE',
    'trailers',
    'Upgrade',
    'h2c',
  ]
  t.strictSame(http2Lines(lines), ['x-one', '1', 'x-one', '2'])
})

t.test('whatever comes, nothing that HTTP/2 forbids is left, and what it gave stays as it is', async () => {
  const name = fc.oneof(fc.constantFrom('Connection', 'Keep-Alive', 'transfer-encoding', ':path', 'Age'), fc.string())
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.string())), (pairs) => {
      const lines = http2Lines(pairs.flat())
      const names = lines.filter((_, index) => index % 2 === 0)
      const isClean = names.every(
        (each) => each === each.toLowerCase() && !/^(?::|connection$|keep-alive$)/u.test(each),
      )
      return isClean && JSON.stringify(http2Lines(lines)) === JSON.stringify(lines)
    }),
  )
})
