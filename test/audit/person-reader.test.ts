import fc from 'fast-check'
import t from 'tap'
import { sealToOf } from '../../src/audit/keys/jwe.ts'
import { makePrivacyPair } from '../../src/audit/keys/privacy-key.ts'
import { openPersonDesk } from '../../src/audit/person-desk.ts'
import { createPersonReader, sealedPerson } from '../../src/audit/person-reader.ts'
import { alice } from './events.ts'

t.test('lines of today are read until their subject is erased, plain lines of before always', async (t) => {
  const data = t.testdir({})
  const read = createPersonReader(data)
  const desk = openPersonDesk({ data })
  const { line } = desk.persons('ID', alice)!
  const other = desk.persons('ID', { ...alice, user: 'bob' })!
  t.equal(read(line), null, 'no key is durable yet')
  await desk.flush()
  t.match(read(line), { user: 'alice', addr: '10.1.2.3' })
  t.equal(read(line), read(line), 'remembered')
  await desk.keys.erase([desk.keys.find('user:alice')!.id])
  const later = createPersonReader(data)
  t.equal(later(line), null)
  t.match(later(other.line), { user: 'bob' })
  t.match(later('{"v":1,"id":"ID","salt":"x","addr":"10.1.2.3","user":"carol","groups":[]}'), { user: 'carol' })
  await desk.close()
})

t.test('in mode pseudonymous the line says nobody to readers', async (t) => {
  const data = t.testdir({})
  const { publicJwk } = makePrivacyPair()
  const desk = openPersonDesk({ data, privacy: 'pseudonymous', sealTo: sealToOf(publicJwk) })
  const { line } = desk.persons('ID', alice)!
  await desk.flush()
  t.equal(createPersonReader(data)(line), null)
  await desk.close()
})

t.test('any other text is nobody', async (t) => {
  const read = createPersonReader(t.testdir({}))
  t.equal(sealedPerson('{"v":2}'), null)
  fc.assert(fc.property(fc.string(), (text) => read(text) === null && read(`{"v":2,${text}`) === null))
})
