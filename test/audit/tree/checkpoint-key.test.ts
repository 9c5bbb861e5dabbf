import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  checkpointKeyFile,
  loadCheckpointKey,
  readCheckpointKey,
  signerOf,
} from '../../../src/audit/tree/checkpoint-key.ts'

t.test('the key is made once, for its owner only, and stays', async (t) => {
  const file = checkpointKeyFile(t.testdir({}))
  t.throws(() => readCheckpointKey(file), { code: 'ENOENT' })
  const key = loadCheckpointKey(file)
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.same(loadCheckpointKey(file), key)
  t.not(signerOf(key, 'n1-w0').verifierKey, signerOf(key, 'n1-w1').verifierKey)
})

t.test('another content is not taken for a key', async (t) => {
  const file = join(t.testdir({}), 'k')
  writeFileSync(file, 'nonsense')
  t.throws(() => loadCheckpointKey(file), /restore it from backup/)
})
