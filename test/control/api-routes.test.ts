import t from 'tap'
import { rawGet, sendRaw, startControl, TOKEN } from './fixture.ts'

const CALLS = [
  '/events',
  '/events/01KC0000000000000000000001',
  '/tools',
  '/policy',
  '/snapshot',
  '/openapi.json',
  '/nothing',
]

t.test('nothing below /api/v1 answers without a token, however the path is spelt', async (t) => {
  const { get, address, recorded } = await startControl(t)
  for (const call of CALLS) {
    const answer = await get(`/api/v1${call}`, {})
    t.equal(answer.status, 401, call)
    t.match(answer.headers.get('www-authenticate'), /^Bearer/)
    t.match(answer.headers.get('content-type'), /problem\+json/)
  }
  for (const path of [
    '/%61pi/v1/policy',
    '/api/v1/%70olicy',
    '/api/v1/policy/',
    '//api/v1/policy',
    '/api/v1/policy;x',
    '/x/../api/v1/policy',
  ]) {
    t.notMatch(await sendRaw(address, rawGet(path, `host: ${address}`)), /version: 1/, path)
  }
  t.strictSame(recorded, [])
})

t.test('HEAD needs a token too', async (t) => {
  const { address } = await startControl(t)
  t.equal((await fetch(`http://${address}/api/v1/policy`, { method: 'HEAD' })).status, 401)
})

t.test('wrong tokens from one address are answered 429 after a while', async (t) => {
  const { get } = await startControl(t, {}, { tickMs: () => 0 })
  const wrong = { authorization: 'Bearer wrong' }
  for (let count = 0; count < 10; count += 1) t.equal((await get('/api/v1/policy', wrong)).status, 401)
  const answer = await get('/api/v1/policy', wrong)
  t.equal(answer.status, 429)
  t.equal(answer.headers.get('retry-after'), '60')
  t.equal((await get('/livez', {})).status, 200, 'probes go on')
})

t.test('the OpenAPI document is 3.1 and has every call with its parameters', async (t) => {
  const { get } = await startControl(t)
  const { json } = await get('/api/v1/openapi.json')
  t.match(json, { openapi: /^3\.1\./, info: { title: 'Weir admin API' } })
  t.strictSame(Object.keys(json.paths).sort(), [
    '/api/v1/discover',
    '/api/v1/discover/dismiss',
    '/api/v1/discover/draft',
    '/api/v1/discover/drift',
    '/api/v1/events',
    '/api/v1/events/facets',
    '/api/v1/events/histogram',
    '/api/v1/events/{id}',
    '/api/v1/events/{id}/feedback',
    '/api/v1/events/{id}/sealed',
    '/api/v1/events/{id}/sealed/read',
    '/api/v1/explain',
    '/api/v1/feedback',
    '/api/v1/feedback/{id}/take-back',
    '/api/v1/holds',
    '/api/v1/holds/{id}/release',
    '/api/v1/persons/erase',
    '/api/v1/persons/reidentify',
    '/api/v1/policy',
    '/api/v1/snapshot',
    '/api/v1/tools',
  ])
  const names = json.paths['/api/v1/events'].get.parameters.map((parameter: { name: string }) => parameter.name).sort()
  t.strictSame(names, 'action client cursor host limit order phase q rule since text tier tool until'.split(' '))
  t.match(json.paths['/api/v1/explain'].post.requestBody.content['application/json'].schema, {
    required: ['url'],
    additionalProperties: false,
  })
  t.match(json.components.securitySchemes, { token: { type: 'http', scheme: 'bearer' } })
  t.notMatch(JSON.stringify(json), TOKEN)
})

t.test('an unknown call is a 404 that points to the document', async (t) => {
  const { get } = await startControl(t)
  t.match(await get('/api/v1/nothing'), { status: 404, json: { detail: /openapi\.json/ } })
})
