import t from 'tap'
import { seenDialect } from '../../src/discover/seen-dialect.ts'
import { AI_SCORE } from '../../src/domain/sighting.ts'
import { exchangeRows, headOf, stagesOf } from './exchanges.ts'

t.test('explaining a head says what deciding on it does', async (t) => {
  for (const row of [...exchangeRows('ai'), ...exchangeRows('not-ai')]) {
    const { score, dialect } = stagesOf(row).head
    t.equal(seenDialect(headOf(row)), score >= AI_SCORE ? dialect : null, row.it)
  }
})
