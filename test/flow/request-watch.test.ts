import t from 'tap'
import type { RequestHead } from '../../src/domain/tool.ts'
import { RequestWatch, type WatchPorts } from '../../src/flow/request-watch.ts'
import { type Coding, decodeBody, encodeBody } from '../../src/wire/content-coding.ts'

const head = (path: string, changes: Partial<RequestHead> = {}): RequestHead => ({
  method: 'POST',
  scheme: 'https',
  host: 'a.example',
  port: 443,
  path,
  headers: ['Content-Type', 'application/json'],
  isUpgrade: false,
  ...changes,
})
const CHAT = Buffer.from('{"messages":[{"role":"user","content":"hi"}],"model":"gpt-4o"}')
const far = { isNear: () => false, decode: () => Promise.resolve(null) }
/** Undoes what the test encoded, later than at once. */
const decoding = {
  isNear: () => false,
  decode: async (bytes: Uint8Array, codings: readonly Coding[]) => {
    await Promise.resolve()
    const decoded = decodeBody(bytes, codings, { maxBytes: 1e6, maxRatio: 1000 })
    return decoded.ok ? decoded.body : null
  },
}

t.test('the body is held only where the head is near, or the host was seen before', async (t) => {
  t.equal(new RequestWatch(head('/api/chat'), true, far).look, 'before')
  t.equal(new RequestWatch(head('/x'), true, far).look, 'beside')
  t.equal(new RequestWatch(head('/x'), true, { ...far, isNear: () => true }).look, 'before')
  t.equal(new RequestWatch(head('/v1/chat/completions'), true, far).look, 'none', 'its head says enough')
  t.equal(new RequestWatch(head('/x'), false, far).look, 'none', 'nothing to look at')
})

t.test('what is no JSON, has a coding that nobody knows, or asks for another protocol is left alone', async (t) => {
  const lines = (...headers: string[]) => new RequestWatch(head('/api/chat', { headers }), true, far).look
  t.equal(lines('content-type', 'multipart/form-data'), 'none')
  t.equal(lines('content-type', 'application/grpc-web+proto'), 'none')
  t.equal(lines('content-type', 'application/json', 'content-encoding', 'lzma'), 'none')
  t.equal(lines('content-type', 'application/vnd.api+json; charset=utf-8'), 'before')
  t.equal(lines('content-type', 'text/plain;charset=UTF-8'), 'before')
  t.equal(lines(), 'before', 'no type at all')
  t.equal(new RequestWatch(head('/api/chat', { method: 'GET' }), true, far).look, 'none')
  t.equal(new RequestWatch(head('/chat', { isUpgrade: true, method: 'GET' }), true, far).look, 'none')
})

t.test('pieces of a body that pass are put together, wherever they are cut', async (t) => {
  for (let cut = 0; cut <= CHAT.length; cut += 7) {
    const watch = new RequestWatch(head('/x'), true, far)
    const piece = Buffer.from(CHAT.subarray(0, cut))
    watch.bodyPiece(piece)
    piece.fill(0)
    watch.bodyPiece(CHAT.subarray(cut))
    t.notOk(watch.isAi, 'not while it passes')
    watch.end()
    t.ok(watch.isAi, `cut at ${cut}`)
  }
})

t.test('the answer tells what the body did not, by its head or by its first bytes', async (t) => {
  const byHead = new RequestWatch(head('/x'), true, far)
  byHead.answerHead(['openai-processing-ms', '3'])
  t.ok(byHead.isAi)
  const byBody = new RequestWatch(head('/x'), true, far)
  byBody.answerHead([])
  byBody.answerPiece(Buffer.from('data: {"object":"chat.comp'))
  byBody.answerPiece(Buffer.from('letion.chunk"}'))
  byBody.end()
  t.ok(byBody.isAi)
  t.equal(byBody.sighting.dialect, 'openai-chat')
})

t.test('a compressed answer is looked into from its copy; without a decoder it is not', async (t) => {
  const ofAnswer = async (ports?: WatchPorts) => {
    const watch = new RequestWatch(head('/x'), true, ports)
    watch.answerHead(['content-encoding', 'gzip'])
    watch.answerPiece(encodeBody(Buffer.from('{"object":"chat.completion"}'), ['gzip']))
    await watch.end()
    return watch.isAi
  }
  t.ok(await ofAnswer(decoding))
  t.notOk(await ofAnswer(far))
  t.notOk(await ofAnswer())
})

t.test('a compressed body is looked into too, held or in passing, in every coding', async (t) => {
  for (const coding of ['gzip', 'deflate', 'br', 'zstd'] as const) {
    const headers = ['content-type', 'application/json', 'content-encoding', coding]
    const encoded = encodeBody(CHAT, [coding])
    const held = new RequestWatch(head('/api/chat', { headers }), true, decoding)
    t.equal(held.look, 'before')
    await held.body(encoded)
    t.ok(held.isAi, `${coding}, held`)
    const passing = new RequestWatch(head('/x', { headers }), true, decoding)
    t.equal(passing.look, 'beside')
    passing.bodyPiece(encoded.subarray(0, 9))
    passing.bodyPiece(encoded.subarray(9))
    passing.answerHead([])
    await passing.end()
    t.ok(passing.isAi, `${coding}, in passing`)
    t.equal(new RequestWatch(head('/x', { headers }), true).look, 'none', 'nobody decodes')
  }
})

t.test('a held body is looked at at once', async (t) => {
  const watch = new RequestWatch(head('/api/chat'), true, far)
  watch.body(CHAT)
  t.ok(watch.isAi)
  t.match(watch.sighting, { dialect: 'openai-chat', evidence: ['path:ollama', 'body:messages', 'body:model-name'] })
})
