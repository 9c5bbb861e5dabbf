import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { erasedPersons } from '../../../src/audit/tree/erased-persons.ts'
import { verifyFolder } from '../../../src/audit/tree/verify-folder.ts'
import { signedTrail } from './signed-trail.ts'

t.test('whose key was dropped counts as erased where the key store is, and as present where it is not', async (t) => {
  const at = await signedTrail(t, 12, [12])
  const count = (await verifyFolder(at.dir))[0]!.persons
  t.same(count, { present: 9, erased: 0, expired: 0 })
  const file = join(at.data, 'keys', 'subjects.jsonl')
  const { who } = JSON.parse(readFileSync(file, 'utf8').split('\n')[0]!) as { who: string }
  t.equal(erasedPersons(at.dir)?.(who), false)
  writeFileSync(`${file}.new`, '')
  cpSync(`${file}.new`, file)
  t.match(await verifyFolder(at.dir), [{ persons: { present: 0, erased: 9 }, problems: [] }])
  const copy = join(at.data, 'copy', 'audit')
  cpSync(at.dir, copy, { recursive: true })
  t.equal(erasedPersons(copy), null)
  t.match(await verifyFolder(copy), [{ persons: { present: 9, erased: null }, problems: [] }])
})
