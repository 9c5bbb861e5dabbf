import t from 'tap'
import { signedTrail } from '../audit/tree/signed-trail.ts'
import { call, setUp } from './audit-call.ts'

t.test('key prints the verifier key of each stream', async (t) => {
  const at = await signedTrail(t, 3, [3])
  t.match(await call(at.data, 'key', '--data', '.'), { code: 0, stdout: `${at.verifierKey}\n` })
  t.same(JSON.parse((await call(at.data, 'key', '--data', '.', '--json')).stdout), { keys: [at.verifierKey] })
  const none = await setUp(t)
  t.match(await call(none.data, 'key', '--data', '.'), { code: 3, stderr: /cannot read the key/ })
})
