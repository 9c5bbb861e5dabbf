import t from 'tap'
import type { Verdict } from '../../src/domain/identity.ts'
import type { Accepted } from '../../src/identity/kerberos.ts'
import { createNegotiateSource, type NegotiateSettings } from '../../src/identity/negotiate.ts'

const SETTINGS: NegotiateSettings = {
  service: 'HTTP',
  keytab: null,
  realms: ['ACME.EXAMPLE'],
  keepRealm: false,
  timeoutMs: 2000,
}
const FACTS = { peer: '10.0.0.1', address: '10.0.0.1', certificate: null }
const TOKEN = Buffer.from([0x60, 8, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02]).toString('base64')
const COMPLETED = Buffer.from([0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 0]).toString('base64')
const INCOMPLETE = Buffer.from([0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 1]).toString('base64')

const accepted = (principal: string, response: string | null = COMPLETED): Accepted => ({
  kind: 'accepted',
  principal,
  response,
})

const verify = async (
  answer: () => Accepted | Promise<Accepted>,
  credential = TOKEN,
  settings: Partial<NegotiateSettings> = {},
): Promise<Verdict> =>
  createNegotiateSource({
    settings: () => ({ ...SETTINGS, ...settings }),
    kerberos: { accept: async () => answer() },
  }).verify(credential, FACTS)

t.test('a ticket names a person or a machine, and the proxy proves itself in its answer', async (t) => {
  t.strictSame(await verify(() => accepted('li.wei@ACME.EXAMPLE')), {
    kind: 'proof',
    proof: { assurance: 'negotiate', user: 'li.wei', groups: [], device: null },
    reply: `Negotiate ${COMPLETED}`,
  })
  t.match(await verify(() => accepted('LT-7$@ACME.EXAMPLE')), { proof: { user: null, device: 'LT-7' } })
})

t.test('what is wrong is final, says why, and does not reach the library when that can be seen before', async (t) => {
  const wrong = (detail: RegExp) => ({ kind: 'wrong', detail, isFinal: true })
  t.match(await verify(() => ({ kind: 'refused', detail: 'Request is a replay' })), wrong(/replay/u))
  t.match(await verify(() => accepted('li.wei@OTHER.EXAMPLE')), wrong(/realm/u))
  t.match(await verify(() => accepted('li.wei@ACME.EXAMPLE', INCOMPLETE)), wrong(/several legs/u))
  t.match(await verify(() => accepted('li.wei@ACME.EXAMPLE', null)), wrong(/several legs/u))
  const never = () => t.fail('it was asked') as never
  t.match(await verify(never, 'garbage'), wrong(/base64|SPNEGO/u))
  const ntlm = Buffer.from('NTLMSSP\0\x01', 'latin1').toString('base64')
  t.match(await verify(never, ntlm), { kind: 'wrong', code: 'proxy-auth-ntlm', isFinal: true })
})

t.test('trouble of our own is no fault of the client', async (t) => {
  t.match(await verify(() => ({ kind: 'unavailable', detail: 'no keytab' })), {
    kind: 'unavailable',
    detail: 'no keytab',
  })
  t.match(await verify(() => Promise.reject(new Error('x'))), { kind: 'unavailable' })
  t.match(await verify(() => new Promise(() => undefined), TOKEN, { timeoutMs: 10 }), {
    kind: 'unavailable',
    detail: /10 ms/u,
  })
})

t.test('two at once, some more wait, and a library that hangs takes no further threads', async (t) => {
  let running = 0
  const releases: (() => void)[] = []
  const source = createNegotiateSource({
    settings: () => ({ ...SETTINGS, timeoutMs: 60_000 }),
    kerberos: {
      accept: async () => {
        running++
        await new Promise<void>((resolve) => releases.push(resolve))
        running--
        return accepted('ann@ACME.EXAMPLE')
      },
    },
  })
  const all = Array.from({ length: 202 }, () => source.verify(TOKEN, FACTS))
  t.equal(running, 2)
  t.match(source.verify(TOKEN, FACTS), { kind: 'unavailable', detail: /too many/u })
  let done = 0
  const count = (): number => done++
  for (const each of all) Promise.resolve(each).then(count, count)
  while (done < all.length) {
    t.ok(running <= 2)
    releases.shift()?.()
    await new Promise(setImmediate)
  }
  t.match(await all[201], { kind: 'proof' })
})
