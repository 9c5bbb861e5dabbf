import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { createLdapDirectory, fillFilter, type LdapSettings } from '../../src/identity/ldap.ts'
import { makeClientPki } from '../helpers/client-pki.ts'
import { freePort, skipWithoutDebian } from '../helpers/debian.ts'
import { BIND_DN, BIND_PASSWORD, startDirectory } from '../helpers/directory.ts'

const BASE = 'dc=acme,dc=example'

function open(t: Test, more: Partial<LdapSettings> & { urls: readonly string[] }, secrets = {}) {
  const settings: LdapSettings = {
    startTls: false,
    bindDn: BIND_DN,
    userBase: BASE,
    userFilter: '(&(objectClass=inetOrgPerson)(uid={user}))',
    groupBase: BASE,
    groupFilter: '(member={dn})',
    groupName: 'cn',
    timeoutMs: 5000,
    ...more,
  }
  const directory = createLdapDirectory(settings, async () => ({ password: BIND_PASSWORD, ca: null, ...secrets }))
  t.teardown(() => directory.close())
  return directory
}

t.test('what a user is called is never part of the filter', (t) => {
  t.equal(fillFilter('(uid={user})', { user: 'li.wei' }), '(uid=li.wei)')
  t.equal(fillFilter('(uid={user})', { user: '*)(uid=*' }), '(uid=\\2a\\29\\28uid\\3d\\2a)')
  t.equal(fillFilter('(a={user})(b={dn})', { user: '{dn}', dn: 'cn=x' }), '(a={dn})(b=cn\\3dx)')
  t.equal(fillFilter('(a={other})', { user: 'x' }), '(a={other})')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (user) => {
      const filled = fillFilter('(uid={user})', { user }).slice(5, -1)
      if (/[*()\0]|\\(?![0-9a-f]{2})/u.test(filled)) throw new Error(filled)
    }),
  )
  t.end()
})

t.test('a real directory', { skip: skipWithoutDebian('slapd', 'slapadd', 'openssl') }, async (t) => {
  const slapd = await startDirectory(t)

  await t.test('groups are those whose member the user is, whatever the name looks like', async (t) => {
    const directory = open(t, { urls: [slapd.url] })
    t.strictSame([...(await directory.groupsOf('li.wei'))].sort(), ['pilot', 'staff'])
    t.strictSame(await directory.groupsOf('LI.WEI').then((groups) => groups.length), 2)
    t.strictSame(await directory.groupsOf('jörg'), ['pilot'])
    t.strictSame(await directory.groupsOf('odd*(name)'), ['staff'])
    t.strictSame(await directory.groupsOf('nobody'), [])
  })

  await t.test('a name that would be a filter finds nobody', async (t) => {
    const directory = open(t, { urls: [slapd.url] })
    for (const name of ['*', 'an*', 'x)(|(uid=ann)', 'ann)(uid=ann', '\\61nn', 'ann\0', '']) {
      t.strictSame(await directory.groupsOf(name), [], name)
    }
  })

  await t.test('a filter that fits two people gives the groups of neither', async (t) => {
    const directory = open(t, { urls: [slapd.url], userFilter: '(|(uid={user})(uid=ann))' })
    t.strictSame(await directory.groupsOf('li.wei'), [])
    const all = open(t, { urls: [slapd.url], userFilter: '(|(uid={user})(objectClass=*))' })
    t.strictSame(await all.groupsOf('li.wei'), [])
  })

  await t.test('a wrong or empty password rejects and is not told', async (t) => {
    for (const password of ['wrong-word', '', null]) {
      const directory = open(t, { urls: [slapd.url] }, { password })
      const error = await directory.groupsOf('ann').then(() => null, String)
      t.ok(error)
      t.notMatch(error, /wrong-word/u)
    }
  })

  await t.test('a directory that stops rejects, and is asked again once it is back', async (t) => {
    const directory = open(t, { urls: [slapd.url] })
    t.strictSame(await directory.groupsOf('ann'), ['secret'])
    await slapd.stop()
    await t.rejects(directory.groupsOf('ann'))
    await slapd.start()
    t.strictSame(await directory.groupsOf('ann'), ['secret'])
  })

  await t.test('many at once are all answered', async (t) => {
    const directory = open(t, { urls: [slapd.url] })
    const answers = await Promise.all(Array.from({ length: 50 }, () => directory.groupsOf('ann')))
    t.ok(answers.every(([group]) => group === 'secret'))
  })

  await t.test('one that is silent rejects in time, and the next address is asked', async (t) => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    const { port } = silent.address() as { port: number }
    const url = `ldap://127.0.0.1:${port}`
    await t.rejects(open(t, { urls: [url], timeoutMs: 200 }).groupsOf('ann'), /in time/u)
    t.strictSame(await open(t, { urls: [url, slapd.url], timeoutMs: 4000 }).groupsOf('ann'), ['secret'])
    const gone = `ldap://127.0.0.1:${await freePort()}`
    t.strictSame(await open(t, { urls: [gone, slapd.url] }).groupsOf('ann'), ['secret'])
  })

  await t.test('TLS is verified, by StartTLS and from the start', async (t) => {
    const pki = makeClientPki(t)
    const ca = readFileSync(pki.server.cert, 'utf8')
    const other = readFileSync(pki.ca, 'utf8')
    const starting = await startDirectory(t, pki.server)
    const secure = await startDirectory(t, pki.server, true)
    for (const options of [{ urls: [starting.url], startTls: true }, { urls: [secure.url] }]) {
      t.strictSame(await open(t, options, { ca }).groupsOf('ann'), ['secret'])
      await t.rejects(open(t, options, { ca: other }).groupsOf('ann'))
      await t.rejects(open(t, options).groupsOf('ann'))
    }
  })
})
