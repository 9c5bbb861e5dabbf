import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openPersonDesk } from '../../src/audit/person-desk.ts'
import { alice } from './events.ts'

t.test('a text is locked for a subject and opens until he is erased', async (t) => {
  const desk = openPersonDesk({ data: t.testdir({}) })
  const { who, locked } = await desk.lock(alice, 'a prompt')
  t.notMatch(locked, 'prompt')
  t.equal(who, desk.persons('ID', alice)!.who)
  t.equal(await desk.unlock(who!, locked), 'a prompt')
  await desk.keys.erase([desk.keys.find('user:alice')!.id])
  t.equal(await desk.unlock(who!, locked), null)
  await desk.close()
})

t.test('in mode aggregate nothing hangs on anybody', async (t) => {
  const desk = openPersonDesk({ data: t.testdir({}), privacy: 'aggregate' })
  t.equal(desk.persons('ID', alice), null)
  t.strictSame(await desk.lock(alice, 'a prompt'), { who: null, locked: 'a prompt' })
  await desk.close()
})

t.test('mode pseudonymous without its key does not start', async (t) => {
  t.throws(() => openPersonDesk({ data: t.testdir({}), privacy: 'pseudonymous' }), /audit\.privacyKey/)
})

t.test('a damaged key store is reported, and the rest of it used', async (t) => {
  const key = randomBytes(32).toString('base64url')
  const data = t.testdir({ keys: { 'pseudonym.key': `${key}\n` } })
  writeFileSync(join(data, 'keys', 'subjects.jsonl'), 'broken\n')
  const said: string[] = []
  const log = { info: () => undefined, warn: () => undefined, error: (_: object, event: string) => said.push(event) }
  const desk = openPersonDesk({ data, log: log as never })
  t.strictSame(said, ['audit.subject-keys-damaged'])
  await desk.close()
})

t.test('a text of an exchange that was under way at the erasure opens for nobody', async (t) => {
  const desk = openPersonDesk({ data: t.testdir({}) })
  const { who } = desk.persons('ID', alice)!
  await desk.flush()
  await desk.keys.erase([desk.keys.find('user:alice')!.id])
  const sealed = await desk.lock(alice, 'a prompt')
  t.equal(sealed.who, who, 'under the pseudonym that its records have')
  t.notMatch(sealed.locked, 'prompt')
  t.equal(await desk.unlock(who, sealed.locked), null)
  t.equal(desk.keys.find('user:alice'), null, 'and makes no new entry')
  t.match(await desk.lock({ ...alice }, 'a prompt'), { who: desk.keys.find('user:alice')?.who }, 'a new connection')
  await desk.close()
})
