import fc from 'fast-check'
import t from 'tap'
import { readAnyJoint, readCommonJoint, readJoint } from '../../../src/inspect/detectors/joint.ts'

t.test('joints as people write them are read, common ones without a regular expression', async (t) => {
  const rows: readonly [text: string, operator: string, quote: string, value: string, isCommon: boolean][] = [
    ['=x1y2z3', '=', '', 'x1y2z3', true],
    [' = "x1"', '=', '"', 'x1"', true],
    ['": "x1"', ':', '"', 'x1"', true],
    [': x1', ':', '', 'x1', true],
    [' x1', '', '', 'x1', true],
    ['：x1', '：', '', 'x1', true],
    ['是“x1”', '是', '“', 'x1”', false],
    ['是：x1', '是：', '', 'x1', false],
    [' - "x1"', '-', '"', 'x1"', false],
    [': string = "x1"', '=', '"', 'x1"', false],
    [': SecureString = "x1"', '=', '"', 'x1"', false],
    [' == x1', '==', '', 'x1', false],
    [' => x1', '=>', '', 'x1', false],
    [' is x1', 'is', '', 'x1', false],
    [' for acme: x1', ':', '', 'x1', false],
    ['\\": \\"x1', ':', '\\"', 'x1', false],
    ['=b"x1"', '=', '"', 'x1"', false],
    ['=String::from("x1")', '=', '"', 'x1")', false],
    [': Bearer x1', ':', '', 'x1', false],
    ['" value="x1"', '', '"', 'x1"', false],
    ['="{AQAAABAAA x1', '=', '"', 'x1', false],
    [':\n  x1', ':', '', 'x1', false],
  ]
  for (const [text, operator, quote, value, isCommon] of rows) {
    const wanted = { operator, quote, valueStart: text.length - value.length }
    t.strictSame(readJoint(text, 0), wanted, text)
    t.strictSame(readCommonJoint(text, 0), isCommon ? wanted : null, text)
  }
})

t.test('nothing that joins: no joint', async (t) => {
  for (const text of ['', 's', ')', ';', '\n', '.x', '-x']) t.equal(readJoint(text, 0), null, text)
})

t.test('a common joint is what the regular expression makes of it', async (t) => {
  const signs =
    ' |  |\t|\n|\r\n|=|:|==|=>|->|<-|:=|::|?|??|||.|+|-|*|**|&|!|,|;|(|)|[|]|{|}|<|>|"|\'|`|\\|\\\\|“|「|：|是|为|％|%22|%27|%3D|@|$|#|^|/|_'
  const words =
    'x|a1|S|b|f|r|u|R|U|br|str|string|String|MyString|SecureStringX|char|Final|final|[]byte|value|val|Value|content|default|String::from(|SecretString::new(|Secret::new(|new String(|str(|bytes(|Bearer |bearer |Token |token |SSWS |ApiKey |Key |AQAAABAAA |{AQAAABAAA |!!str |is |was |are |for x|of y|to z|on|in|9|Q7|value:|é|密'
  const pieces = fc.array(fc.constantFrom(...signs.split('|'), '|', ...words.split('|')), { maxLength: 8 })
  let common = 0
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = `${parts.join('')}a1`
      const read = readCommonJoint(text, 0)
      if (read === null) return
      common += 1
      t.strictSame(read, readAnyJoint(text, 0), text)
    }),
    { numRuns: 20_000 },
  )
  t.ok(common > 200, `${common}`)
})
