import t from 'tap'
import { activityOf, adminActivity, configActivity } from '../../../src/audit/export/ocsf-entity.ts'
import { goldenCases, runGolden } from './golden.ts'

t.test('the table of cases', async (t) => {
  runGolden(t, goldenCases('ocsf.yaml', 'entity'), (record) =>
    record['phase'] === 'admin' ? adminActivity(record) : configActivity(record),
  )
})

t.test('what retention does is a deletion, an erasure that was refused is none', async (t) => {
  t.same(activityOf('retention.remove'), [4, 'Delete'])
  t.same(activityOf('retention.forget'), [4, 'Delete'])
  t.same(activityOf('person.erase-refused'), [99, 'person.erase-refused'])
})
