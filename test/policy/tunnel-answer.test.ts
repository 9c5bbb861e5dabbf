import t from 'tap'
import type { EvasionAnswer } from '../../src/policy/compiled-policy.ts'
import { evade, refuse, type TunnelQuestion, tunnel } from '../../src/policy/tunnel-answer.ts'
import { placeOf } from '../../src/policy/tunnel-place.ts'
import { clientWith, lookupHost, policyWith } from './world.ts'

function question(host: string, policy = policyWith()): TunnelQuestion {
  const facts = {
    client: clientWith(),
    host,
    port: 443,
    hostKnowledge: lookupHost(host),
    first: null,
    sniKnowledge: null,
  }
  return { policy, facts, place: placeOf(policy, facts), steps: [], recorded: null, certificateHost: null }
}

const withDoh = (doh: EvasionAnswer, mode = 'enforce') => {
  const policy = policyWith({ mode })
  return { ...policy, evasion: { ...policy.evasion, doh } }
}

t.test('a refusal is recorded', async (t) => {
  t.strictSame(refuse('doh', 'evasion:doh', 'why'), {
    answer: 'refuse',
    reason: 'doh',
    rule: 'evasion:doh',
    isRecorded: true,
    why: 'why',
  })
})

t.test('an evasion is refused, recorded or passed as the policy says', async (t) => {
  t.match(evade(question('a.example', withDoh('refuse')), 'doh', 'doh', 'why'), { answer: 'refuse', reason: 'doh' })
  for (const [answer, mode, recorded] of [
    ['refuse', 'observe', 'doh'],
    ['record', 'enforce', 'doh'],
    ['allow', 'enforce', null],
  ] as const) {
    const asked = question('a.example', withDoh(answer, mode))
    t.equal(evade(asked, 'doh', 'doh', 'why'), null, `${answer}, ${mode}`)
    t.equal(asked.recorded, recorded)
    t.match(asked.steps, [{ step: 'evasion', rule: 'evasion:doh' }])
  }
})

t.test('of several evasions the first one names the record', async (t) => {
  const asked = question('a.example', withDoh('record'))
  asked.recorded = 'ech'
  evade(asked, 'doh', 'doh', 'why')
  t.equal(asked.recorded, 'ech')
})

t.test('a tunnel is recorded as `audit.tunnels` says', async (t) => {
  for (const [auditTunnels, host, wanted] of [
    ['none', 'api.openai.com', false],
    ['ai', 'api.openai.com', true],
    ['ai', 'a.example', false],
    ['all', 'a.example', true],
  ] as const) {
    const asked = question(host, policyWith({}, { auditTunnels }))
    t.equal(tunnel(asked, 'not-catalogued', null, 'why').isRecorded, wanted, `${auditTunnels}: ${host}`)
  }
})
