import t from 'tap'
import { createKerberos, type KerberosPackage } from '../../src/identity/kerberos.ts'

const SETTINGS = { service: 'HTTP', keytab: '/etc/weir.keytab', timeoutMs: 1000 }
const fault = (code: string): Error => Object.assign(new Error('x'), { code })

interface Step {
  readonly username?: unknown
  readonly response?: unknown
  readonly fails?: string
}

const packageOf = ({ username = 'ann@ACME', response = 'oQ==', fails }: Step = {}): KerberosPackage => ({
  initializeServer: async () => ({
    username,
    response,
    step: async () => {
      if (fails !== undefined) throw new Error(fails)
    },
  }),
})

const make = (answer: () => unknown, env: Record<string, string | undefined> = {}) =>
  createKerberos({ importPackage: async () => answer(), env })

const throwing = (code: string) => (): never => {
  throw fault(code)
}

t.test('nothing is loaded before somebody asks', async (t) => {
  createKerberos({ importPackage: () => t.fail('loaded') as never })
  t.pass()
})

t.test('a package that is missing, not built or broken is said with its code and what to do', async (t) => {
  const problem = (answer: () => unknown) => make(answer).check(SETTINGS)
  t.match(
    await problem(throwing('ERR_MODULE_NOT_FOUND')),
    /not installed \(ERR_MODULE_NOT_FOUND\): run `npm install --no-save kerberos@7`/u,
  )
  t.match(await problem(throwing('MODULE_NOT_FOUND')), /was not built \(MODULE_NOT_FOUND\): .*allowScripts/u)
  t.match(await problem(throwing('ERR_DLOPEN_FAILED')), /does not load \(ERR_DLOPEN_FAILED\)/u)
  t.match(await problem(() => ({})), /not version 7/u)
  t.match(await make(throwing('ERR_MODULE_NOT_FOUND')).accept(SETTINGS, 'x'), { kind: 'unavailable' })
})

t.test('a package that was installed meanwhile is found at the next look', async (t) => {
  let isThere = false
  const kerberos = make(() => {
    if (!isThere) throw fault('ERR_MODULE_NOT_FOUND')
    return { default: packageOf() }
  })
  t.match(await kerberos.check(SETTINGS), /not installed/u)
  isThere = true
  t.equal(await kerberos.check(SETTINGS), null)
})

t.test('the keytab of the configuration is used; a refused one leaves what was', async (t) => {
  const env: Record<string, string | undefined> = { KRB5_KTNAME: 'FILE:/etc/krb5.keytab' }
  const kerberos = make(() => packageOf(), env)
  t.equal(await kerberos.check(SETTINGS), null)
  t.equal(env['KRB5_KTNAME'], 'FILE:/etc/weir.keytab')
  await kerberos.accept({ ...SETTINGS, keytab: null }, 'x')
  t.equal(env['KRB5_KTNAME'], 'FILE:/etc/krb5.keytab', 'none configured: as the environment said')
  const refusing = make(() => ({ initializeServer: async () => Promise.reject(new Error('No key\n table')) }), env)
  t.match(
    await refusing.check(SETTINGS),
    /no ticket can be taken for `HTTP`: No key table: check `identity\.negotiate\.keytab`/u,
  )
  t.equal(env['KRB5_KTNAME'], 'FILE:/etc/krb5.keytab')
  t.match(await refusing.accept(SETTINGS, 'x'), { kind: 'unavailable', detail: 'No key table' })
  const bare: Record<string, string | undefined> = {}
  const other = make(() => packageOf(), bare)
  await other.accept(SETTINGS, 'x')
  await other.accept({ ...SETTINGS, keytab: null }, 'x')
  t.strictSame(bare, {})
  await make(() => ({ initializeServer: async () => Promise.reject(new Error('no')) }), bare).check(SETTINGS)
  t.strictSame(bare, {})
})

t.test('a library that hangs at the start is said', async (t) => {
  const kerberos = make(() => ({ initializeServer: () => new Promise(() => undefined) }))
  t.match(await kerberos.check({ ...SETTINGS, timeoutMs: 10 }), /did not answer in 10 ms/u)
})

t.test('a token is accepted or refused in the words of the library, cut to a bearable length', async (t) => {
  const accept = (step: Step) => make(() => packageOf(step)).accept(SETTINGS, 'x')
  t.strictSame(await accept({}), { kind: 'accepted', principal: 'ann@ACME', response: 'oQ==' })
  t.match(await accept({ response: undefined }), { kind: 'accepted' })
  t.match(await accept({ response: 7 }), { kind: 'accepted', response: null })
  t.match(await accept({ username: null }), { kind: 'refused' })
  t.match(await accept({ fails: 'Request is a replay' }), { kind: 'refused', detail: 'Request is a replay' })
  const long = await accept({ fails: 'x'.repeat(5000) })
  t.ok(long.kind === 'refused' && long.detail.length <= 200)
})
