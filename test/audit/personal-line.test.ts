import { compactDecrypt, importJWK } from 'jose'
import t from 'tap'
import { sealToOf } from '../../src/audit/keys/jwe.ts'
import { makePrivacyPair } from '../../src/audit/keys/privacy-key.ts'
import { keyOf, newEntry } from '../../src/audit/keys/subject-entry.ts'
import { sealedPerson } from '../../src/audit/person-reader.ts'
import { createPersons, createSubjects, noPersons } from '../../src/audit/personal-line.ts'
import { alice } from './events.ts'

const pseudonymKey = Buffer.alloc(32, 1)
function keyStore() {
  const entries = new Map<string, ReturnType<typeof newEntry>>()
  return {
    epoch: 0,
    entries,
    of: (identity: string) => {
      const known = entries.get(identity) ?? newEntry(identity, pseudonymKey)
      entries.set(identity, known)
      return known
    },
    find: (identity: string) => entries.get(identity) ?? null,
  }
}
const decoded = async (jwe: string, key: Uint8Array) =>
  new TextDecoder().decode((await compactDecrypt(jwe, key)).plaintext)

t.test('a line holds nobody in the clear; a JOSE library with the key of the subject reads who it was', async (t) => {
  const keys = keyStore()
  const record = createPersons({ subjects: createSubjects(keys) })('ID1', alice)!
  for (const name of ['alice', '10.1.2.3', 'LT-1', 'emea', 'berlin']) t.notMatch(record.line, name)
  const { who, jwe, id } = sealedPerson(record.line)!
  t.strictSame([id, who], ['ID1', record.who])
  t.strictSame(JSON.parse(await decoded(jwe, keyOf(keys.entries.get('user:alice')!))), {
    addr: '10.1.2.3',
    user: 'alice',
    groups: ['dev', 'emea'],
    device: 'LT-1',
    network: 'berlin',
  })
})

t.test('over-long names and lists are cut', async (t) => {
  const keys = keyStore()
  const client = { ...alice, user: 'u'.repeat(9000), groups: Array.from({ length: 500 }, () => 'g') }
  const { jwe } = sealedPerson(createPersons({ subjects: createSubjects(keys) })('ID', client)!.line)!
  const person = JSON.parse(await decoded(jwe, keyOf([...keys.entries.values()][0]!))) as {
    user: string
    groups: string[]
  }
  t.equal(person.user.length, 1025)
  t.equal(person.groups.length, 100)
})

t.test('the salt is new for every line, also where a connection repeats its ciphertext', async (t) => {
  const persons = createPersons({ subjects: createSubjects(keyStore()) })
  const lines = Array.from(
    { length: 600 },
    () => JSON.parse(persons('ID', alice)!.line) as { salt: string; jwe: string },
  )
  t.equal(new Set(lines.map(({ salt }) => salt)).size, 600)
  t.ok(lines.every(({ salt }) => /^[\w-]{22}$/.test(salt)))
  t.equal(new Set(lines.map(({ jwe }) => jwe)).size, 1)
  t.not((JSON.parse(persons('ID', { ...alice })!.line) as { jwe: string }).jwe, lines[0]!.jwe, 'another connection')
})

t.test('after an erasure an open connection names nobody any more; a new one has a pseudonym of its own', async (t) => {
  const keys = keyStore()
  const persons = createPersons({ subjects: createSubjects(keys) })
  const before = persons('ID1', alice)!
  keys.entries.clear()
  keys.epoch++
  t.equal(persons('ID2', alice), null)
  t.equal(keys.entries.size, 0, 'and makes no new entry, which the flow would tie to the old pseudonym')
  const after = persons('ID3', { ...alice })!
  t.not(after.who, before.who)
  t.equal(after.who, keys.entries.get('user:alice')!.who)
  t.equal(persons('ID4', alice), null, 'also now that there is an entry again')
})

t.test('an erasure of somebody else, or one that failed, changes nothing for an open connection', async (t) => {
  const keys = keyStore()
  const persons = createPersons({ subjects: createSubjects(keys) })
  const before = persons('ID1', alice)!
  const entry = keys.entries.get('user:alice')!
  keys.epoch++
  t.equal(persons('ID2', alice)?.who, before.who)
  keys.entries.clear()
  keys.epoch++
  t.equal(persons('ID3', alice), null)
  keys.entries.set('user:alice', entry)
  keys.epoch++
  t.equal(persons('ID4', alice)?.who, before.who)
})

t.test(
  'with a privacy key inside, the key of the subject leads to nothing but what its private half opens',
  async (t) => {
    const pair = makePrivacyPair()
    const keys = keyStore()
    const record = createPersons({ subjects: createSubjects(keys), sealTo: sealToOf(pair.publicJwk) })('ID', alice)!
    const inner = await decoded(sealedPerson(record.line)!.jwe, keyOf(keys.entries.get('user:alice')!))
    t.notMatch(inner, 'alice')
    const { plaintext } = await compactDecrypt(inner, await importJWK(pair.privateJwk, 'ECDH-ES'))
    t.match(JSON.parse(new TextDecoder().decode(plaintext)), { user: 'alice', addr: '10.1.2.3' })
  },
)

t.test('where nothing is kept, there is no line', async (t) => {
  t.equal(noPersons('ID', alice), null)
})
