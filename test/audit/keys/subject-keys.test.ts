import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { SubjectKeys } from '../../../src/audit/keys/subject-keys.ts'

const pseudonymKey = Buffer.alloc(32, 1)
const fileIn = (t: Test): string => join(t.testdir({}), 'keys', 'subjects.jsonl')
const open = (file: string): SubjectKeys => new SubjectKeys({ file, pseudonymKey })

t.test(
  'an entry is made once, durable after a flush, and the same after a restart; the file names nobody',
  async (t) => {
    const file = fileIn(t)
    const keys = open(file)
    const made = keys.of('user:alice')
    t.equal(keys.of('user:alice'), made)
    t.not(keys.of('device:alice').who, made.who)
    await keys.flush()
    t.equal(keys.flush(), null, 'nothing is left to do')
    await keys.close()
    t.notMatch(readFileSync(file, 'latin1'), 'alice')
    t.equal(statSync(file).mode & 0o777, 0o600)
    const again = open(file)
    t.strictSame(again.find('user:alice'), made)
    t.strictSame(again.findWho(made.who), made)
    t.equal(again.find('user:bob'), null)
  },
)

t.test('whoever was erased is gone from the file, and comes back as somebody else', async (t) => {
  const file = fileIn(t)
  const keys = open(file)
  const before = keys.of('user:alice')
  const other = keys.of('user:bob')
  await keys.flush()
  const { epoch } = keys
  const waiting = keys.of('user:carol')
  t.strictSame(await keys.erase([before.id, 'unknown']), [before])
  t.not(keys.epoch, epoch)
  t.equal(keys.find('user:alice'), null)
  t.notMatch(readFileSync(file, 'latin1'), new RegExp(`${before.who}|${before.key}|${before.id}`))
  const after = keys.of('user:alice')
  t.equal(after.id, before.id, 'found by the same name')
  t.not(after.who, before.who)
  t.not(after.key, before.key)
  await keys.flush()
  await keys.close()
  const again = open(file)
  t.strictSame(
    ['user:alice', 'user:bob', 'user:carol'].map((identity) => again.find(identity)),
    [after, other, waiting],
  )
})

t.test('what a crash left unfinished is cut off, and damaged lines are counted', async (t) => {
  const file = fileIn(t)
  const keys = open(file)
  const made = keys.of('user:alice')
  await keys.flush()
  await keys.close()
  appendFileSync(file, 'not an entry\n{"v":1,"id":"half')
  const again = open(file)
  t.equal(again.badLines, 1)
  const bob = again.of('user:bob')
  await again.flush()
  await again.close()
  t.strictSame(open(file).find('user:alice'), made)
  t.strictSame(open(file).find('user:bob'), bob)
})

t.test(
  'while the disk refuses, a flush rejects and the entry waits; an erasure rejects and drops nobody',
  async (t) => {
    const file = fileIn(t)
    const keys = open(file)
    // A folder in the way of both files: writing fails for root too.
    mkdirSync(file, { recursive: true })
    mkdirSync(`${file}.new`)
    const made = keys.of('user:alice')
    await t.rejects(Promise.resolve(keys.flush()))
    await t.rejects(keys.erase([made.id]))
    t.strictSame(keys.find('user:alice'), made)
    rmSync(file, { recursive: true })
    rmSync(`${file}.new`, { recursive: true })
    await keys.flush()
    await keys.close()
    t.strictSame(open(file).find('user:alice'), made)
  },
)

t.test(
  'an erasure whose new file is there and cannot be made durable drops nobody, and can be tried again',
  async (t) => {
    const file = fileIn(t)
    let fails = false
    const syncFolder = () => (fails ? Promise.reject(new Error('no sync')) : Promise.resolve())
    const keys = new SubjectKeys({ file, pseudonymKey, syncFolder })
    const alice = keys.of('user:alice')
    await keys.flush()
    const bob = keys.of('user:bob')
    fails = true
    await t.rejects(keys.erase([alice.id]), /no sync/)
    t.strictSame(keys.find('user:alice'), alice)
    fails = false
    await keys.flush()
    for (const entry of [alice, bob]) t.strictSame(open(file).findWho(entry.who), entry, 'in the file as in memory')
    t.strictSame(await keys.erase([alice.id]), [alice])
    t.strictSame([open(file).findWho(alice.who), open(file).findWho(bob.who)], [null, bob])
    await keys.close()
  },
)
