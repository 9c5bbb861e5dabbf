import { join } from 'node:path'
import t from 'tap'
import { findPersons } from '../../src/audit/find-persons.ts'
import { sealToOf } from '../../src/audit/keys/jwe.ts'
import { makePrivacyPair, readPrivacyKey } from '../../src/audit/keys/privacy-key.ts'
import { openPersonDesk } from '../../src/audit/person-desk.ts'
import { createSpool } from '../../src/audit/spool.ts'
import { alice, tunnel } from './events.ts'

t.test('the privacy key shows each different person of a pseudonym once, until he is erased', async (t) => {
  const data = t.testdir({})
  const dir = join(data, 'audit')
  const pair = makePrivacyPair()
  const persons = openPersonDesk({ data, privacy: 'pseudonymous', sealTo: sealToOf(pair.publicJwk) })
  const spool = createSpool({ dir, stream: 'n1-w0', segmentBytes: 1, persons })
  const elsewhere = { ...alice, address: '10.9.9.9' }
  for (const client of [alice, alice, { ...alice }, elsewhere, { ...alice, user: 'bob' }])
    await spool.append(tunnel({ client }))
  const { who, id } = persons.keys.find('user:alice')!
  const key = readPrivacyKey(JSON.stringify(pair.privateJwk))
  const found = await findPersons({ data, dir }, who, key)
  t.strictSame(
    found.persons.map(({ user, addr }) => [user, addr]),
    [
      ['alice', '10.9.9.9'],
      ['alice', '10.1.2.3'],
    ],
  )
  const other = readPrivacyKey(JSON.stringify(makePrivacyPair().privateJwk))
  t.match(await findPersons({ data, dir }, who, other), { persons: [], isRightKey: false, isErased: false })
  await persons.keys.erase([id])
  t.match(await findPersons({ data, dir }, who, key), { persons: [], isErased: true })
  await spool.close()
  await persons.close()
})
