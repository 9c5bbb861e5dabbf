import fc from 'fast-check'
import t from 'tap'
import { bareText } from '../../src/inspect/source-text.ts'

const bare = (text: string): string => {
  const { units, length } = bareText(text)
  return String.fromCharCode(...units.subarray(0, length))
}

t.test('white space, case and comments of many languages are left out', async (t) => {
  const rows: readonly [text: string, left: string][] = [
    ['if (A > 1) {\n  run()\n}', 'if(a>1){run()}'],
    ['x = 1 // one\ny = 2', 'x=1y=2'],
    ['a /* b\n c */ d', 'ad'],
    ['# note\nx = 1  # one\n', 'x=1'],
    ['color: #fff', 'color:'],
    ['a[#b]', 'a[#b]'],
    ['-- note\nSELECT 1 - -1', 'select1--1'],
    ['<p><!-- no --></p>', '<p></p>'],
    ['get("https://host/a")', 'get("https://host/a")'],
    ['glob("src/*.ts")', 'glob("src/*.ts")'],
    ['/**\n * Says hello.\n */\nhello()', 'hello()'],
    [' * the middle of a comment\nhello()', 'hello()'],
    ['a * b', 'a*b'],
  ]
  for (const [text, left] of rows) t.equal(bare(text), left, text)
})

t.test('every unit that is left knows where it stood', async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'B', ' ', '\n', '/', '*', '#', '-', '<', '!', '密') }),
      (text) => {
        const { units, places, length } = bareText(text)
        for (let at = 0; at < length; at += 1) {
          if (String.fromCharCode(units[at] ?? 0) !== text[places[at] ?? -1]?.toLowerCase()) return false
          if (at > 0 && (places[at] ?? 0) <= (places[at - 1] ?? 0)) return false
        }
        return true
      },
    ),
  )
})

t.test('what an editor changes about white space changes nothing', async () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('if', '(', 'x', ')', '{', 'y', '=', '1', '}')), (words) => {
      return bare(words.join(' ')) === bare(words.join('\n\t  '))
    }),
  )
})
