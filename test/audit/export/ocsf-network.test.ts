import t from 'tap'
import { httpActivity } from '../../../src/audit/export/ocsf-network.ts'
import { goldenCases, runGolden } from './golden.ts'

t.test('the table of cases', async (t) => {
  runGolden(t, goldenCases('ocsf.yaml', 'network'), httpActivity)
})
