/** Kerberos against Debian's KDC: curl has a ticket, Weir a keytab; and everything that is no good ticket. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort, skipWithoutDebian } from '../helpers/debian.ts'
import { BIND_DN, BIND_PASSWORD, startDirectory } from '../helpers/directory.ts'
import { type Curl, curl, type Kdc, REALM, skipWithoutKerberos, startKdc } from '../helpers/kdc.ts'
import { startHttpOrigin, startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { makeToken } from '../helpers/tokens.ts'
import { startWeir, type TestWeir } from '../helpers/weir.ts'
import { connectThrough } from '../helpers/wire-client.ts'

const OTHER = 'OTHER.EXAMPLE'
const PILOTS = '  - { id: pilots, match: { group: pilot, assurance: [negotiate] }, tier: approved }\n'
const RULE = `rules:\n${PILOTS}  - { id: ticket, match: { user: li.wei, assurance: [negotiate] }, tier: approved }\n`
const URL = 'https://api.anthropic.com/v1/models'

interface World {
  readonly kdc: Kdc
  readonly weir: TestWeir
  /** curl with the tickets of `env`. */
  readonly ask: (env: Readonly<Record<string, string>>, ...more: string[]) => Promise<Curl>
}

async function setUp(t: Test, negotiate: Record<string, unknown> = {}, ldap: object | null = null): Promise<World> {
  const kdc = await startKdc(t, ['li.wei', 'ann', `li.wei@${OTHER}`], [OTHER])
  // The library reads the environment of the process that it runs in.
  for (const name of ['KRB5_CONFIG', 'KRB5RCACHENAME']) {
    const before = process.env[name]
    process.env[name] = kdc.env[name]
    t.teardown(() => {
      if (before === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = before
    })
  }
  // Node keeps a descriptor from its first child: it is not left behind by Weir.
  await curl(kdc.env, ['--version'])
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('reached'))
  const plain = await startHttpOrigin(t, (_request, response) => response.end('reached'))
  const weir = await startWeir(t, {
    pins: { 'api.anthropic.com:443': origin.address, 'plain.example:80': plain.address },
    roots: [pki.rootPem],
    policy: (text) => text.replace('rules:\n', RULE),
    config: {
      identity: {
        authenticate: 'required',
        ldap,
        negotiate: { keytab: kdc.addService('HTTP/localhost'), realms: [REALM], ...negotiate },
      },
    },
  })
  const ca = join(weir.dir, 'ca-for-curl.pem')
  writeFileSync(ca, weir.ca)
  const ask: World['ask'] = (env, ...more) =>
    curl(env, [
      '--cacert',
      ca,
      '-x',
      `http://localhost:${weir.port}`,
      '--proxy-negotiate',
      '--proxy-user',
      ':',
      ...more,
    ])
  return { kdc, weir, ask }
}

const skip = skipWithoutKerberos()

t.test('whoever has a ticket for the proxy is known by it', { skip }, async (t) => {
  const { kdc, weir, ask } = await setUp(t)
  const mine = kdc.login('li.wei')
  const answer = await ask(mine, '-i', URL)
  t.match(answer, { code: 0, out: /reached$/u })
  t.match(answer.out, /^HTTP\/1\.1 200 Connection established\r\nProxy-Authenticate: Negotiate [\w+/]+=*\r\n\r\n/u)
  const events = await weir.waitForEvents((all) => all.some(({ rule }) => rule === 'rule:ticket'))
  t.match(
    events.find(({ rule }) => rule === 'rule:ticket'),
    { assurance: 'negotiate', tier: 'approved' },
  )

  await t.test('plain HTTP as well, request by request on one connection', async (t) => {
    const plain = await ask(mine, '-i', 'http://plain.example/a', 'http://plain.example/b')
    t.match(plain, { code: 0 })
    t.equal(plain.out.match(/reached/gu)?.length, 2)
    t.match(plain.out, /^Proxy-Authenticate: Negotiate \S+/mu)
  })

  await t.test('user and token are still taken', async (t) => {
    const { token } = await makeToken(weir.dir, 'ann')
    const args = ['--cacert', join(weir.dir, 'ca-for-curl.pem'), '-x', `http://ann:${token}@localhost:${weir.port}`]
    t.match(await curl(kdc.env, [...args, 'http://plain.example/']), { code: 0, out: 'reached' })
  })

  await t.test('the log names neither person nor ticket', async (t) => {
    t.notMatch(weir.log.join(''), /li\.wei|YII/u)
  })
})

/** One Proxy-Authorization value that curl makes for a proxy of this name: caught by a proxy that says nothing. */
async function catchToken(t: Test, env: Readonly<Record<string, string>>, host = 'localhost'): Promise<string> {
  const port = await freePort()
  const caught = new Promise<string>((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (data) => {
        resolve(/^Proxy-Authorization: (Negotiate \S+)\r$/imu.exec(String(data))?.[1] ?? 'none')
        socket.destroy()
      })
    })
    server.listen(port, '127.0.0.1')
    t.teardown(() => new Promise((done) => server.close(done)))
  })
  const proxy = ['-x', `http://${host}:${port}`, '--resolve', `${host}:${port}:127.0.0.1`]
  await curl(env, [...proxy, '--proxy-negotiate', '--proxy-user', ':', 'http://plain.example/'])
  return caught
}

const say = async (weir: TestWeir, credential: string): Promise<string> => {
  const { socket, head } = await connectThrough(
    weir.port,
    'api.anthropic.com:443',
    `Proxy-Authorization: ${credential}\r\n`,
  )
  socket.destroy()
  return head
}

const details = (weir: TestWeir): string[] =>
  weir.log.flatMap((line) => {
    const { event, detail } = JSON.parse(line) as { event?: string; detail?: string }
    return event === 'identity.credential-refused' ? [detail ?? ''] : []
  })

t.test(
  'groups of a directory are added for the person of a ticket',
  { skip: skip === false ? skipWithoutDebian('slapd', 'slapadd') : skip },
  async (t) => {
    const slapd = await startDirectory(t)
    const password = join(t.testdir({ password: BIND_PASSWORD }), 'password')
    const base = { userBase: 'dc=acme,dc=example', groupBase: 'dc=acme,dc=example' }
    const ldap = { ...base, urls: [slapd.url], bindDn: BIND_DN, bindPasswordFile: password }
    const { kdc, weir, ask } = await setUp(t, {}, ldap)
    t.match(await ask(kdc.login('li.wei'), URL), { code: 0, out: 'reached' })
    const events = await weir.waitForEvents((all) => all.some(({ assurance }) => assurance === 'negotiate'))
    t.match(
      events.find(({ rule }) => rule === 'rule:pilots'),
      { assurance: 'negotiate', tier: 'approved' },
    )
  },
)

t.test('what is no good ticket is answered 407 and recorded', { skip }, async (t) => {
  const { kdc, weir, ask } = await setUp(t)

  await t.test('no ticket: curl is asked, has nothing, and stops', async (t) => {
    const answer = await ask(kdc.env, '-i', URL)
    t.match(answer.out, /^HTTP\/1\.1 407 .*Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic /isu)
    t.equal(answer.out.match(/ 407 /gu)?.length, 1)
    const events = await weir.waitForEvents((all) => all.some(({ reason }) => reason === 'proxy-auth-required'))
    t.match(
      events.find(({ reason }) => reason === 'proxy-auth-required'),
      { action: 'block', assurance: 'none' },
    )
  })

  await t.test('a ticket of a realm that is trusted by Kerberos, but not by Weir', async (t) => {
    const answer = await ask(kdc.login('li.wei', { realm: OTHER }), '-i', URL)
    t.match(answer.out, /^HTTP\/1\.1 407 /u)
    t.match(details(weir).at(-1), /realm that `identity\.negotiate\.realms` does not list/u)
    await weir.waitForEvents((all) => all.some(({ reason }) => reason === 'proxy-auth-failed'))
  })

  await t.test('a ticket that has run out', async (t) => {
    const token = await catchToken(t, kdc.login('li.wei', { life: '3s' }))
    t.match(token, /^Negotiate YI/u)
    // Clocks may differ by a second more.
    await new Promise((resolve) => setTimeout(resolve, 4500))
    process.env['KRB5_CONFIG'] = kdc.strictConfig
    t.match(await say(weir, token), /^HTTP\/1\.1 407 /u)
    process.env['KRB5_CONFIG'] = kdc.env['KRB5_CONFIG']
    t.match(details(weir).at(-1), /expired|skew/iu)
  })

  await t.test('a token that was used before', async (t) => {
    const token = await catchToken(t, kdc.login('ann'))
    t.match(await say(weir, token), /^HTTP\/1\.1 200 /u)
    const again = await say(weir, token)
    t.match(again, /^HTTP\/1\.1 407 /u)
    t.notMatch(again, /Proxy-Authenticate: Negotiate/iu, 'nobody is asked for what led nowhere')
    t.match(again, /Proxy-Authenticate: Basic/iu)
    t.match(details(weir).at(-1), /replay/iu)
  })

  await t.test('a ticket for another service, a cut one, a changed one, and no ticket at all', async (t) => {
    const token = await catchToken(t, kdc.login('ann'))
    const bytes = Buffer.from(token.slice('Negotiate '.length), 'base64')
    const changed = Buffer.from(bytes)
    changed[bytes.length - 9] = (changed[bytes.length - 9] ?? 0) ^ 1
    for (const bad of [
      bytes.subarray(0, -1),
      changed,
      bytes.subarray(0, 20),
      Buffer.from('hello'),
      Buffer.alloc(30_000, 0x60),
    ]) {
      t.match(await say(weir, `Negotiate ${bad.toString('base64')}`), /^HTTP\/1\.1 407 /u, `${bad.length} bytes`)
    }
    for (const bad of ['Negotiate', 'Negotiate %%%', `Negotiate ${'A'.repeat(40_000)}=`]) {
      t.match(await say(weir, bad), /^HTTP\/1\.1 407 /u)
    }
    t.match(await say(weir, token), /^HTTP\/1\.1 200 /u, 'and the whole one is still good')
  })

  await t.test('NTLM, bare or in SPNEGO, has a reason of its own and is not asked for again', async (t) => {
    const message = Buffer.from('NTLMSSP\0\x01\0\0\0\x97\x82\x08\xe2', 'latin1').toString('base64')
    for (const scheme of ['Negotiate', 'NTLM']) {
      const head = await say(weir, `${scheme} ${message}`)
      t.match(head, /^HTTP\/1\.1 407 /u)
    }
    t.notMatch(await say(weir, `Negotiate ${message}`), /Proxy-Authenticate: Negotiate/iu)
    await weir.waitForEvents((all) => all.some(({ reason }) => reason === 'proxy-auth-ntlm'))
  })

  t.notMatch(weir.log.join(''), /li\.wei|YII/u, 'the log names neither person nor ticket')
})

t.test('a keytab without the key of the service stops the start, and says what to look at', { skip }, async (t) => {
  await t.rejects(setUp(t, { service: 'HTTP@proxy.acme.example' }), {
    message: /identity\.negotiate: no ticket can be taken for `HTTP@proxy\.acme\.example`: .*keytab.*klist -k/u,
  })
})

t.test('a ticket for a service whose key Weir does not have is not taken', { skip }, async (t) => {
  const { kdc, weir } = await setUp(t)
  const other = kdc.addService('HTTP/other.acme.example')
  t.ok(other)
  const token = await catchToken(t, kdc.login('ann'), 'other.acme.example')
  t.match(token, /^Negotiate YI/u)
  t.match(await say(weir, token), /^HTTP\/1\.1 407 /u)
  t.match(details(weir).at(-1), /key|wrong principal/iu)
})
