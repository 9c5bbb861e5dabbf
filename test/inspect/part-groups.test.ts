import t from 'tap'
import type { TextPart } from '../../src/dialects/dialect.ts'
import { inGroups } from '../../src/inspect/part-groups.ts'

const body = Buffer.alloc(1_000_000, 'x')
const part = (start: number, end: number, escaping: TextPart['escaping'] = 'json'): TextPart => ({
  start,
  end,
  escaping,
  field: 'f',
  isEditable: true,
})
const row = (count: number, length: number): TextPart[] =>
  Array.from({ length: count }, (_, at) => part(at * (length + 2), at * (length + 2) + length))

t.test('every part is in one group, in its order', async (t) => {
  const parts = row(900, 1000)
  const groups = inGroups(body, parts)
  t.strictSame(
    groups.flatMap((group) => group.parts),
    parts,
  )
  t.ok(groups.length > 3)
  for (const { first, parts: members } of groups) t.equal(parts[first], members[0])
})

t.test('what is added at the end changes no earlier group', async (t) => {
  const [before, after] = [inGroups(body, row(500, 1000)), inGroups(body, row(600, 1000))]
  for (const [index, { whole }] of before.slice(0, -1).entries()) t.strictSame(after[index]?.whole, whole)
})

t.test('few bytes, the rest and a part alone are not remembered together', async (t) => {
  t.strictSame(
    inGroups(body, row(10, 1000)).map(({ whole }) => whole),
    [null],
  )
  t.strictSame(
    inGroups(body, [part(0, 500_000), part(500_002, 500_100)]).map(({ whole }) => whole),
    [null, null],
  )
  t.strictSame(inGroups(body, []), [])
})

t.test('where the parts lie and how they are written is in the layout, where the body lies is not', async (t) => {
  const layout = (...parts: TextPart[]): Uint8Array | undefined => inGroups(body, parts)[0]?.whole?.layout
  const one = layout(part(0, 100), part(102, 200_000))
  t.ok(one)
  t.strictSame(layout(part(1000, 1100), part(1102, 201_000)), one)
  t.notSame(layout(part(0, 101), part(102, 200_000)), one)
  t.notSame(layout(part(0, 100, 'plain'), part(102, 200_000)), one)
})

t.test('parts that overlap or stand in no order have all their bytes in the block', async (t) => {
  const [group] = inGroups(body, [part(500, 900), part(100, 200_000)])
  t.equal(group?.whole?.block.byteOffset, body.byteOffset + 100)
  t.equal(group?.whole?.block.length, 199_900)
})
