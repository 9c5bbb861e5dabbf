import { randomBytes } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { createZstdDecoder } from '../../src/edge/zstd-decoder.ts'

/** What comes out for these chunks; `null`: an error. */
function decoded(chunks: readonly Uint8Array[]): Promise<string | null> {
  return new Promise((resolve) => {
    const decoder = createZstdDecoder()
    const pieces: Buffer[] = []
    decoder.on('data', (piece: Buffer) => pieces.push(piece))
    decoder.on('end', () => resolve(Buffer.concat(pieces).toString('latin1')))
    decoder.on('error', () => resolve(null))
    for (const chunk of chunks) decoder.write(chunk)
    decoder.end()
  })
}

t.test('however frames are cut into chunks, all of them come out', async () => {
  const texts = fc.array(fc.string({ unit: 'binary-ascii', maxLength: 300 }), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(texts, fc.array(fc.nat(400), { maxLength: 6 }), async (each, cuts) => {
      const body = Buffer.concat(each.map((text) => zstdCompressSync(Buffer.from(text, 'latin1'))))
      const edges = [0, ...cuts.map((cut) => Math.min(cut, body.length)).toSorted((a, b) => a - b), body.length]
      const chunks = edges.slice(1).map((edge, index) => body.subarray(edges[index], edge))
      return (await decoded(chunks)) === each.join('')
    }),
    { numRuns: 60 },
  )
})

t.test('what ends inside a frame, or is none, is an error', async (t) => {
  const frame = zstdCompressSync(randomBytes(5000))
  t.equal(await decoded([frame.subarray(0, -5)]), null)
  t.equal(await decoded([Buffer.concat([frame, frame.subarray(0, 9)])]), null)
  t.equal(await decoded([Buffer.concat([frame, Buffer.from('what is this')])]), null)
  t.equal(await decoded([Buffer.from('no frame at all')]), null)
})

t.test('a reader that stops makes it wait, and loses nothing', async (t) => {
  const text = Buffer.alloc(3_000_000, 'abc')
  const frame = zstdCompressSync(text)
  const decoder = createZstdDecoder()
  decoder.write(Buffer.concat([frame, frame]))
  decoder.end()
  await new Promise((resolve) => decoder.once('readable', resolve))
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  t.ok(decoder.readableLength < 1_000_000, 'a bomb does not come out at once')
  let length = 0
  for await (const piece of decoder) length += (piece as Buffer).length
  t.equal(length, 6_000_000)
})

t.test('after a destroy nothing follows', async (t) => {
  const decoder = createZstdDecoder()
  decoder.on('data', () => t.fail('nobody listens'))
  decoder.write(zstdCompressSync(Buffer.from('abc')))
  decoder.destroy()
  await new Promise((resolve) => decoder.once('close', resolve))
  t.equal(decoder.destroyed, true)
})
