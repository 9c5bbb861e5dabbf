import t from 'tap'
import { run } from '../../src/cli/explain.ts'
import { policyWith, smallRules } from '../config/small-rules.ts'
import { fakeIo } from './fake-io.ts'

const world = { rules: smallRules(), 'net.yaml': '- { cidr: 10.0.0.0/8, user: ann }\n' }
const URL = 'https://api.alpha.test/v1/messages'

t.test('it names tool, version, tier, rule, evidence and steps', async (t) => {
  const io = fakeIo(t.testdir(world))
  t.equal(await run([URL, '--header', 'User-Agent: alpha/1.2.3 (x)'], io), 0)
  const text = io.out()
  t.match(text, /^POST https:\/\/api\.alpha\.test\/v1\/messages$/m, 'POST, because that is how the URL is used')
  t.match(text, /^ {2}tool +alpha-cli: Alpha CLI, Alpha, version 1\.2\.3$/m)
  t.match(text, /^ {2}evidence +host\+path, header:user-agent; confidence high$/m)
  t.match(text, /^ {2}tier +prohibited$/m)
  t.match(text, /^ {2}action +block$/m)
  t.match(text, /^ {2}rule +assign:tool:alpha-cli$/m)
  t.match(text, /^ {4}1\. ✓ /m)
})

t.test('as JSON the same, and a block fails only when asked to', async (t) => {
  const cwd = t.testdir(world)
  const io = fakeIo(cwd)
  t.equal(await run([URL, '--json'], io), 0)
  t.match(JSON.parse(io.out()), {
    request: { method: 'POST' },
    tool: 'alpha-cli',
    tier: 'prohibited',
    action: 'block',
    read: 'intercept',
    candidates: [{ tool: 'alpha-cli', tier: 'prohibited' }],
  })
  t.equal(await run([URL, '--fail-on-block'], fakeIo(cwd)), 1)
  t.equal(await run(['https://www.example.com/', '--fail-on-block'], fakeIo(cwd)), 0)
})

t.test('a host that is nobody’s is tunnelled unread', async (t) => {
  const io = fakeIo(t.testdir(world))
  t.equal(await run(['https://www.example.com/x'], io), 0)
  t.match(io.out(), /^GET /)
  t.match(io.out(), /^ {2}read +tunnel \(not-catalogued\)$/m)
  t.match(io.out(), /^ {2}tool +none/m)
})

t.test('the method can be said, and then it counts', async (t) => {
  const io = fakeIo(t.testdir(world))
  await run([URL, '--method', 'get', '--json'], io)
  t.match(JSON.parse(io.out()), { request: { method: 'GET' }, purpose: 'web', unread: 'unnamed-path' })
})

t.test('a body is looked into', async (t) => {
  const cwd = t.testdir({
    ...world,
    'body.json': '{"model":"alpha-large","messages":[{"role":"user","content":"hi"}]}',
  })
  const io = fakeIo(cwd)
  t.equal(await run([URL, '--body', 'body.json', '--json'], io), 0)
  t.match(JSON.parse(io.out()), { body: { model: 'alpha-large', findings: [], unread: null } })
  t.equal(await run([URL, '--body', 'none.json'], fakeIo(cwd)), 3)
})

t.test('a rule for one way of being known is tried by naming that way', async (t) => {
  const rules = smallRules()
  const policy = `${policyWith('prohibited')}rules:\n  - { id: sure, match: { user: ann, assurance: [token, negotiate] }, tier: approved }\n`
  const cwd = t.testdir({ ...world, rules: { ...rules, 'policy.yaml': policy } })
  const tierWith = async (...flags: string[]) => {
    const io = fakeIo(cwd)
    t.equal(await run([URL, '--json', '--user', 'ann', ...flags], io), 0)
    return (JSON.parse(io.out()) as { tier: string }).tier
  }
  t.equal(await tierWith(), 'prohibited', 'a name alone is as sure as an address')
  t.equal(await tierWith('--assurance', 'negotiate'), 'approved')
  t.equal(await tierWith('--assurance', 'outer-proxy'), 'prohibited')
  const bad = fakeIo(cwd)
  t.equal(await run([URL, '--assurance', 'ticket'], bad), 2)
  t.match(bad.err(), /assurance `ticket` is none of none, network, outer-proxy, token, mtls, negotiate/u)
})

t.test('mistakes are answered with what to do', async (t) => {
  const cwd = t.testdir(world)
  const none = fakeIo(cwd)
  t.equal(await run([], none), 2)
  t.match(none.err(), /say which URL/)
  t.equal(await run([URL, '--header', 'nonsense'], fakeIo(cwd)), 2)
  const bad = fakeIo(cwd)
  t.equal(await run(['ftp://x.test/'], bad), 2)
  t.match(bad.err(), /scheme/)
  t.equal(await run([URL, '--config', 'none.yaml'], fakeIo(cwd)), 1)
  t.equal(await run(['--help'], fakeIo(cwd)), 0)
})
