import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { personsOf } from '../helpers/persons.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { exchangeOnce, tlsThrough } from '../helpers/wire-client.ts'

const WHO = (user: string): string =>
  `- { cidr: 127.0.0.0/8, user: ${user}, groups: [research, emea], device: LT-0815, network: berlin }\n`

const BODY = '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'

async function ask(weir: TestWeir, agent = 'claude-cli/2.1.330 (external, cli)') {
  const socket = await tlsThrough(weir.port, 'api.anthropic.com:443', { ca: weir.ca })
  return exchangeOnce(
    socket,
    `POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nUser-Agent: ${agent}\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`,
  )
}

async function setUp(t: Test, policy: (text: string) => string): Promise<TestWeir> {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('{"ok":true}'))
  const map = join(t.testdir({ 'who.yaml': WHO('alice') }), 'who.yaml')
  return startWeir(t, {
    pins: { 'api.anthropic.com:443': origin.address },
    roots: [pki.rootPem],
    config: { identity: { map } },
    policy,
  })
}

const mapOf = (weir: TestWeir): string => weir.app.config.identity.map ?? ''

t.test(
  'the network map gives person and device to the personal file, and a pseudonym to the chained line',
  async (t) => {
    const weir = await setUp(t, (text) => text)
    t.equal((await ask(weir)).status, 400)
    await weir.waitForEvents((events) => flowEvents(events).length >= 1)
    await weir.stop()
    const [event] = flowEvents(weir.events())
    t.match(event, { assurance: 'network', who: /^p_/u, whoDigest: /.+/u })
    t.notMatch(JSON.stringify(weir.events()), /alice|research|LT-0815|127\.0\.0\.1|berlin/u)
    t.match(
      personsOf(weir.dir).find(({ id }) => id === event?.['id']),
      {
        user: 'alice',
        groups: ['research', 'emea'],
        device: 'LT-0815',
        network: 'berlin',
        addr: '127.0.0.1',
      },
    )
  },
)

t.test('rules for users and groups, and exemptions, follow the map, also when it changes', async (t) => {
  const weir = await setUp(t, (text) =>
    text
      .replace(
        'rules:\n',
        'rules:\n  - { id: carol-may, match: { user: carol, tool: claude-code }, action: allow }\n' +
          '  - { id: no-mallory, match: { device: LT-0815, user: mallory }, tier: prohibited, exemptible: false }\n',
      )
      .replace(
        'exemptions: []',
        'exemptions: [{ id: ex_7, group: research, tool: claude-code, tier: monitored, until: 2099-01-01T00:00:00Z, by: bob, approvedBy: dave, reason: pilot }]',
      ),
  )
  const decided = async (count: number) =>
    flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= count))
  t.equal((await ask(weir)).status, 200, 'the group has an exemption')
  t.match((await decided(2))[0], {
    phase: 'intent',
    action: 'log',
    tier: 'monitored',
    exemption: 'ex_7',
    reason: 'exemption',
  })

  writeFileSync(mapOf(weir), WHO('carol'))
  await weir.app.reload('signal')
  t.equal((await ask(weir)).status, 200)
  t.match((await decided(3))[2], { phase: 'outcome', action: 'allow', rule: 'rule:carol-may' })

  writeFileSync(mapOf(weir), WHO('mallory'))
  await weir.app.reload('signal')
  t.equal((await ask(weir, 'curl/8.0')).status, 400, 'a rule that is not exemptible stands above the exemption')
  t.match((await decided(4))[3], { action: 'block', rule: 'rule:no-mallory', exemption: null })

  writeFileSync(mapOf(weir), '- { cidr: 10.0.0.0/8, user: alice, groups: [research] }\n')
  await weir.app.reload('signal')
  t.equal((await ask(weir)).status, 400, 'nobody is known at this address: no exemption')
  t.match((await decided(5))[4], { action: 'block', assurance: 'none', exemption: null })
})

t.test('a broken map keeps the old one and is reported', async (t) => {
  const weir = await setUp(t, (text) => text)
  writeFileSync(mapOf(weir), '- { cidr: 300.0.0.0/8, user: eve }\n')
  await weir.app.reload('signal')
  await ask(weir)
  const events = await weir.waitForEvents((all) => all.some(({ phase, ok }) => phase === 'config' && ok === false))
  t.match(
    events.find(({ ok }) => ok === false),
    { phase: 'config', what: 'identity', to: null, problems: 1, by: 'signal' },
  )
  t.ok(weir.log.some((line) => /"event":"config\.refused"/u.test(line) && /\[0\]\.cidr/u.test(line)))
  await weir.stop()
  t.match(personsOf(weir.dir).at(-1), { user: 'alice' })
})
