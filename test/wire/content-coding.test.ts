import * as zlib from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import type { WorkTurns } from '../../src/domain/work-turns.ts'
import {
  type Coding,
  decodeBody,
  decodeBodyAsync,
  encodeBody,
  encodeBodyAsync,
  parseContentEncoding,
} from '../../src/wire/content-coding.ts'

const LIMITS = { maxBytes: 1_000_000, maxRatio: 100 }
const CODINGS: readonly Coding[] = ['gzip', 'deflate', 'raw-deflate', 'br', 'zstd']
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const bodyOf = (bytes: Uint8Array, codings: readonly Coding[], limits = LIMITS): string => {
  const decoded = decodeBody(bytes, codings, limits)
  return decoded.ok ? text(decoded.body) : decoded.unread
}

t.test('content-encoding values become codings in the order they were applied', async (t) => {
  const rows: readonly [values: string[], codings: Coding[] | null][] = [
    [[], []],
    [['identity'], []],
    [['gzip'], ['gzip']],
    [['X-GZip'], ['gzip']],
    [['deflate, identity, br'], ['deflate', 'br']],
    [
      ['gzip', 'zstd'],
      ['gzip', 'zstd'],
    ],
    [['', ' , '], []],
    [['compress'], null],
    [['gzip, aes128gcm'], null],
    [['gzip,gzip,gzip,gzip,gzip'], null],
  ]
  for (const [values, codings] of rows) {
    t.strictSame(
      parseContentEncoding(values),
      codings === null ? { ok: false, unread: 'unknown-coding' } : { ok: true, codings },
      values.join('|'),
    )
  }
})

t.test('a body without coding is itself', async (t) => {
  const body = Buffer.from('as it is')
  const decoded = decodeBody(body, [], LIMITS)
  t.ok(decoded.ok && decoded.body === body)
})

t.test('every stack of codings is undone to the same bytes, by both ways', async () => {
  const stacks = fc.array(fc.constantFrom(...CODINGS.filter((coding) => coding !== 'raw-deflate')), { maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), stacks, async (body, codings) => {
      const encoded = encodeBody(body, codings)
      const alike = await encodeBodyAsync(body, codings)
      for (const decoded of [decodeBody(encoded, codings, LIMITS), await decodeBodyAsync(alike, codings, LIMITS)]) {
        if (!decoded.ok || Buffer.compare(decoded.body, body) !== 0) return false
      }
      return true
    }),
    { numRuns: 60 },
  )
})

t.test('deflate without its zlib frame is read, and sent on without it', async (t) => {
  const decoded = decodeBody(zlib.deflateRawSync('raw'), ['deflate'], LIMITS)
  t.ok(decoded.ok)
  if (!decoded.ok) return
  t.equal(text(decoded.body), 'raw')
  t.strictSame(decoded.codings, ['raw-deflate'])
  t.equal(zlib.inflateRawSync(encodeBody(decoded.body, decoded.codings)).toString(), 'raw')
})

t.test('an empty body with a coding is empty', async (t) => {
  for (const coding of CODINGS) t.equal(bodyOf(Buffer.alloc(0), [coding]), '', coding)
})

t.test('several gzip members and several zstd frames are all read', async (t) => {
  t.equal(bodyOf(Buffer.concat([zlib.gzipSync('one '), zlib.gzipSync('two')]), ['gzip']), 'one two')
  const frames = Buffer.concat([zlib.zstdCompressSync('one '), zlib.zstdCompressSync('two')])
  t.equal(bodyOf(frames, ['zstd']), 'one two')
  const decoded = await decodeBodyAsync(frames, ['zstd'], LIMITS)
  t.equal(decoded.ok && text(decoded.body), 'one two')
})

t.test('what many frames give is put together in turns', async (t) => {
  const frame = zlib.zstdCompressSync(Buffer.alloc(1_000_000, 'text '))
  const limits = { maxBytes: 10_000_000, maxRatio: 100_000 }
  let steps = 0
  const turns: WorkTurns = {
    run: async (work) => {
      for (;;) {
        const step = work.next()
        if (step.done === true) return step.value
        steps += 1
      }
    },
    whole: (work) => work(),
  }
  const decoded = await decodeBodyAsync(Buffer.concat([frame, frame, frame]), ['zstd'], limits, turns)
  t.ok(decoded.ok && Buffer.from(decoded.body).equals(Buffer.alloc(3_000_000, 'text ')))
  t.ok(steps >= 10, `${steps} steps`)
})

t.test('bytes behind the end of a stream are not passed over in silence', async (t) => {
  const hidden = Buffer.from('hidden text')
  for (const coding of CODINGS) {
    t.equal(bodyOf(Buffer.concat([encodeBody(Buffer.from('seen'), [coding]), hidden]), [coding]), 'unparsable', coding)
  }
})

t.test('a broken or cut body is unparsable, by both ways', async (t) => {
  for (const coding of CODINGS) {
    const whole = encodeBody(Buffer.from('some text that is long enough to be cut'), [coding])
    const cut = whole.subarray(0, whole.length - 6)
    t.equal(bodyOf(cut, [coding]), 'unparsable', coding)
    t.strictSame(await decodeBodyAsync(cut, [coding], LIMITS), { ok: false, unread: 'unparsable' })
  }
})

t.test('a bomb stops at the limit, by size or by ratio', async (t) => {
  const zeros = Buffer.alloc(3_000_000)
  for (const coding of CODINGS) {
    const bomb = encodeBody(zeros, [coding])
    t.equal(bodyOf(bomb, [coding]), 'decode-limit', `${coding}: more than maxBytes`)
    t.equal(bodyOf(bomb, [coding], { maxBytes: 1e9, maxRatio: 2 }), 'decode-limit', `${coding}: more than maxRatio`)
    t.strictSame(await decodeBodyAsync(bomb, [coding], LIMITS), { ok: false, unread: 'decode-limit' })
  }
  const frames = Buffer.concat(Array.from({ length: 30 }, () => zlib.zstdCompressSync(Buffer.alloc(50_000))))
  t.equal(bodyOf(frames, ['zstd']), 'decode-limit', 'many small frames count together')
  t.equal(bodyOf(encodeBody(zeros, ['gzip', 'gzip']), ['gzip', 'gzip']), 'decode-limit', 'bomb in a bomb')
})

t.test('a small body may be repetitive', async (t) => {
  t.equal(bodyOf(encodeBody(Buffer.alloc(60_000, 'a'), ['br']), ['br']).length, 60_000)
})

t.test('random bytes never throw', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.constantFrom(...CODINGS), { maxLength: 3 }),
      (body, codings) => {
        decodeBody(body, codings, LIMITS)
      },
    ),
  )
})

t.test('a zstd frame that decoders skip is refused, wherever it stands', async (t) => {
  const frame = zlib.zstdCompressSync('text')
  const skipped = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 0x68, 0x69])
  t.equal(bodyOf(frame, ['zstd']), 'text')
  t.equal(bodyOf(Buffer.concat([skipped, frame]), ['zstd']), 'unparsable')
  t.equal(bodyOf(Buffer.concat([frame, skipped]), ['zstd']), 'unparsable')
})
