import t from 'tap'
import { bodyFactsOf } from '../../src/cli/explain-body.ts'
import { shippedState } from '../config/shipped.ts'

t.test('findings and model are what the proxy would see, also in a compressed body', async (t) => {
  const state = await shippedState()
  const mail = ['someone', 'corp-mail.com'].join('@')
  const body = Buffer.from(JSON.stringify({ model: 'm-1', messages: [{ role: 'user', content: `write to ${mail}` }] }))
  const explanation = { dialect: 'anthropic-messages' }
  const facts = await bodyFactsOf(state, { explanation, headers: {}, body })
  t.equal(facts.model, 'm-1')
  t.ok(facts.findings.some((finding) => finding.field === 'messages[0].content'))
  const odd = await bodyFactsOf(state, { explanation, headers: { 'content-encoding': 'rot13' }, body })
  t.equal(odd.unread, 'unknown-coding')
})
