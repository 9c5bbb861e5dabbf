import t from 'tap'
import { adminActivity, configActivity } from '../../../src/audit/export/ocsf-entity.ts'
import { goldenCases, runGolden } from './golden.ts'

t.test('the table of cases', async (t) => {
  runGolden(t, goldenCases('ocsf.yaml', 'entity'), (record) =>
    record['phase'] === 'admin' ? adminActivity(record) : configActivity(record),
  )
})
