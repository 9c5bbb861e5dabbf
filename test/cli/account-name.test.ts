import { userInfo } from 'node:os'
import t from 'tap'
import { accountName } from '../../src/cli/account-name.ts'

t.test('whoever runs a command has a name', async (t) => {
  t.equal(accountName(), userInfo().username)
})
