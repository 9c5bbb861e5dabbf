import t from 'tap'
import { scoreOf } from '../../src/discover/score.ts'
import { AI_SCORE } from '../../src/domain/sighting.ts'
import { exchangeRows, stagesOf } from './exchanges.ts'

t.test('AI outside the catalogue is recognised where the table says, and read in the dialect it names', async (t) => {
  const rows = exchangeRows('ai')
  for (const row of rows) {
    const stages = stagesOf(row)
    const by = (['head', 'body', 'answer'] as const).find((stage) => stages[stage].score >= AI_SCORE) ?? 'none'
    t.equal(by, row.by, `${row.it}: ${stages.answer.evidence.join(', ')}`)
    if (by !== 'none') t.equal(stages[by].dialect, row.dialect, row.it)
  }
  t.ok(rows.length >= 60, `${rows.length} exchanges`)
  const found = rows.filter(({ by }) => by !== 'none').length
  t.ok(found / rows.length > 0.95, `${found} of ${rows.length} are recognised`)
})

t.test('nothing that only looks near is taken for AI, at no stage', async (t) => {
  const rows = exchangeRows('not-ai')
  for (const row of rows) {
    const { head, body, answer } = stagesOf(row)
    const score = Math.max(head.score, body.score, answer.score)
    t.ok(score < AI_SCORE, `${row.it}: ${score} by ${answer.evidence.join(', ')}`)
  }
  t.ok(rows.length >= 100, `${rows.length} exchanges`)
})

t.test('a score stays between 0 and 100, and evidence is short and names nothing twice', async (t) => {
  const sign = (name: string, points: number) => ({ name, points })
  t.strictSame(scoreOf([]), { score: 0, dialect: 'generic', evidence: [] })
  t.strictSame(scoreOf([sign('a', 80), sign('a', 80)]), { score: 100, dialect: 'generic', evidence: ['a'] })
  t.equal(scoreOf([sign('a', 20), sign('b', -60)]).score, 0)
  t.equal(scoreOf(Array.from({ length: 50 }, (_, index) => sign(`s${index}`, 1))).evidence.length, 8)
  const named = scoreOf([sign('a', 1), { ...sign('b', 1), dialect: 'gemini' }, { ...sign('c', 1), dialect: 'bedrock' }])
  t.equal(named.dialect, 'gemini', 'the first dialect counts')
})
