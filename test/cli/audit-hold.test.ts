import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { addHold } from '../../src/audit/holds.ts'
import { run } from '../../src/cli/audit-hold.ts'
import { fakeIo } from './fake-io.ts'

t.test('without a running proxy holds are added, listed and released here', async (t) => {
  const dir = t.testdir({ 'weir.yaml': 'admin: { listen: "127.0.0.1:1" }\n' })
  mkdirSync(join(dir, 'data', 'audit'), { recursive: true })
  const call = async (...args: string[]) => {
    const io = fakeIo(dir)
    return { code: await run(['hold', ...args], io), out: io.out(), err: io.err() }
  }
  t.match(await call('list'), { code: 0, out: 'no legal holds\n' })
  const added = await call('add', '--reason', 'case 7', '--since', '2026-11-01T00:00:00Z', '--json')
  t.equal(added.code, 0, added.err)
  const { id } = JSON.parse(added.out) as { id: string }
  t.match(await call('list'), { out: `${id}: 2026-11-01T00:00:00.000Z to for ever, everybody: case 7 (cli:` })
  t.match(await call('release', 'hold_000000000000', '--reason', 'over'), { code: 1, err: /no legal hold/ })
  t.match(await call('release', id, '--reason', 'over'), { code: 0 })
  t.match(await call('list', '--json'), { out: '{"items":[]}\n' })
})

t.test('in mode pseudonymous a hold of before lists no pseudonym', async (t) => {
  const dir = t.testdir({ 'weir.yaml': 'audit: { privacy: pseudonymous, privacyKey: dpo.pub.json }\n' })
  const data = join(dir, 'data')
  mkdirSync(join(data, 'audit'), { recursive: true })
  const subject = { id: 'x', who: 'p_01234567890123456789' }
  addHold(data, { reason: 'case 7', by: 'b', at: '2026-11-22T10:00:00Z', since: null, until: null, subject })
  const io = fakeIo(dir)
  t.equal(await run(['hold', 'list'], io), 0, io.err())
  t.match(io.out(), /for ever, one person: case 7/)
  const copy = fakeIo(dir)
  t.equal(await run(['hold', 'list', '--data', 'data'], copy), 0)
  t.match(copy.out(), subject.who, 'of a copy it shows what the file says')
})

t.test('wrong usage is told', async (t) => {
  const dir = t.testdir({})
  for (const args of [[], ['add'], ['release', '--reason', 'r'], ['add', '--reason', 'r', '--since', 'once']]) {
    t.equal(await run(['hold', ...args], fakeIo(dir)), 2, args.join(' '))
  }
  t.equal(await run(['hold', 'list'], fakeIo(dir)), 3)
})
