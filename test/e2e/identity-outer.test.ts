/** Who asks, by the word of a trusted proxy in front; and of nobody else. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startHttpOrigin } from '../helpers/origin.ts'
import { makeToken } from '../helpers/tokens.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import { connectThrough, exchangeOnce, openSocket } from '../helpers/wire-client.ts'

const HOST = 't1.openai.azure.com'
const RULES =
  'rules:\n' +
  '  - { id: ann-only, match: { user: ann, assurance: outer-proxy, host: t1.openai.azure.com }, action: block, reason: { en: ann } }\n' +
  '  - { id: by-network, match: { network: 10.1.0.0/16, host: t1.openai.azure.com }, action: allow }\n'

async function setUp(t: Test, identity: Record<string, unknown>) {
  const seen: string[] = []
  const origin = await startHttpOrigin(t, (request, response) => {
    seen.push(request.rawHeaders.join('\n'))
    response.end('{}')
  })
  const map = join(t.testdir({}), 'map.yaml')
  writeFileSync(map, '- { cidr: 10.1.2.0/24, network: berlin, groups: [staff] }\n')
  const weir = await startWeir(t, {
    pins: { [`${HOST}:80`]: origin.address },
    config: { identity: { map, ...identity } },
    policy: (text) => text.replace('rules:\n', RULES),
  })
  const ask = async (lines: string) => {
    const socket = await openSocket(weir.port)
    return exchangeOnce(
      socket,
      `GET http://${HOST}/openai/models HTTP/1.1\r\nHost: ${HOST}\r\n${lines}Connection: close\r\n\r\n`,
    )
  }
  return { weir, ask, seen }
}

t.test('user and address of a trusted proxy decide, are recorded, and go no further', async (t) => {
  const { weir, ask, seen } = await setUp(t, { trustedProxies: ['127.0.0.0/8'] })
  t.equal((await ask('X-Authenticated-User: ann\r\nX-Client-IP: 10.1.2.3\r\n')).status, 403)
  t.equal((await ask('X-Authenticated-User: bob\r\nX-Client-IP: 10.1.2.3\r\n')).status, 200)
  t.equal((await ask('X-Client-IP: 10.9.9.9\r\n')).status, 200)
  t.equal((await ask('')).status, 200)
  t.notMatch(seen.join('\n'), /x-authenticated-user|x-client-ip/iu)
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 4))
  t.match(events[0], { assurance: 'outer-proxy', rule: 'rule:ann-only', action: 'block' })
  t.match(events[1], { assurance: 'outer-proxy', rule: 'rule:by-network', action: 'allow' })
  t.equal(events[2]?.['assurance'], 'none')
  t.not(events[2]?.['who'], events[3]?.['who'], 'clients behind one proxy are told apart by their address')
})

t.test('what could be read in two ways is refused', async (t) => {
  const { ask, seen } = await setUp(t, { trustedProxies: ['127.0.0.1/32'] })
  const answer = await ask('X-Authenticated-User: bob\r\nx-authenticated-user: ann\r\n')
  t.equal(answer.status, 400)
  t.match(answer.body, /more than one X-Authenticated-User/u)
  t.notMatch(answer.body, /bob|"ann/u)
  t.strictSame(seen, [])
})

t.test('from anybody else the lines mean nothing, and go no further either', async (t) => {
  const { weir, ask, seen } = await setUp(t, { trustedProxies: ['10.0.0.0/8'] })
  t.equal((await ask('X-Authenticated-User: ann\r\nX-Client-IP: 10.1.2.3\r\n')).status, 200)
  t.notMatch(seen.join('\n'), /x-authenticated-user|x-client-ip/iu)
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 1))
  t.match(events[0], { assurance: 'none' })
})

t.test(
  'a tunnel that a trusted proxy opens is its client’s; a token is stronger; required asks the others',
  async (t) => {
    const { weir, ask } = await setUp(t, { trustedProxies: ['127.0.0.0/8'], authenticate: 'required' })
    t.equal((await ask('X-Client-IP: 10.1.2.3\r\n')).status, 407, 'an address alone is nobody')
    t.equal((await ask('X-Authenticated-User: ann\r\n')).status, 403)
    const token = await makeToken(weir.dir, 'bob')
    t.equal((await ask(`X-Authenticated-User: ann\r\n${token.line}`)).status, 200)
    const { socket, head } = await connectThrough(weir.port, `${HOST}:80`, 'X-Authenticated-User: ann\r\n')
    t.match(head, /^HTTP\/1\.1 200/u)
    const inside = await exchangeOnce(
      socket,
      `GET /openai/models HTTP/1.1\r\nHost: ${HOST}\r\nX-Authenticated-User: bob\r\nConnection: close\r\n\r\n`,
    )
    t.equal(inside.status, 403, 'inside the tunnel nobody can say otherwise')
  },
)
