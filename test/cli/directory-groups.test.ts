import t from 'tap'
import { createDirectoryGroups } from '../../src/cli/directory-groups.ts'
import { configSchema, type WeirConfig } from '../../src/config/schema.ts'
import { freePort } from '../helpers/debian.ts'

const ldapOf = (ldap: unknown): WeirConfig['identity']['ldap'] =>
  configSchema.parse({ identity: { ldap } }).identity.ldap

function setUp(first: WeirConfig['identity']['ldap']) {
  const state = { ldap: first, counted: [] as string[], warned: [] as unknown[] }
  const groups = createDirectoryGroups({
    settings: () => state.ldap,
    clock: { tickMs: () => performance.now() },
    log: { warn: (fields, event) => state.warned.push([event, fields]) },
    metrics: { count: (name) => state.counted.push(name) },
  })
  return { state, groups }
}

t.test('without a directory nobody waits and nobody has groups', (t) => {
  const { groups } = setUp(null)
  t.strictSame(groups.groupsOf('ann'), [])
  groups.close()
  t.end()
})

t.test('a directory that is not there gives no groups, is counted and logged without the user', async (t) => {
  const ldap = { urls: [`ldap://127.0.0.1:${await freePort()}`], userBase: 'dc=x', groupBase: 'dc=x' }
  const { state, groups } = setUp(ldapOf(ldap))
  t.strictSame(await groups.groupsOf('secret-user'), [])
  t.strictSame(state.counted, ['weir_directory_failures_total'])
  t.match(state.warned, [['identity.directory-failed', { detail: /ECONNREFUSED/u }]])
  t.notMatch(JSON.stringify(state.warned), /secret-user/u)
  state.ldap = ldapOf(ldap)
  t.strictSame(groups.groupsOf('secret-user'), [], 'the same text is the same directory')
  state.ldap = ldapOf({ ...ldap, groupName: 'ou' })
  t.strictSame(await groups.groupsOf('secret-user'), [], 'another one is asked')
  t.equal(state.counted.length, 2)
  state.ldap = null
  t.strictSame(groups.groupsOf('secret-user'), [])
  groups.close()
})

t.test('a password file that is gone or empty is a failure in our own words', async (t) => {
  const dir = t.testdir({ empty: '\n' })
  const base = { urls: ['ldap://127.0.0.1:1'], userBase: 'dc=x', groupBase: 'dc=x', bindDn: 'cn=weir' }
  for (const [file, detail] of [
    ['gone', /ENOENT/u],
    ['empty', /the bind password is empty/u],
  ] as const) {
    const { state, groups } = setUp(ldapOf({ ...base, bindPasswordFile: `${dir}/${file}` }))
    t.strictSame(await groups.groupsOf('ann'), [])
    t.match(state.warned, [['identity.directory-failed', { detail }]])
    groups.close()
  }
})
