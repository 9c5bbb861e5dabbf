import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { verifyFolder } from '../../src/audit/tree/verify-folder.ts'
import { run as erase } from '../../src/cli/audit-erase.ts'
import { run as hold } from '../../src/cli/audit-hold.ts'
import { run as privacyKey } from '../../src/cli/audit-privacy-key.ts'
import { run as reidentify } from '../../src/cli/audit-reidentify.ts'
import { type FakeIo, fakeIo } from '../cli/fake-io.ts'
import { startWeir, type TestWeir } from '../helpers/weir.ts'
import { readAll } from '../helpers/wire-client.ts'

/** Whom the network map knows at the client's address. */
const NAMES = /zoe-miller|LT-4711|127\.0\.0\.77/u
const MAP = '- { cidr: 127.0.0.77/32, user: zoe-miller, device: LT-4711, network: lab }\n'
const REQUEST =
  'POST http://api.anthropic.com/v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\n' +
  'User-Agent: claude-cli/2.0.0 (external, cli)\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}'

/** Files below a folder in which a name stands. */
function filesNaming(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    // Weir runs: what is written beside a file and renamed may be gone.
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) return []
    if (found.isDirectory()) return filesNaming(path)
    return NAMES.test(readFileSync(path, 'latin1')) ? [path] : []
  })
}

/** One for each test: asking for it again would empty it. */
const folders = new WeakMap<Test, string>()
function folderOf(t: Test): string {
  const folder = folders.get(t) ?? t.testdir({})
  folders.set(t, folder)
  return folder
}

async function start(t: Test, audit: Record<string, unknown> = {}): Promise<TestWeir> {
  const map = join(folderOf(t), 'who.yaml')
  writeFileSync(map, MAP)
  return await startWeir(t, { config: { identity: { map }, audit } })
}

/** A request that is blocked without any network; gives its event. */
async function ask(weir: TestWeir): Promise<Record<string, unknown>> {
  const before = weir.events().filter(({ phase }) => phase === 'outcome').length
  const socket = connect({ host: '127.0.0.1', port: weir.port, localAddress: '127.0.0.77' })
  socket.write(REQUEST)
  await readAll(socket)
  socket.destroy()
  const events = await weir.waitForEvents((all) => all.filter(({ phase }) => phase === 'outcome').length > before)
  return events.filter(({ phase }) => phase === 'outcome').at(-1)!
}

async function api(weir: TestWeir, path: string): Promise<string> {
  const token = readFileSync(join(weir.dir, 'data', 'admin.token'), 'utf8').trim()
  const answer = await fetch(`http://127.0.0.1:${weir.adminPort}/api/v1${path}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return await answer.text()
}

const problemsOf = async (weir: TestWeir) => {
  const reports = await verifyFolder(join(weir.dir, 'data', 'audit'))
  return reports.length === 0 ? ['nothing there'] : reports.flatMap(({ problems }) => problems)
}
const adminUrl = (weir: TestWeir): string[] => ['--admin', `http://127.0.0.1:${weir.adminPort}`]

async function command(
  weir: TestWeir,
  run: (args: readonly string[], io: FakeIo) => Promise<number>,
  args: readonly string[],
): Promise<FakeIo & { readonly code: number }> {
  const io = fakeIo(weir.dir)
  const code = await run(args, io)
  return { ...io, code }
}

t.test(
  'an erased person is in no file and no answer, chain and proofs hold, and a later visit is another one',
  async (t) => {
    const weir = await start(t)
    const first = await ask(weir)
    t.match(await api(weir, '/events'), NAMES, 'readers see him before')
    const held = await command(weir, hold, [
      'hold',
      'add',
      '--reason',
      'case 7',
      '--subject',
      'zoe-miller',
      ...adminUrl(weir),
    ])
    t.equal(held.code, 0)
    const request = ['erase', '--subject', 'zoe-miller', '--reason', 'request 12', ...adminUrl(weir)]
    const refused = await command(weir, erase, request)
    t.equal(refused.code, 1)
    t.match(refused.err(), /legal hold `hold_\w+` keeps/)
    const id = /hold_\w+/.exec(held.out())![0]
    t.equal((await command(weir, hold, ['hold', 'release', id, '--reason', 'over', ...adminUrl(weir)])).code, 0)
    const named = await command(weir, erase, [
      ...request.slice(0, 3),
      '--reason',
      'Zoe-Miller asked',
      ...adminUrl(weir),
    ])
    t.match([named.code, named.err()], [1, /the reason names the person/])
    const done = await command(weir, erase, request)
    t.equal(done.code, 0, done.err())
    t.match(done.out(), `user:zoe-miller (${String(first['who'])}): erased from 1 records`)
    t.strictSame(filesNaming(join(weir.dir, 'data')), [])
    const answer = await api(weir, '/events')
    t.notMatch(answer, NAMES)
    t.match(JSON.parse(answer), { items: [{}, {}, {}, {}, {}, { who: first['who'], client: null }] })
    const second = await ask(weir)
    t.not(second['who'], first['who'])
    const events = weir.events()
    t.match(
      events.filter(({ phase }) => phase === 'admin').map(({ operation }) => operation),
      ['events.read', 'hold.add', 'person.erase-refused', 'hold.release', 'person.erase', 'events.read'],
    )
    t.match(
      events.find(({ operation }) => operation === 'person.erase'),
      {
        target: first['who'],
        after: { kind: 'user', reason: 'request 12' },
      },
    )
    t.notMatch(weir.log.join(''), /zoe-miller|LT-4711/u)
    await weir.stop()
    t.strictSame(await problemsOf(weir), [])
    const alone = await command(weir, erase, ['erase', '--who', String(second['who']), '--reason', 'request 13'])
    t.equal(alone.code, 0, alone.err())
    t.strictSame(filesNaming(join(weir.dir, 'data')), [], 'also without a running proxy')
    t.equal((await command(weir, erase, ['erase', '--subject', 'zoe-miller', '--reason', 'again'])).code, 1)
    t.strictSame(await problemsOf(weir), [])
  },
)

t.test('in mode pseudonymous only the privacy key shows a person, and that is recorded before', async (t) => {
  const folder = folderOf(t)
  t.equal(await privacyKey(['privacy-key', '--out', 'dpo'], fakeIo(folder)), 0)
  const weir = await start(t, { privacy: 'pseudonymous', privacyKey: join(folder, 'dpo.pub.json') })
  const { who } = await ask(weir)
  t.match(who, /^p_/)
  t.notMatch(await api(weir, '/events'), NAMES)
  t.strictSame(filesNaming(join(weir.dir, 'data')), [])
  t.notMatch(weir.log.join(''), NAMES)
  const args = ['reidentify', String(who), '--key', join(folder, 'dpo'), '--reason', 'case 7']
  const shown = await command(weir, reidentify, [...args, ...adminUrl(weir)])
  t.match([shown.code, shown.out()], [0, /user zoe-miller, device LT-4711, address 127\.0\.0\.77/])
  await weir.waitForEvents((all) =>
    all.some(({ operation, target }) => operation === 'person.reidentify' && target === who),
  )
  await weir.stop()
  t.equal((await command(weir, erase, ['erase', '--subject', 'zoe-miller', '--reason', 'r'])).code, 0)
  const gone = await command(weir, reidentify, args)
  t.match([gone.code, gone.err()], [1, /erased/], 'the privacy key alone opens nothing')
  t.strictSame(await problemsOf(weir), [])
})

t.test('in mode aggregate nothing leads to anybody', async (t) => {
  const weir = await start(t, { privacy: 'aggregate' })
  const event = await ask(weir)
  t.notOk('who' in event || 'whoDigest' in event)
  t.notMatch(await api(weir, '/events'), NAMES)
  await weir.stop()
  t.strictSame(filesNaming(join(weir.dir, 'data')), [])
  t.notMatch(weir.log.join(''), NAMES)
  t.strictSame(await problemsOf(weir), [])
})
