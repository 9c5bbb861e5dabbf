import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lockDataFolder } from '../../src/state/data-lock.ts'
import { endChild } from '../helpers/end-child.ts'

const MODULE = new URL('../../src/state/data-lock.ts', import.meta.url).href

t.test('the folder is made, and belongs to one at a time', async (t) => {
  const dir = join(t.testdir({}), 'deep', 'data')
  const first = lockDataFolder(dir)
  t.ok(first.ok)
  const second = lockDataFolder(dir)
  t.match(second, { ok: false, path: join(dir, 'weir.lock'), problem: /^the data folder is in use by another Weir/u })
  if (first.ok) first.release()
  const third = lockDataFolder(dir)
  t.ok(third.ok, 'free again')
  if (third.ok) third.release()
})

t.test('a process that is killed leaves no lock behind', async (t) => {
  const dir = t.testdir({})
  const code = `import { lockDataFolder } from ${JSON.stringify(MODULE)}; const lock = lockDataFolder(${JSON.stringify(dir)}); process.stdout.write(String(lock.ok)); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => endChild(child))
  const said = await new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(String(chunk))),
  )
  t.equal(said, 'true')
  t.equal(lockDataFolder(dir).ok, false)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  const lock = lockDataFolder(dir)
  t.ok(lock.ok)
  if (lock.ok) lock.release()
})

t.test('a folder that cannot be used is a value with its reason', async (t) => {
  const dir = t.testdir({ file: 'no folder' })
  t.match(lockDataFolder(join(dir, 'file')), { ok: false, problem: /^cannot be used: (?:ENOTDIR|EEXIST)$/u })
  writeFileSync(join(dir, 'weir.lock'), 'this is no lock file, and it is long enough to be looked at'.repeat(20))
  t.match(lockDataFolder(dir), { ok: false, problem: /^cannot be used: .*not a database/u })
})
