import t from 'tap'
import type { RequestHead } from '../../src/domain/tool.ts'
import { RequestWatch } from '../../src/flow/request-watch.ts'

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
const far = (): boolean => false

t.test('the body is held only where the head is near, or the host was seen before', async (t) => {
  t.equal(new RequestWatch(head('/api/chat'), true, far).look, 'before')
  t.equal(new RequestWatch(head('/x'), true, far).look, 'beside')
  t.equal(new RequestWatch(head('/x'), true, () => true).look, 'before')
  t.equal(new RequestWatch(head('/v1/chat/completions'), true, far).look, 'none', 'its head says enough')
  t.equal(new RequestWatch(head('/x'), false, far).look, 'none', 'nothing to look at')
})

t.test('what is no JSON, is compressed, or asks for another protocol is left alone', async (t) => {
  const lines = (...headers: string[]) => new RequestWatch(head('/api/chat', { headers }), true, far).look
  t.equal(lines('content-type', 'multipart/form-data'), 'none')
  t.equal(lines('content-type', 'application/grpc-web+proto'), 'none')
  t.equal(lines('content-type', 'application/json', 'content-encoding', 'zstd'), 'none')
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

t.test('a compressed answer is not looked into', async (t) => {
  const watch = new RequestWatch(head('/x'), true, far)
  watch.answerHead(['content-encoding', 'gzip'])
  watch.answerPiece(Buffer.from('"object":"chat.completion"'))
  watch.end()
  t.notOk(watch.isAi)
})

t.test('a held body is looked at at once', async (t) => {
  const watch = new RequestWatch(head('/api/chat'), true, far)
  watch.body(CHAT)
  t.ok(watch.isAi)
  t.match(watch.sighting, { dialect: 'openai-chat', evidence: ['path:ollama', 'body:messages', 'body:model-name'] })
})
