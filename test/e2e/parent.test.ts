/** Weir behind Weir: who decides, who refuses, who is asked, and what each records of it. */
import t from 'tap'
import { noSecret, startFamily, waitForPhase, written } from '../helpers/family.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { readToEnd } from '../helpers/stage.ts'
import { revokeToken } from '../helpers/tokens.ts'
import { goWay } from '../helpers/way.ts'
import { flowEvents } from '../helpers/weir.ts'
import { connectThrough } from '../helpers/wire-client.ts'

const APPROVED = 'gateway.qoder.com.cn'
const NEWS = 'news.example'

t.test('a tunnel and an intercepted request go through both, and each Weir records its own part', async (t) => {
  const pki = await makePki(t)
  const seen: string[] = []
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    seen.push(request.rawHeaders.join('\n'))
    response.end('{}')
  })
  const pins = { [`${NEWS}:443`]: origin.address, [`${APPROVED}:443`]: origin.address }
  const both = await startFamily(t, { pins, roots: [pki.rootPem] })
  const { child, parent } = both
  const roots = [child.ca, pki.rootPem]
  const news = await goWay(child, 'connect', `${NEWS}:443`, { says: `tls ${NEWS}`, host: NEWS }, roots)
  t.equal(news.gets, 'theirs 200', 'unread by both')
  const ai = await goWay(child, 'connect', `${APPROVED}:443`, { says: `tls ${APPROVED}`, host: APPROVED }, roots)
  t.equal(ai.gets, 'ours 200', 'read by both')
  t.equal(seen.length, 2)
  t.notMatch(seen.join('\n'), /proxy-/iu)
  for (const weir of [child, parent]) {
    const [tunnel] = await waitForPhase(weir, 'tunnel')
    t.match(tunnel, { action: 'allow', reason: 'not-catalogued', destination: { host: NEWS, port: 443 }, error: null })
    const [outcome] = await waitForPhase(weir, 'outcome')
    t.match(outcome, { action: 'allow', tool: 'lingma-qoder-cn', status: 200, error: null })
  }
  const [ofChild] = await waitForPhase(child, 'outcome')
  const [ofParent] = await waitForPhase(parent, 'outcome')
  t.match(ofChild, { assurance: 'none' })
  t.match(ofParent, { assurance: 'token' }, 'the parent knows the child by its token')
  noSecret(t, both)
})

t.test('a block by the child never reaches the parent, one by the parent reads as its notice', async (t) => {
  const { child, parent } = await startFamily(t, {
    pins: {},
    parentPolicy: (text) =>
      text.replace('lingma-qoder-cn, qoder], tier: approved', 'lingma-qoder-cn, qoder], tier: prohibited'),
  })
  const claude = {
    says: 'tls api.anthropic.com',
    host: 'api.anthropic.com',
    asks: 'POST /v1/messages\nUser-Agent: claude-cli/2.1.330 (external, cli)\nContent-Length: 0',
  }
  t.equal((await goWay(child, 'connect', 'api.anthropic.com:443', claude, [child.ca])).gets, 'ours 400')
  t.strictSame(flowEvents(parent.events()), [])
  const asked = { says: `tls ${APPROVED}`, host: APPROVED, asks: 'POST /way\nContent-Length: 0' }
  const refused = await goWay(child, 'connect', `${APPROVED}:443`, asked, [child.ca])
  t.equal(refused.gets, 'ours 400')
  t.match(refused.text, 'Blocked by ACME policy')
  const [blocked] = await waitForPhase(parent, 'outcome')
  t.match(blocked, { action: 'block', tier: 'prohibited', status: 400 })
  t.match((await waitForPhase(child, 'outcome', 2))[1], { action: 'allow', status: 400, error: null })
})

t.test('noProxy goes past the parent', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('{}'))
  const names = ['wiki.corp.example', 'a.wiki.corp.example', APPROVED]
  const { child, parent } = await startFamily(t, {
    pins: {},
    roots: [pki.rootPem],
    childPins: Object.fromEntries(names.map((name) => [`${name}:443`, origin.address])),
    noProxy: ['corp.example', `${APPROVED}:443`],
  })
  for (const host of names) {
    const { gets } = await goWay(child, 'connect', `${host}:443`, { says: `tls ${host}`, host }, [
      child.ca,
      pki.rootPem,
    ])
    t.equal(gets, host === APPROVED ? 'ours 200' : 'theirs 200', host)
  }
  await parent.stop()
  t.strictSame(flowEvents(parent.events()), [])
})

/** What the parent does not do: port of the destination, what it answers, and what it records. */
const REFUSALS = [
  { port: 443, status: 403, records: { action: 'block', error: { code: 'tunnel-refused', side: 'weir' } } },
  { port: 8443, status: 502, records: { error: { code: 'connect-refused', side: 'upstream' } } },
] as const

t.test('a parent that refuses with 403 or 502 is told by its status, as a fault of the upstream side', async (t) => {
  for (const { port, status, records } of REFUSALS) {
    const both = await startFamily(t, {
      pins: { 'dns.google:8443': '127.0.0.1:1' },
      parentPolicy: (text) => (port === 443 ? text.replace('doh: record', 'doh: refuse') : text),
    })
    const { child, parent } = both
    const { socket, head } = await connectThrough(child.port, `dns.google:${port}`)
    t.match(head, /^HTTP\/1\.1 502 /u)
    const { text } = await readToEnd(socket)
    t.match(text, `it answered ${status}`)
    t.match(text, '"code":"parent-refused"')
    t.match((await waitForPhase(child, 'tunnel'))[0], { error: { code: 'parent-refused', side: 'upstream' } })
    t.match((await waitForPhase(parent, 'tunnel'))[0], { ...records, destination: { host: 'dns.google', port } })
    noSecret(t, both)
  }
})

t.test(
  'a token that the parent does not know is 502 for the client, never 407, and the parent records the failure',
  async (t) => {
    const both = await startFamily(t, { pins: {}, password: 'wrong-secret' })
    const { child, parent } = both
    const { socket, head } = await connectThrough(child.port, `${NEWS}:443`)
    const { text } = await readToEnd(socket)
    t.match(head, /^HTTP\/1\.1 502 /u)
    t.match(text, /"code":"parent-refused"/u)
    t.match(text, /it wants other credentials \(407\)/u)
    t.notMatch(`${head}${text}`, /proxy-authenticate|wrong-secret/iu)
    const { gets, text: inside } = await goWay(
      child,
      'connect',
      `${APPROVED}:443`,
      { says: `tls ${APPROVED}`, host: APPROVED },
      [child.ca],
    )
    t.equal(gets, 'ours 502', 'inside an intercepted tunnel as well')
    t.match(inside, /"code":"parent-refused"/u)
    t.match((await waitForPhase(child, 'outcome'))[0], {
      status: 502,
      error: { code: 'parent-refused', side: 'upstream' },
    })
    t.match((await waitForPhase(parent, 'tunnel'))[0], {
      action: 'block',
      reason: 'proxy-auth-failed',
      error: { code: 'proxy-auth-failed', side: 'client' },
    })
    t.notOk(written(child).includes('wrong-secret'))
    noSecret(t, both)
  },
)

t.test('a token that is taken back ends what comes after it', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('{}'))
  const { child, parent, token } = await startFamily(t, { pins: { [`${NEWS}:443`]: origin.address } })
  const said = { says: `tls ${NEWS}`, host: NEWS }
  t.equal((await goWay(child, 'connect', `${NEWS}:443`, said, [pki.rootPem])).gets, 'theirs 200')
  await revokeToken(parent.dir, token.id)
  t.equal((await goWay(child, 'connect', `${NEWS}:443`, said, [pki.rootPem])).gets, 'refused 502')
})
