import t from 'tap'
import { hasHeader, lowerHeader, mediaType, pathEndsWith } from '../../src/dialects/wire-shape.ts'
import { requestHead } from './request-head.ts'

t.test('a path ends with whole segments, with or without a trailing slash', async (t) => {
  t.ok(pathEndsWith('/relay/v1/messages', '/v1/messages'))
  t.ok(pathEndsWith('/v1/messages/', '/v1/messages'))
  t.notOk(pathEndsWith('/v1/messages/7', '/v1/messages'))
  t.notOk(pathEndsWith('/xv1/messages', '/v1/messages'))
})

t.test('header names count in any case, values are read in lower case', async (t) => {
  const head = requestHead({ headers: { 'User-Agent': 'OpenAI/JS' } })
  t.ok(hasHeader(head, 'x-other', 'user-agent'))
  t.notOk(hasHeader(head, 'x-other'))
  t.equal(lowerHeader(head, 'user-agent'), 'openai/js')
  t.equal(lowerHeader(head, 'x-other'), '')
})

t.test('a media type has no parameters and no case', async (t) => {
  t.equal(mediaType('Application/JSON; charset=utf-8'), 'application/json')
  t.equal(mediaType(null), '')
})
