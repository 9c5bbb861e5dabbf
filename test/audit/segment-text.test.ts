import { chmodSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { compressFile } from '../../src/audit/compress-segment.ts'
import { compressedName, openCompressed, openText, removeText, textSize } from '../../src/audit/segment-text.ts'

const LINE = `${'x'.repeat(99)}\n`
/** Two frames of text. */
const TEXT = LINE.repeat(4000)

function compressed(t: Test): string {
  const file = join(t.testdir({ f: TEXT }), 'f')
  compressFile(file)
  return file
}

function readAt(file: string, from: number, length: number): string | null {
  const text = openText(file)
  try {
    return text?.read(from, length).toString() ?? null
  } finally {
    text?.close()
  }
}

t.test('any stretch of a compressed text is read, also across frames and past its end', async (t) => {
  const file = compressed(t)
  t.equal(textSize(file), TEXT.length)
  for (const [from, length] of [
    [0, 5],
    [262_100, 300],
    [0, TEXT.length],
    [TEXT.length - 3, 100],
    [TEXT.length, 100],
    [TEXT.length + 9, 100],
  ] as const) {
    t.equal(readAt(file, from, length), TEXT.slice(from, from + length), `${from}+${length}`)
  }
})

t.test('a text that is nowhere is none, and empty', async (t) => {
  const file = join(t.testdir({}), 'f')
  t.equal(openText(file), null)
  t.equal(textSize(file), 0)
  t.throws(() => openCompressed(file), { name: 'Error', file, message: /gone/ })
})

t.test('both forms of a text are removed', async (t) => {
  const dir = t.testdir({ f: 'a\n', 'f.zst': 'x', g: '' })
  removeText(join(dir, 'f'))
  removeText(join(dir, 'f'))
  t.same(readdirSync(dir), ['g'])
})

t.test('damage is named with the file, wherever it is', async (t) => {
  const damage: Readonly<Record<string, (name: string, bytes: Buffer) => void>> = {
    'a changed byte in a frame': (name, bytes) => {
      bytes[40] = (bytes[40] ?? 0) ^ 0xff
      writeFileSync(name, bytes)
    },
    'a cut end': (name, bytes) => truncateSync(name, bytes.length - 1),
    'a cut in the middle': (name, bytes) => truncateSync(name, bytes.length >> 1),
    'nothing at all': (name) => truncateSync(name, 0),
    'a changed table': (name, bytes) => {
      bytes.writeUInt32LE(77, bytes.length - 9 - 8)
      writeFileSync(name, bytes)
    },
    'a table that is too long for the file': (name, bytes) => {
      bytes.writeUInt32LE(0x7fffffff, bytes.length - 9)
      writeFileSync(name, bytes)
    },
    'a frame that is shorter than said': (name, bytes) => {
      bytes.writeUInt32LE(bytes.readUInt32LE(bytes.length - 9 - 4) + 1, bytes.length - 9 - 4)
      writeFileSync(name, bytes)
    },
  }
  for (const [what, damaged] of Object.entries(damage)) {
    const file = compressed(t)
    const name = compressedName(file)
    damaged(name, readFileSync(name))
    t.throws(() => readAt(file, 0, TEXT.length), { file: name, message: /cannot be read/ }, what)
  }
})

t.test('a folder, or a file without permission, in place of the text is named too', async (t) => {
  const dir = t.testdir({ folder: {}, secret: 'a\n' })
  t.throws(() => readAt(join(dir, 'folder'), 0, 9), /folder` cannot be read/)
  if (process.getuid?.() === 0) return
  chmodSync(join(dir, 'secret'), 0)
  t.throws(() => readAt(join(dir, 'secret'), 0, 9), /secret` cannot be read/)
  t.ok(existsSync(join(dir, 'secret')))
})
