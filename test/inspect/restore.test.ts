import fc from 'fast-check'
import t from 'tap'
import { type RestoreBook, TextRestorer } from '../../src/inspect/restore.ts'

const A = 'WEIRABCDEFGHIJKL'
const B = 'WEIRWEIRWEIRWEIR'
const UNKNOWN = 'WEIR234567234567'

interface Counted {
  readonly book: RestoreBook
  restored: number
  misses: number
}

function bookOf(values: Readonly<Record<string, string>>): Counted {
  const counted: Counted = {
    restored: 0,
    misses: 0,
    book: {
      prefix: 'WEIR',
      valueOf: (placeholder) => values[placeholder] ?? null,
      onRestored: () => (counted.restored += 1),
      onMiss: () => (counted.misses += 1),
    },
  }
  return counted
}

function restore(pieces: readonly string[], values: Readonly<Record<string, string>>) {
  const counted = bookOf(values)
  const restorer = new TextRestorer(counted.book)
  const text = pieces.map((piece) => restorer.push(piece)).join('') + restorer.flush()
  return { text, restored: counted.restored, misses: counted.misses }
}

t.test('a placeholder becomes its value', async (t) => {
  t.strictSame(restore([`x ${A}, ${A}.`], { [A]: 'v' }), { text: 'x v, v.', restored: 2, misses: 0 })
})

t.test('also in pieces of one unit', async (t) => {
  t.equal(restore(Array.from(`x ${A} y`), { [A]: 'value' }).text, 'x value y')
})

t.test('a look-alike in front hides nothing', async (t) => {
  for (const front of ['W', 'WE', 'WEI', 'WEIR', 'WEIRAB', 'WEIRWEIR', 'WEIRABCDEFGHIJK']) {
    t.equal(restore(Array.from(front + A), { [A]: 'v' }).text, `${front}v`, front)
  }
})

t.test('what was put in is not looked at again', async (t) => {
  t.equal(restore([A], { [A]: B, [B]: 'no' }).text, B)
  t.equal(restore([`${A}ABCDEFGHIJKL`], { [A]: 'WEIR' }).text, 'WEIRABCDEFGHIJKL', 'nor together with what follows')
  t.equal(restore([A, 'ABCDEFGHIJKL'], { [A]: 'WEIR' }).text, 'WEIRABCDEFGHIJKL')
})

t.test('any value is put in, also one that looks like an answer of the code itself', async (t) => {
  for (const value of ['open', '', 'null', '$&', "$'", '\u0000']) {
    t.equal(restore([`<${A}>`], { [A]: value }).text, `<${value}>`, JSON.stringify(value))
  }
})

t.test('text that cannot become a placeholder goes on at once', async (t) => {
  const restorer = new TextRestorer(bookOf({ [A]: 'v' }).book)
  t.equal(restorer.push('hello'), 'hello')
  t.equal(restorer.push(' W'), ' ')
  t.ok(restorer.isHolding)
  t.equal(restorer.push('orld'), 'World')
  t.notOk(restorer.isHolding)
  t.equal(restorer.push('WEIRab'), 'WEIRab', 'small letters are in no placeholder')
  t.equal(restorer.push(A.slice(0, 15)), '')
  t.equal(restorer.push('1 and on'), `${A.slice(0, 15)}1 and on`)
})

t.test('the end of a block lets go what was held', async (t) => {
  const restorer = new TextRestorer(bookOf({ [A]: 'v' }).book)
  restorer.push(A.slice(0, 9))
  t.equal(restorer.flush(), A.slice(0, 9))
  t.equal(restorer.push(A.slice(9)), A.slice(9), 'the next block begins anew')
})

t.test('an unknown placeholder stays and is counted once, when it stands alone', async (t) => {
  const rows: readonly (readonly [string, number])[] = [
    [UNKNOWN, 1],
    [`(${UNKNOWN})`, 1],
    [`${UNKNOWN} ${UNKNOWN}`, 2],
    [`x${UNKNOWN}`, 0],
    [`${UNKNOWN}x`, 0],
    [`${UNKNOWN}A`, 0],
    ['WEIR23456723456', 0],
    ['WEIRDLYLONGWORDS', 1],
    [`${A}${UNKNOWN}`, 1],
  ]
  for (const [text, misses] of rows) {
    for (const pieces of [[text], Array.from(text)]) {
      t.match(restore(pieces, { [A]: '' }), { text: text.replace(A, ''), misses }, text)
    }
  }
})

t.test('in JSON a value is escaped, and an escape in front of a placeholder is no word', async (t) => {
  const counted = bookOf({ [A]: 'a"b' })
  const restorer = new TextRestorer(counted.book, true)
  t.equal(restorer.push(`{"k":"${A}\\n${UNKNOWN}"}`), `{"k":"a\\"b\\n${UNKNOWN}"}`)
  t.equal(counted.misses, 1)
})

t.test('however a text is cut, it is restored as a whole, and never more than one placeholder is held', async () => {
  const values: Readonly<Record<string, string>> = {
    [A]: `x${UNKNOWN}`,
    [B]: 'WEIR',
    WEIRAAAAAAAAAAAA: 'WEIRABCDEFGHIJKL',
  }
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...Object.keys(values), UNKNOWN) },
    fc.constantFrom('W', 'WE', 'WEI', 'WEIR', 'WEIRAB', 'R', 'A', 'a', ' ', 'é', '😀', '2'),
    fc.string({ maxLength: 5 }),
  )
  const expected = (text: string): string => {
    let out = ''
    for (let at = 0; at < text.length; ) {
      const value = values[text.slice(at, at + 16)]
      out += value ?? text[at] ?? ''
      at += value === undefined ? 1 : 16
    }
    return out
  }
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(200), { maxLength: 20 }), (parts, cuts) => {
      const text = parts.join('')
      const places = [...new Set([0, ...cuts.map((cut) => cut % (text.length + 1)), text.length])].sort((a, b) => a - b)
      const pieces = places.slice(1).map((place, index) => text.slice(places[index], place))
      const counted = bookOf(values)
      const restorer = new TextRestorer(counted.book)
      let out = ''
      let sent = 0
      for (const each of pieces) {
        out += restorer.push(each)
        sent += each.length
        // Nothing but the tail is missing: what would stand there without it.
        if (!expected(text.slice(0, sent)).startsWith(out.slice(0, -64))) return false
      }
      out += restorer.flush()
      const whole = restore([text], values)
      return out === expected(text) && whole.text === out && whole.misses === counted.misses
    }),
    { numRuns: 3000 },
  )
})
