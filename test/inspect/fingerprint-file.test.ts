import fc from 'fast-check'
import t from 'tap'
import { decodeFingerprints, encodeFingerprints, inSharedMemory } from '../../src/inspect/fingerprint-file.ts'

t.test('what is written is read again, sorted and each once', async () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 0xffffffff })), (hashes) => {
      const read = decodeFingerprints(encodeFingerprints(hashes))
      return read.ok && [...read.hashes].join() === [...new Set(hashes)].sort((a, b) => a - b).join()
    }),
  )
})

t.test('a file at any place in a larger buffer is read', async (t) => {
  const bytes = encodeFingerprints([7, 5])
  const shifted = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3)
  t.match(decodeFingerprints(shifted), { ok: true, hashes: Uint32Array.of(5, 7) })
})

t.test('hashes in shared memory are used where they stand', async (t) => {
  const shared = inSharedMemory(encodeFingerprints([7, 5, 0xffffffff]))
  const read = decodeFingerprints(shared)
  t.match(read, { ok: true, hashes: Uint32Array.of(5, 7, 0xffffffff) })
  t.ok(read.ok && read.hashes.buffer === shared.buffer)
})

t.test('other files, and parts of one, are refused with what to do', async (t) => {
  const bytes = encodeFingerprints([1, 2, 3])
  t.match(decodeFingerprints(Buffer.from('hello, this is a text')), { ok: false, problem: /make it anew/ })
  for (let length = 0; length < bytes.length; length += 1) {
    t.notOk(decodeFingerprints(bytes.subarray(0, length)).ok, `${length} bytes`)
  }
  t.match(decodeFingerprints(Buffer.concat([bytes, bytes])), { ok: false, problem: /too many bytes/ })
  const huge = Buffer.from(bytes)
  huge.writeUInt32LE(0xffffffff, 9)
  t.match(decodeFingerprints(huge), { ok: false, problem: /one file per repository/ })
})
