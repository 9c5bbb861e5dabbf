import fc from 'fast-check'
import t from 'tap'
import { findingsText } from '../../src/notice/findings-text.ts'

const found = (detector: string, field = '', count = 1) => ({ detector, field, count, severity: 'high' as const })

t.test('kinds, places and numbers', async (t) => {
  t.equal(findingsText([], ', '), '')
  t.equal(findingsText([found('jwt')], ', '), 'jwt')
  t.equal(findingsText([found('jwt', 'a', 2), found('jwt', 'b')], ', '), '3 × jwt (a, b)')
  t.equal(findingsText([found('jwt', 'a'), found('jwt', 'b'), found('jwt', 'c')], '、'), '3 × jwt (a、b、…)')
  t.equal(
    findingsText(
      ['a', 'b', 'c', 'd'].map((id) => found(id)),
      ', ',
    ),
    'a, b, c, …',
  )
})

t.test('of a long path both ends are shown', async (t) => {
  const text = findingsText([found('jwt', `messages[0].${'x'.repeat(100)}.text`)], ', ')
  t.match(text, /^jwt \(messages\[0\]\.x+…x+\.text\)$/u)
  t.ok(text.length < 80)
})

t.test('whatever comes, it is one visible line of at most 200 characters', async () => {
  const any = fc.record({
    detector: fc.string({ unit: 'binary', maxLength: 300 }),
    field: fc.string({ unit: 'binary', maxLength: 300 }),
    count: fc.nat(),
    severity: fc.constant('high' as const),
  })
  fc.assert(
    fc.property(fc.array(any, { maxLength: 8 }), (findings) => {
      const text = findingsText(findings, ', ')
      return Array.from(text).length <= 200 && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)
    }),
  )
})
