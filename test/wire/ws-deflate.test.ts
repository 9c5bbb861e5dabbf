import { constants, createDeflateRaw, deflateRawSync } from 'node:zlib'
import t from 'tap'
import { agreedExtensions, type InflateRoom, MessageInflater, readableOffers } from '../../src/wire/ws-deflate.ts'

const LIMITS = { maxBytes: 1_000_000, maxRatio: 100 }

/** A sender whose window goes on from message to message. */
function sender(windowBits: number): (text: string) => Promise<Buffer> {
  const deflate = createDeflateRaw({ windowBits })
  return (text) =>
    new Promise((resolve) => {
      const pieces: Buffer[] = []
      const onData = (piece: Buffer): void => void pieces.push(piece)
      deflate.on('data', onData)
      deflate.write(text)
      deflate.flush(constants.Z_SYNC_FLUSH, () => {
        deflate.off('data', onData)
        resolve(Buffer.concat(pieces).subarray(0, -4))
      })
    })
}

t.test('messages that build on those before them are read, with every window', async (t) => {
  for (const windowBits of [9, 10, 11, 12, 13, 14, 15]) {
    const send = sender(windowBits)
    const inflater = new MessageInflater({ hasContextTakeover: true }, LIMITS)
    for (const text of ['one text', 'one text', '', 'x'.repeat(50_000), 'one text', 'y'.repeat(40_000)]) {
      const read = await inflater.inflate(await send(text))
      t.equal(read.ok && Buffer.from(read.bytes).toString(), text)
    }
  }
})

t.test('a message that ends inside a block is not read, nor what follows', async (t) => {
  const whole = deflateRawSync('a text that is cut in the middle', { finishFlush: constants.Z_SYNC_FLUSH })
  const inflater = new MessageInflater({ hasContextTakeover: true }, LIMITS)
  t.match(await inflater.inflate(whole.subarray(0, 6)), { ok: false, unread: 'unparsable' })
  t.match(await inflater.inflate(Buffer.from([0])), { ok: false, unread: 'unparsable' })
})

t.test('what stands behind a last block is not taken for nothing', async (t) => {
  const inflater = new MessageInflater({ hasContextTakeover: false }, LIMITS)
  const last = deflateRawSync('first')
  t.match(await inflater.inflate(Buffer.concat([last, Buffer.from([0])])), { ok: true })
  t.match(await inflater.inflate(Buffer.concat([last, Buffer.from('more of it')])), { ok: false })
})

t.test('a bomb is given up', async (t) => {
  const bomb = deflateRawSync(Buffer.alloc(2_000_000), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
  const inflater = new MessageInflater({ hasContextTakeover: false }, LIMITS)
  t.match(await inflater.inflate(bomb), { ok: false, unread: 'decode-limit' })
})

t.test('room is asked for what a message may become, at most its limit, and held until it was used', async (t) => {
  const log: string[] = []
  const room: InflateRoom = async (bytes, work) => {
    log.push(`take ${bytes}`)
    const result = await work()
    log.push('give back')
    return result
  }
  const inflater = new MessageInflater({ hasContextTakeover: false }, { ...LIMITS, room })
  const deflated = (bytes: Buffer): Buffer =>
    deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
  const small = deflated(Buffer.from('small'))
  t.equal(await inflater.read(small, (read) => (log.push('used'), read.ok)), true, 'a small one needs none')
  const bomb = deflated(Buffer.alloc(2_000_000))
  t.equal(await inflater.read(bomb, (read) => (log.push('used'), read.ok)), false)
  t.strictSame(log, ['used', `take ${bomb.length * LIMITS.maxRatio}`, 'used', 'give back'])
  await inflater.read(Buffer.alloc(50_000), () => log.push('used'))
  t.equal(log[4], `take ${LIMITS.maxBytes}`)
})

t.test('only permessage-deflate with its own parameters is understood', async (t) => {
  t.same(agreedExtensions([]), { ok: true, deflate: null })
  t.match(agreedExtensions(['permessage-deflate; client_no_context_takeover; server_max_window_bits=9']), {
    deflate: { client: { hasContextTakeover: false }, server: { hasContextTakeover: true } },
  })
  for (const odd of ['x', 'permessage-deflate; x', 'permessage-deflate; server_max_window_bits=99', 'a, b'])
    t.same(agreedExtensions([odd]), { ok: false }, odd)
  t.equal(
    readableOffers(['x-odd, permessage-deflate; client_max_window_bits']),
    'permessage-deflate; client_max_window_bits',
  )
  t.equal(readableOffers(['x-odd']), null)
})
