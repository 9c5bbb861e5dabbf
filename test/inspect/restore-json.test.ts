import fc from 'fast-check'
import t from 'tap'
import type { RestorePoint } from '../../src/dialects/restore-points.ts'
import { restoreLeaves, withTexts } from '../../src/inspect/restore-json.ts'

const at = (...path: (string | number)[]): RestorePoint => ({ path, block: null })
const texts = (text: string, points: readonly RestorePoint[]): string[] | undefined =>
  restoreLeaves(Buffer.from(text), points)?.map((leaf) => leaf.text)

t.test('the strings that points name, and no others', async (t) => {
  const text = '{"a":"1","b":["2",{"a":"3"}],"c":{"a":"4","b":["5"]}}'
  t.strictSame(texts(text, [at('a')]), ['1'])
  t.strictSame(texts(text, [at('b', 1, 'a'), at('c', 'a')]), ['3', '4'])
  t.strictSame(texts(text, [at('b'), at('c', 'x'), at('d')]), [])
})

t.test('of a tree all strings and names inside, not its own name', async (t) => {
  const text = '{"input":{"a":["x",{"b":"y"}],"c":1},"other":{"input":"z"}}'
  t.strictSame(texts(text, [{ ...at('input'), isTree: true }]), ['a', 'x', 'b', 'y', 'c'])
  t.strictSame(texts('{"input":"x"}', [{ ...at('input'), isTree: true }]), ['x'])
})

t.test('a point inside a tree, and one that is named twice', async (t) => {
  const tree = { ...at('a'), isTree: true }
  const inside = at('a', 'b')
  const leaves = restoreLeaves(Buffer.from('{"a":{"b":"x","c":{"b":"y"}}}'), [tree, inside, { ...inside, block: 'no' }])
  t.strictSame(
    leaves?.map(({ text, point }) => [text, point]),
    [
      ['b', tree],
      ['x', inside],
      ['c', tree],
      ['b', tree],
      ['y', tree],
    ],
  )
})

t.test('an answer of very many texts is read in one go', async (t) => {
  const count = 40_000
  const data = Buffer.from(JSON.stringify({ choices: Array.from({ length: count }, () => ({ text: 'x' })) }))
  const points = Array.from({ length: count }, (_, index) => at('choices', index, 'text'))
  const before = process.cpuUsage()
  t.equal(restoreLeaves(data, points)?.length, count)
  t.ok(process.cpuUsage(before).user < 10_000_000, 'it took minutes of the processor')
})

t.test('what is not JSON has no leaves', async (t) => {
  t.equal(texts('{"a":', [at('a')]), undefined)
})

t.test('a text is put in with its escapes, everything else stays', async (t) => {
  const data = Buffer.from('{ "a" : "é\\u0041" ,\t"b":1.0}')
  const [leaf] = restoreLeaves(data, [at('a')]) ?? []
  t.equal(leaf?.text, 'éA')
  const edited = withTexts(data, [{ start: leaf?.start ?? 0, end: leaf?.end ?? 0, text: 'x"\n\\' }])
  t.equal(edited.toString(), '{ "a" : "x\\"\\n\\\\" ,\t"b":1.0}')
})

t.test('any text that is put in is read again', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
      const data = Buffer.from(JSON.stringify({ a: before, b: [after] }))
      const [leaf] = restoreLeaves(data, [at('a')]) ?? []
      if (leaf?.text !== before) return false
      const { a, b } = JSON.parse(withTexts(data, [{ ...leaf, text: after }]).toString()) as { a: string; b: string[] }
      return a === after && b[0] === after
    }),
  )
})
