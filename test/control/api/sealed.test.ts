import t from 'tap'
import type { SealedTexts } from '../../../src/control/ports.ts'
import { startControl } from '../fixture.ts'

const FLOW = '01KC0000000000000000000001'
const texts: SealedTexts = { texts: [{ v: 1 }], changed: 0, gone: 1 }

t.test('what is sealed is handed out, and who asked and why is recorded first', async (t) => {
  const { post, recorded } = await startControl(t, { sealed: { open: async () => texts } })
  const answer = await post(`/api/v1/events/${FLOW}/sealed`, { reason: 'case 7' })
  t.equal(answer.status, 200)
  t.strictSame(JSON.parse(answer.text), { flow: FLOW, ...texts })
  t.match(recorded, [
    { actor: /^token:/, operation: 'content.open', target: FLOW, after: { reason: 'case 7', texts: 1, gone: 1 } },
  ])
  const read = await post(`/api/v1/events/${FLOW}/sealed/read`, { reason: 'case 7', auditors: ['ann', 'ben'] })
  t.equal(read.status, 200)
  t.match(recorded[1], { operation: 'content.read', target: FLOW, after: { auditors: ['ann', 'ben'] } })
})

t.test('what cannot be recorded is not handed out', async (t) => {
  const recordFirst = () => Promise.reject(new Error('disk full'))
  const audit = { record: () => undefined, recordFirst }
  const { post } = await startControl(t, { sealed: { open: async () => texts }, audit })
  for (const [path, body] of [
    ['sealed', { reason: 'r' }],
    ['sealed/read', { reason: 'r', auditors: ['ann'] }],
  ] as const) {
    const answer = await post(`/api/v1/events/${FLOW}/${path}`, body)
    t.equal(answer.status, 503)
    t.match(answer.text, /cannot be recorded/)
    t.notMatch(answer.text, /"v":1/)
  }
})

t.test('no reason, no event, nothing sealed: each is said, and nothing is recorded', async (t) => {
  const { post, recorded } = await startControl(t)
  t.equal((await post(`/api/v1/events/${FLOW}/sealed`, {})).status, 400)
  t.equal((await post(`/api/v1/events/${FLOW}/sealed`, { reason: 'a\nb' })).status, 400)
  t.equal((await post('/api/v1/events/nobody/sealed', { reason: 'r' })).status, 404)
  t.match((await post(`/api/v1/events/${FLOW}/sealed`, { reason: 'r' })).text, /nothing of this event was sealed/)
  t.equal((await post(`/api/v1/events/${FLOW}/sealed/read`, { reason: 'r', auditors: [] })).status, 400)
  t.same(recorded, [])
})
