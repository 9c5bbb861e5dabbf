import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import type { ProxyError } from '../../src/domain/proxy-error.ts'
import { RestoringBody } from '../../src/edge/restoring-body.ts'
import type { Coding } from '../../src/wire/content-coding.ts'

/** Upper case, `!` at the end; nothing for spaces. */
const shouting = {
  push: (chunk: Uint8Array): Uint8Array => Buffer.from(Buffer.from(chunk).toString().trim().toUpperCase()),
  end: (): Uint8Array => Buffer.from('!'),
}

interface Seen {
  text: string
  resumed: number
  isFull: boolean
  readonly ended: Promise<ProxyError | null>
}

function open(codings: readonly Coding[]): { body: RestoringBody; seen: Seen } {
  const ended = Promise.withResolvers<ProxyError | null>()
  const seen: Seen = { text: '', resumed: 0, isFull: false, ended: ended.promise }
  const body = new RestoringBody(
    { restorer: shouting, codings, isEdited: true },
    {
      write: (bytes) => {
        seen.text += Buffer.from(bytes).toString()
        return !seen.isFull
      },
      end: () => ended.resolve(null),
      fail: (error) => ended.resolve(error),
      resume: () => (seen.resumed += 1),
    },
  )
  return { body, seen }
}

t.test('what has no coding goes through at once, with the pace of the client', async (t) => {
  const { body, seen } = open([])
  t.equal(body.push(Buffer.from('abc')), true)
  t.equal(seen.text, 'ABC')
  seen.isFull = true
  t.equal(body.push(Buffer.from('  ')), true, 'nothing went out')
  t.equal(body.push(Buffer.from('d')), false)
  body.drained()
  t.equal(seen.resumed, 1)
  body.end()
  t.equal(await seen.ended, null)
  t.equal(seen.text, 'ABCD!')
})

t.test('codings are undone, also several and a deflate without its frame', async (t) => {
  const rows: readonly (readonly [readonly Coding[], Buffer])[] = [
    [['gzip'], gzipSync('abc')],
    [['deflate'], deflateSync('abc')],
    [['deflate'], deflateRawSync('abc')],
    [['deflate', 'gzip'], gzipSync(deflateSync('abc'))],
  ]
  for (const [codings, bytes] of rows) {
    const { body, seen } = open(codings)
    for (const byte of bytes) body.push(Uint8Array.of(byte))
    body.end()
    t.equal(await seen.ended, null)
    t.equal(seen.text, 'ABC!')
  }
})

t.test('zstd that comes in several frames at once is undone to its last one', async (t) => {
  const { body, seen } = open(['zstd'])
  body.push(Buffer.concat(['a', 'b', 'c'].map((text) => zstdCompressSync(Buffer.from(text)))))
  body.end()
  t.equal(await seen.ended, null)
  t.equal(seen.text, 'ABC!')
})

t.test('a full client stops the decoder, and it goes on when he can take more', async (t) => {
  const { body, seen } = open(['gzip'])
  seen.isFull = true
  body.push(gzipSync(Buffer.alloc(400_000, 'a')))
  body.end()
  while (seen.text === '') await new Promise((resolve) => setImmediate(resolve))
  const before = seen.text.length
  t.ok(before < 400_000)
  seen.isFull = false
  body.drained()
  t.equal(await seen.ended, null)
  t.equal(seen.text.length, 400_001)
})

t.test('what cannot be decoded, or ends in the middle, is a failure', async (t) => {
  for (const bytes of [Buffer.from('no gzip at all'), gzipSync('abc').subarray(0, -4)]) {
    const { body, seen } = open(['gzip'])
    body.push(bytes)
    body.end()
    t.match(await seen.ended, { code: 'upstream-protocol' })
    t.notMatch(seen.text, '!')
  }
})

t.test('an empty body ends', async (t) => {
  const { body, seen } = open(['gzip'])
  body.end()
  t.equal(await seen.ended, null)
})

t.test('after a cancel nothing follows', async (t) => {
  const { body, seen } = open(['gzip'])
  body.push(gzipSync('abc'))
  body.cancel()
  body.push(Buffer.from('x'))
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(seen.text, '')
})

t.test('what is restored elsewhere goes out when it comes, and not after a cancel', async (t) => {
  for (const isCancelled of [false, true]) {
    const later = Promise.withResolvers<Uint8Array>()
    const written: string[] = []
    const target = {
      write: (bytes: Uint8Array) => written.push(Buffer.from(bytes).toString()) > 0,
      end: () => void written.push('end'),
      fail: () => void written.push('fail'),
      resume: () => undefined,
    }
    const restorer = { push: () => Buffer.alloc(0), end: () => Buffer.from('here'), endElsewhere: () => later.promise }
    const body = new RestoringBody({ restorer, codings: [], isEdited: true }, target)
    body.push(Buffer.from('{}'))
    body.end()
    t.strictSame(written, [])
    if (isCancelled) body.cancel()
    later.resolve(Buffer.from('elsewhere'))
    await later.promise
    await new Promise((resolve) => setImmediate(resolve))
    t.strictSame(written, isCancelled ? [] : ['elsewhere', 'end'])
  }
})
