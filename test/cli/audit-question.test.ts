import t from 'tap'
import { readQuestion, underlined } from '../../src/cli/audit-question.ts'
import { fakeIo } from './audit-io.ts'

t.test('a mistake is shown with a caret under its place', async (t) => {
  const { io, said } = fakeIo()
  t.same(readQuestion('tier:approved tol:x', 0, io), { ok: false })
  t.equal(said(), '  tier:approved tol:x\n                ^\nno key is named `tol`: did you mean `tool:`?\n')
  t.same(readQuestion(undefined, 0, io), { ok: true, q: null })
  t.same(readQuestion('tier:approved', 0, io), { ok: true, q: 'tier:approved' })
})

t.test('the caret stands right under wide, hidden and far characters', async (t) => {
  t.equal(underlined('用户 x', 3), '  用户 x\n       ^')
  t.equal(underlined('a\u001b[2Jb', 2), '  a·[2Jb\n    ^')
  const far = underlined(`${'x'.repeat(3000)}!`, 3000).split('\n')
  t.equal(far[0]?.[far[1]?.indexOf('^') ?? 0], '!')
  t.ok(far.every((line) => line.length < 110))
})
