import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { loadOrCreateKey } from '../../src/state/key-file.ts'

const MODULE = new URL('../../src/state/key-file.ts', import.meta.url).href

t.test('a key is made once, 32 bytes for its owner alone, and read ever after', async (t) => {
  const path = join(t.testdir({}), 'data', 'keys', 'one.key')
  const made = loadOrCreateKey(path)
  t.equal(made.length, 32)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.strictSame(loadOrCreateKey(path), made)
  t.strictSame(readdirSync(join(path, '..')), ['one.key'], 'no file aside stays')
  t.notSame(loadOrCreateKey(join(path, '..', 'two.key')), made)
})

t.test('processes that start at once agree on one key', async (t) => {
  const path = join(t.testdir({}), 'keys', 'shared.key')
  const code = `import { loadOrCreateKey } from ${JSON.stringify(MODULE)}; process.stdout.write(loadOrCreateKey(${JSON.stringify(path)}).toString('hex'))`
  const runs = await Promise.all(
    Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', code])),
  )
  const keys = new Set(runs.map(({ stdout }) => stdout))
  t.strictSame([...keys], [readFileSync(path).toString('hex')])
})

t.test('a file that holds no key, or cannot be read, is an error with its path', async (t) => {
  const dir = t.testdir({})
  writeFileSync(join(dir, 'short.key'), 'too short')
  t.throws(() => loadOrCreateKey(join(dir, 'short.key')), /the key file `.*short\.key` must hold 32 bytes: it holds 9/u)
  mkdirSync(join(dir, 'folder.key'))
  t.throws(() => loadOrCreateKey(join(dir, 'folder.key')), /the key file `.*folder\.key` cannot be read: EISDIR/u)
})
