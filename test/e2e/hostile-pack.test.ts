/** Packs that somebody prepared for whoever checks them: the program ends, and says what it found. */
import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { makePipe } from '../helpers/pipe.ts'

const PROGRAM = fileURLToPath(new URL('../../verify/weir-verify-pack.mjs', import.meta.url))

/** `code` null: it did not end. */
const check = (path: string): Promise<{ code: number | null; said: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, path], { timeout: 20_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
      resolve({ code, said: stdout + stderr })
    })
  })

const manifest = JSON.stringify({
  format: 'weir-evidence-pack-1',
  records: 0,
  streams: [],
  files: [
    { name: 'events.jsonl', size: 0, sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
  ],
})

t.test('what is no file in an unpacked pack is named and not waited for', async (t) => {
  for (const what of ['pipe', 'endless', 'folder']) {
    const dir = t.testdir({ 'manifest.json': manifest })
    const file = join(dir, 'events.jsonl')
    if (what === 'pipe') makePipe(file)
    else if (what === 'endless') symlinkSync('/dev/zero', file)
    else mkdirSync(file)
    const { code, said } = await check(dir)
    t.equal(code, 1, what)
    t.match(said, /WRONG: events\.jsonl: cannot be read: it is no regular file/, what)
  }
})

t.test('a file that goes on behind its size is changed', async (t) => {
  const dir = t.testdir({ 'manifest.json': manifest, 'events.jsonl': 'x' })
  t.match(await check(dir), { code: 1, said: /WRONG: events\.jsonl: was changed/ })
})

t.test('a zip whose directory is larger than the file is none', async (t) => {
  const wide = Buffer.alloc(56)
  wide.writeUInt32LE(0x06064b50)
  wide.writeBigUInt64LE(1n, 32)
  wide.writeBigUInt64LE(3_000_000_000n, 40)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  const file = join(t.testdir({}), 'pack.zip')
  writeFileSync(file, Buffer.concat([wide, locator, end]))
  t.match(await check(file), { code: 3, said: /the zip ends too early/ })
})
