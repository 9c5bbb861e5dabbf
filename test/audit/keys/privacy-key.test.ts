import t from 'tap'
import { sealToOf, sealToPublic } from '../../../src/audit/keys/jwe.ts'
import { makePrivacyPair, openPrivate, readPrivacyKey } from '../../../src/audit/keys/privacy-key.ts'

t.test('only the private half opens what was encrypted to the public one', async (t) => {
  const pair = makePrivacyPair()
  t.notOk('d' in pair.publicJwk)
  const jwe = sealToPublic('alice', sealToOf(pair.publicJwk))
  t.equal(await openPrivate(jwe, readPrivacyKey(JSON.stringify(pair.privateJwk))), 'alice')
  const other = readPrivacyKey(JSON.stringify(makePrivacyPair().privateJwk))
  t.equal(await openPrivate(jwe, other), null)
  t.equal(await openPrivate('no jwe', other), null)
})

t.test('a file that is no private half is refused with what is wrong', async (t) => {
  t.throws(() => readPrivacyKey('{'), /not JSON/)
  t.throws(() => readPrivacyKey(JSON.stringify(makePrivacyPair().publicJwk)), /not the private half/)
})
