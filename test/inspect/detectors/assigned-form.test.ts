import fc from 'fast-check'
import t from 'tap'
import { type Assignment, formOf, isFlag } from '../../../src/inspect/detectors/assigned-form.ts'

/** `before{name}joint{value}after`: the joint holds the operator and the quote. */
function written(shape: string, operator: string, quote = ''): Assignment {
  const [before = '', name = '', joint = '', value = '', after = ''] = shape.split(/[{}]/)
  const nameStart = before.length
  const valueStart = nameStart + name.length + joint.length
  return {
    text: before + name + joint + value + after,
    nameStart,
    nameEnd: nameStart + name.length,
    operator,
    quote,
    valueStart,
    valueEnd: valueStart + value.length,
  }
}

t.test('how a value is written says how much it must look like a secret', async (t) => {
  const rows: readonly [shape: string, operator: string, quote: string, form: string | null][] = [
    ['x {token}="{a1b2c3}"', '=', '"', 'quoted'],
    ['x {token} "{a1b2c3}"', '', '"', 'loose'],
    ['<x name="{token}" value="{a1b2c3}"/>', '', '', 'quoted'],
    ['<{token}>{a1b2c3}</token>', '>', '', 'plain'],
    ['<{token}>{a1b2c3}\n   </token>', '>', '', 'plain'],
    ['x({token}={a1b2c3}(', '=', '', null],
    ['x({token}={a1b2c3} => y', '=', '', null],
    ['x({token}={a1b2c3} || y', '=', '', null],
    ['x({token}({a1b2c3})', '(', '', null],
    ['{token},{a1b2c3}\n', ',', '', 'loose'],
    ['{token},{a1b2c3},x', ',', '', null],
    ['x {--token} {a1b2c3} y', '', '', 'plain'],
    ['the {token} is {a1b2c3} now', 'is', '', 'plain'],
    ['x;{DB_TOKEN}={a1b2c3};', '=', '', 'plain'],
    ['x;{1B_TOKEN}={a1b2c3};', '=', '', 'loose'],
    ['x {token}={a1b2c3} y', '=', '', 'plain'],
    ['  {token}: {a1b2c3}\n', ':', '', 'plain'],
    ['x\n  - {token}: {a1b2c3} # y', ':', '', 'plain'],
    ['export {token} = {a1b2c3}\r\n', '=', '', 'plain'],
    ['x {token}: {a1b2c3}\n', ':', '', 'loose'],
    ['  {token}: {a1b2c3} y', ':', '', 'loose'],
  ]
  for (const [shape, operator, quote, form] of rows) t.equal(formOf(written(shape, operator, quote)), form, shape)
  t.ok(isFlag(written('x {--token} {a}', '')))
  t.notOk(isFlag(written('x {-token} {a}', '')))
})

t.test('a line of its own is what the regular expressions of lines say', async (t) => {
  const before = fc.array(
    fc.constantFrom(' ', '\t', '\n', '\r', 'x', '- ', 'export ', 'set ', 'ENV ', ' '.repeat(38)),
    {
      maxLength: 6,
    },
  )
  const after = fc.array(fc.constantFrom(' ', '\t', '\n', '\r', '#', 'x', '      '), { maxLength: 6 })
  let plain = 0
  fc.assert(
    fc.property(before, after, (head, tail) => {
      const assignment = written(`${head.join('')}{token}: {a1b2c3}${tail.join('')}`, ':')
      const { text, nameStart, valueEnd } = assignment
      const isOwnLine =
        /(?:^|\n)[ \t]*(?:- |export |set |ENV )?$/.test(text.slice(Math.max(0, nameStart - 40), nameStart)) &&
        /^[ \t]*(?:\r?\n|$|#)/.test(text.slice(valueEnd, valueEnd + 8))
      if (isOwnLine) plain += 1
      t.equal(formOf(assignment), isOwnLine ? 'plain' : 'loose', JSON.stringify(text))
    }),
    { numRuns: 2000 },
  )
  t.ok(plain > 100, `${plain}`)
})
