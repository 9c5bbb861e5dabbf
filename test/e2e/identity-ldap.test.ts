/** A token names the user, the directory the groups, a rule of the policy reads them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { skipWithoutDebian } from '../helpers/debian.ts'
import { BIND_DN, BIND_PASSWORD, startDirectory } from '../helpers/directory.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { makeToken } from '../helpers/tokens.ts'
import { startWeir, type TestWeir } from '../helpers/weir.ts'
import { connectThrough, exchangeOnce } from '../helpers/wire-client.ts'

const RULE =
  'rules:\n  - { id: pilots, match: { tool: claude-code, group: pilot, assurance: [token] }, tier: monitored }\n'
const BODY = '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
const REQUEST = `POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nUser-Agent: claude-cli/2.1.330 (external, cli)\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`

t.test('groups of a directory', { skip: skipWithoutDebian('slapd', 'slapadd') }, async (t) => {
  const slapd = await startDirectory(t)
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('{"ok":true}'))
  const secrets = t.testdir({ password: `${BIND_PASSWORD}\n` })
  const ldap = {
    urls: [slapd.url],
    bindDn: BIND_DN,
    bindPasswordFile: join(secrets, 'password'),
    userBase: 'dc=acme,dc=example',
    groupBase: 'dc=acme,dc=example',
    timeoutMs: 3000,
    cacheSeconds: 1,
  }
  const weir = await startWeir(t, {
    pins: { 'api.anthropic.com:443': origin.address },
    roots: [pki.rootPem],
    policy: (text) => text.replace('rules:\n', RULE),
    config: { identity: { authenticate: 'required', ldap } },
  })
  const pilot = await makeToken(weir.dir, 'li.wei')
  const other = await makeToken(weir.dir, 'ann')

  await t.test('the rule for a group holds for its members, by their token', async (t) => {
    t.equal(await ask(weir, pilot.line), 200)
    t.equal(await ask(weir, other.line), 400, 'who is not in the group gets the tier of the tool')
    const events = await weir.waitForEvents((all) => all.some(({ phase }) => phase === 'outcome'))
    t.match(
      events.find(({ phase, rule }) => phase === 'intent' && rule === 'rule:pilots'),
      { assurance: 'token', tier: 'monitored' },
    )
  })

  await t.test(
    'a directory that is down leaves the groups that were known, and lets others go on without',
    async (t) => {
      await slapd.stop()
      await new Promise((resolve) => setTimeout(resolve, 1100))
      t.equal(await ask(weir, pilot.line), 200, 'known groups')
      const late = await makeToken(weir.dir, 'jörg')
      t.equal(await ask(weir, late.line), 400, 'no groups')
      t.match(weir.log.join(''), /identity\.directory-failed/u)
      t.notMatch(weir.log.join(''), /s3cret-of-the-directory|li\.wei/u)
    },
  )

  await t.test('the stop leaves no connection behind', async (t) => {
    await slapd.start()
    writeFileSync(join(secrets, 'password'), BIND_PASSWORD)
    await weir.stop()
    t.pass('stopped')
  })
})

async function ask(weir: TestWeir, line: string): Promise<number> {
  const { socket, head } = await connectThrough(weir.port, 'api.anthropic.com:443', line)
  if (!head.startsWith('HTTP/1.1 200')) {
    socket.destroy()
    return Number(head.slice(9, 12))
  }
  const inside = connectTls({ socket, servername: 'api.anthropic.com', ca: weir.ca })
  inside.on('error', () => undefined)
  await new Promise((resolve, reject) => {
    inside.once('secureConnect', resolve)
    inside.once('close', () => reject(new Error('closed')))
  })
  return (await exchangeOnce(inside, REQUEST)).status
}
