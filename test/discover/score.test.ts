import t from 'tap'
import { scoreOf } from '../../src/discover/score.ts'
import { AI_SCORE } from '../../src/domain/sighting.ts'
import { type ExchangeRow, exchangeRows, exchangeSet, stagesOf } from './exchanges.ts'

/** Recognised at one stage is recognised: the tier acts then. */
const best = (row: ExchangeRow): number => Math.max(...Object.values(stagesOf(row)).map(({ score }) => score))

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
    t.ok(best(row) < AI_SCORE, `${row.it}: ${best(row)} by ${stagesOf(row).answer.evidence.join(', ')}`)
  }
  t.ok(rows.length >= 100, `${rows.length} exchanges`)
})

t.test('exchanges written before the signs are recognised, and none that only looks near', async (t) => {
  for (const [name, atLeast] of [
    ['unseen-1', 70],
    ['unseen-2', 14],
  ] as const) {
    const { ai, notAi } = exchangeSet(name)
    const missed = ai.filter((row) => best(row) < AI_SCORE).map(({ it }) => it)
    t.ok(ai.length - missed.length >= atLeast, `${name}: missed are ${missed.join(', ')}`)
    t.strictSame(
      notAi.filter((row) => best(row) >= AI_SCORE).map(({ it }) => it),
      [],
      name,
    )
  }
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
