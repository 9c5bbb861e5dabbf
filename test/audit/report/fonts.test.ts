import t from 'tap'
import { findCjkFonts, parseFont } from '../../../src/audit/report/fonts.ts'

t.test('a collection names its member', async (t) => {
  t.strictSame(parseFont('/f/x.ttf'), { file: '/f/x.ttf', member: null })
  t.strictSame(parseFont('/f/x.ttc#Some-Regular'), { file: '/f/x.ttc', member: 'Some-Regular' })
})

t.test('a configured font that is not there is no font', async (t) => {
  const dir = t.testdir({ 'a.ttf': '' })
  t.equal(findCjkFonts(`${dir}/none.ttf`), null)
  t.strictSame(findCjkFonts(`${dir}/a.ttf`)?.normal, { file: `${dir}/a.ttf`, member: null })
})
