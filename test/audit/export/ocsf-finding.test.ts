import t from 'tap'
import { dataSecurityFinding } from '../../../src/audit/export/ocsf-finding.ts'
import { goldenCases, runGolden } from './golden.ts'

t.test('the table of cases', async (t) => {
  runGolden(t, goldenCases('ocsf.yaml', 'finding'), dataSecurityFinding)
})
