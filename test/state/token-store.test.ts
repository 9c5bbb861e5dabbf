import { chmodSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import type { NewDeed } from '../../src/state/noted-deed.ts'
import { openTokenStore, type TokenStore } from '../../src/state/token-store.ts'

const HOUR = 3_600_000
const NOW = 1_800_000_000_000

const deed: NewDeed = {
  actor: 'cli:root',
  operation: 'token.make',
  target: 'token:a',
  before: null,
  after: { expires: null },
}

const token = (id: string, user = 'li.wei') => ({
  id,
  user,
  groups: ['dev', 'emea'],
  device: 'LT-1',
  note: null,
  hash: '$argon2id$…',
  createdMs: NOW,
  expiresMs: NOW + HOUR,
})

const fileIn = (t: Test): string => join(t.testdir({}), 'data', 'tokens.sqlite')

function open(t: Test, file: string): TokenStore {
  const store = openTokenStore(file, { waitMs: 1000 })
  t.teardown(() => store.close())
  return store
}

t.test('what one process adds and revokes, another finds, and is told by the version', async (t) => {
  const file = fileIn(t)
  const proxy = open(t, file)
  const cli = open(t, file)
  const before = proxy.version()
  t.equal(proxy.find('a'), null)
  t.equal(proxy.version(), before, 'reading changes nothing')
  cli.add(token('a'), deed)
  t.not(proxy.version(), before)
  t.strictSame(proxy.find('a'), { ...token('a'), lastUsedMs: null, revokedMs: null })
  const made = proxy.version()
  t.equal(cli.revoke('a', NOW + 1, { ...deed, operation: 'token.revoke' }), 'revoked')
  t.not(proxy.version(), made)
  t.equal(proxy.find('a')?.revokedMs, NOW + 1)
  t.equal(cli.revoke('a', NOW + 2, deed), 'revoked-before')
  t.equal(cli.revoke('b', NOW + 2, deed), 'unknown')
  t.equal(proxy.find('a')?.revokedMs, NOW + 1, 'the first revocation stands')
})

t.test('the file, its folder and its side files are closed to others, also when they were open', async (t) => {
  const file = fileIn(t)
  open(t, file).add(token('a'), deed)
  for (const name of [file, `${file}-wal`, `${file}-shm`]) t.equal(statSync(name).mode & 0o777, 0o600, name)
  t.equal(statSync(join(file, '..')).mode & 0o777, 0o700)
  chmodSync(file, 0o644)
  open(t, file)
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('tokens are listed oldest first, those of a user without regard to case', async (t) => {
  const store = open(t, fileIn(t))
  store.add({ ...token('b'), createdMs: NOW + 1 }, deed)
  store.add(token('a'), deed)
  store.add(token('c', 'Ann'), deed)
  t.strictSame(
    store.list().map(({ id }) => id),
    ['a', 'c', 'b'],
  )
  t.strictSame(
    store.list('LI.WEI').map(({ id }) => id),
    ['a', 'b'],
  )
  t.strictSame(store.list('nobody'), [])
  t.throws(() => store.add(token('a'), deed), /UNIQUE/u, 'an id is never given twice')
  t.equal(store.deeds().length, 3, 'and what was not added is no deed')
})

t.test('deeds wait in order until they are forgotten', async (t) => {
  const store = open(t, fileIn(t))
  store.add(token('a'), deed)
  store.revoke('a', NOW, { ...deed, operation: 'token.revoke', after: { revoked: true } })
  const [first, second, ...rest] = store.deeds()
  t.match(first, deed)
  t.match(second, { operation: 'token.revoke', after: { revoked: true } })
  t.strictSame(rest, [])
  store.forgetDeed(first!.seq)
  t.strictSame(store.deeds(), [second])
})

t.test('what others wrote among the deeds is told from ours, and hides none', async (t) => {
  const file = fileIn(t)
  const store = open(t, file)
  const other = new DatabaseSync(file)
  const removal = { actor: 'weir', operation: 'retention.remove', target: 'n1-w0', before: null, after: { lastSeq: 9 } }
  for (const text of [JSON.stringify(removal), 'no JSON', 'x'.repeat(1_000_000)])
    other.prepare('INSERT INTO deeds (deed) VALUES (?)').run(text)
  other.close()
  store.add(token('a'), deed)
  t.match(store.deeds(), [{ isForeign: true }, { isForeign: true }, { isForeign: true }, { operation: 'token.make' }])
  t.notMatch(JSON.stringify(store.deeds()), /retention/u)
})

t.test('a use is noted to the hour, once, and is no change for the process that notes it', async (t) => {
  const file = fileIn(t)
  const store = open(t, file)
  store.add(token('a'), deed)
  const version = store.version()
  store.noteUse(store.find('a')!, NOW + 90_000)
  const hour = NOW - (NOW % HOUR)
  t.equal(store.find('a')?.lastUsedMs, hour)
  store.noteUse({ ...store.find('a')!, lastUsedMs: hour }, hour + HOUR - 1)
  t.equal(store.find('a')?.lastUsedMs, hour)
  store.noteUse(store.find('a')!, hour + HOUR)
  t.equal(store.find('a')?.lastUsedMs, hour + HOUR)
  t.equal(store.version(), version)
})

t.test('a use that cannot be noted refuses nobody', async (t) => {
  const file = fileIn(t)
  openTokenStore(file, { waitMs: 10 }).close()
  const store = openTokenStore(file, { waitMs: 10 })
  store.close()
  t.doesNotThrow(() => store.noteUse({ ...token('a'), lastUsedMs: null, revokedMs: null }, NOW))
})

t.test('a file that is no database is an error, not a new store', async (t) => {
  const file = join(t.testdir({}), 'tokens.sqlite')
  writeFileSync(file, 'this is no database, but long enough to be looked at by SQLite'.repeat(40))
  t.throws(() => openTokenStore(file, { waitMs: 10 }), /not a database/u)
})
