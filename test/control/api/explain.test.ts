import t from 'tap'
import { fakePorts, startControl } from '../fixture.ts'

const question = {
  url: 'https://api.anthropic.com/v1/messages?beta=true',
  method: 'POST',
  headers: { 'user-agent': 'claude-cli/2.1.330 (external, cli)' },
  user: 'zhang.wei',
  groups: ['dev'],
  address: '10.0.0.9',
}

t.test('the question reaches the policy whole, and its answer comes back', async (t) => {
  const { post } = await startControl(t)
  const { status, json } = await post('/api/v1/explain', question)
  t.equal(status, 200)
  t.strictSame(json, { tool: 'claude-code', action: 'block', asked: question })
  t.strictSame((await post('/api/v1/explain', { url: 'https://a.example/' })).json.asked, { url: 'https://a.example/' })
})

t.test('what cannot be explained is a 400 with the reason', async (t) => {
  const explain = () => ({ ok: false as const, problem: 'this is no http or https URL' })
  const { post } = await startControl(t, { policy: { ...fakePorts().ports.policy, explain } })
  t.match(await post('/api/v1/explain', { url: 'x' }), {
    status: 400,
    json: { detail: 'this is no http or https URL', problems: [{ path: 'body.url' }] },
  })
})

t.test('wrong fields are refused all at once', async (t) => {
  const { post } = await startControl(t)
  const wrong = {
    url: '',
    method: 'GE T',
    headers: { 'a b': 'x', c: 'd\r\ne: f' },
    groups: 'dev',
    address: '10.0.0',
    extra: 1,
  }
  const { status, json } = await post('/api/v1/explain', wrong)
  t.equal(status, 400)
  const paths = json.problems.map((problem: { path: string }) => problem.path)
  for (const path of ['url', 'method', 'headers.a b', 'headers.c', 'groups', 'address', 'extra']) {
    t.ok(paths.includes(`body.${path}`), path)
  }
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`h${index}`, 'v']))
  t.match(await post('/api/v1/explain', { url: 'https://a/', headers: many }), { status: 400 })
})

t.test('asking is an admin event that names the host and the fields given, no value', async (t) => {
  const { post, recorded } = await startControl(t)
  await post('/api/v1/explain', question)
  await post('/api/v1/explain', { url: 'not a url' })
  t.match(recorded, [
    {
      actor: 'token:admin',
      operation: 'policy.explain',
      target: 'api.anthropic.com',
      after: { given: ['address', 'groups', 'headers', 'method', 'url', 'user'] },
    },
    { target: 'unknown' },
  ])
  t.notMatch(JSON.stringify(recorded), /zhang|beta|claude-cli|10\.0\.0\.9/)
})
