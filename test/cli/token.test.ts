import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/token.ts'
import { openTokenStore } from '../../src/state/token-store.ts'
import { fakeIo } from './fake-io.ts'

const folder = (t: Test, identity = '{ authenticate: required }'): string =>
  t.testdir({ 'weir.yaml': `identity: ${identity}\n` })

async function weirToken(dir: string, ...args: string[]) {
  const io = fakeIo(dir)
  return { code: await run(args, io), out: io.out(), err: io.err() }
}

interface Made {
  readonly id: string
  readonly token: string
  readonly proxy: string
}

async function made(dir: string, ...args: string[]): Promise<Made> {
  return JSON.parse((await weirToken(dir, 'make', ...args, '--json')).out) as Made
}

t.test('a token is shown once, as programs take it, and only its hash is kept', async (t) => {
  const dir = folder(t)
  const { code, out, err } = await weirToken(dir, 'make', '--user', 'li.wei', '--group', 'dev', '--group', 'dev')
  t.equal(code, 0)
  t.equal(err, '')
  const [, token = ''] = /li\.wei:(weir_pt_\w+)\n/u.exec(out) ?? []
  t.ok(out.includes(`export HTTPS_PROXY=http://li.wei:${token}@127.0.0.1:3128`))
  const store = openTokenStore(join(dir, 'data', 'tokens.sqlite'), { waitMs: 1000 })
  t.teardown(() => store.close())
  t.match(store.list(), [{ user: 'li.wei', groups: ['dev'], hash: /^\$argon2id\$/u, revokedMs: null }])
  t.notOk(JSON.stringify(store.list()).includes(token.slice(-20)))
  t.match(store.deeds(), [{ operation: 'token.make', actor: /^cli:/u, before: null }])
  t.notMatch(JSON.stringify(store.deeds()), /li\.wei/u)
})

t.test('lists show no secrets, and what is over only when asked', async (t) => {
  const dir = folder(t)
  t.equal((await weirToken(dir, 'list')).out, 'no tokens\n')
  const first = await made(dir, '--user', 'li.wei')
  await made(dir, '--user', 'ann')
  t.match(await weirToken(dir, 'revoke', first.id), { code: 0, out: `${first.id} is revoked\n` })
  t.match(await weirToken(dir, 'revoke', first.id), { code: 0, out: `${first.id} was revoked before\n` })
  const now = (await weirToken(dir, 'list')).out
  t.notMatch(now, /li\.wei/u)
  t.match(now, /ann/u)
  const all = (await weirToken(dir, 'list', '--all', '--json')).out
  t.match(JSON.parse(all), [
    { user: 'li.wei', state: 'revoked' },
    { user: 'ann', state: 'good' },
  ])
  t.notMatch(all, /argon2|weir_pt/u)
})

t.test('all tokens of a user are taken back together; what is not there is an error', async (t) => {
  const dir = folder(t)
  const tokens = [await made(dir, '--user', 'bob'), await made(dir, '--user', 'bob', '--expires', 'never')]
  const { code, out } = await weirToken(dir, 'revoke', '--user', 'bob', '--json')
  t.equal(code, 0)
  t.strictSame(JSON.parse(out), { revoked: tokens.map(({ id }) => ({ id, result: 'revoked' })) })
  t.match(await weirToken(dir, 'revoke', '--user', 'bob'), { code: 1, err: /no tokens of `bob`/u })
  t.match(await weirToken(dir, 'revoke', 'nobody'), { code: 1, err: /no token `nobody`/u })
})

t.test('wrong usage makes nothing', async (t) => {
  const dir = folder(t)
  const cases: string[][] = [
    [],
    ['mint'],
    ['make'],
    ['make', 'extra', '--user', 'a'],
    ['make', '--user', 'a:b'],
    ['make', '--user', 'a\u001b[2J'],
    ['make', '--user', ' a'],
    ['make', '--user', 'a', '--expires', 'soon'],
    ['make', '--user', 'a', '--note', 'x'.repeat(201)],
    ['list', 'extra'],
    ['revoke'],
    ['revoke', 'id', '--user', 'a'],
    ['make', '--nonsense'],
  ]
  for (const args of cases) t.match(await weirToken(dir, ...args), { code: 2, out: '' }, JSON.stringify(args))
  t.notOk(existsSync(join(dir, 'data')))
})

t.test('who makes tokens that nobody looks at is told so', async (t) => {
  const { code, err } = await weirToken(folder(t, '{ authenticate: off }'), 'make', '--user', 'a')
  t.equal(code, 0)
  t.match(err, /warning: `identity\.authenticate` is `off`/u)
})

t.test('a store that cannot be used, and a configuration that is wrong, are said', async (t) => {
  const dir = t.testdir({ data: 'a file', 'weir.yaml': 'data: { dir: data }\n' })
  t.match(await weirToken(dir, 'list'), { code: 3, err: /token store/u })
  t.match(await weirToken(t.testdir({ 'weir.yaml': 'nonsense: 1\n' }), 'list'), { code: 1, err: /nonsense/u })
})
