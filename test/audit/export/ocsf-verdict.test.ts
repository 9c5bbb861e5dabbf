import t from 'tap'
import { activitySeverity, securityControl, statusOf } from '../../../src/audit/export/ocsf-verdict.ts'
import { goldenCases, runGolden } from './golden.ts'

t.test('the table of cases', async (t) => {
  runGolden(t, goldenCases('ocsf.yaml', 'verdict'), (record) => ({
    ...securityControl(record),
    ...statusOf(record),
    severity_id: activitySeverity(record)[0],
  }))
})
