import fc from 'fast-check'
import t from 'tap'
import type { Client } from '../../src/domain/client.ts'
import {
  CLIENT_VALUES,
  createVault,
  HISTORY_PLACEHOLDERS,
  type KeptValue,
  type Vault,
  vaultKey,
} from '../../src/inspect/vault.ts'

const kept = (value: string): KeptValue => ({ value, detector: 'd', severity: 'high' })
const client = (more: Partial<Client>): Client => ({
  address: '10.0.0.1',
  user: null,
  groups: [],
  device: null,
  network: null,
  assurance: 'none',
  ...more,
})

t.test('a value comes back to the client that it was kept for, and to nobody else', async (t) => {
  const vault = createVault()
  t.ok(vault.keep('a', 'P1', kept('secret')))
  t.equal(vault.valueOf('a', 'P1'), 'secret')
  t.equal(vault.valueOf('b', 'P1'), null)
  t.equal(vault.valueOf('a', 'P2'), null)
  t.strictSame([...vault.valuesOf('a')], [['P1', kept('secret')]])
  t.equal(vault.valuesOf('b').size, 0)
})

t.test('who a client is: user and device where they are known for sure, else the address as well', async (t) => {
  const sure = { user: 'ann', device: 'LT-1', assurance: 'mtls' } as const
  t.equal(vaultKey(client(sure)), vaultKey(client({ ...sure, address: '10.0.0.2' })))
  t.not(vaultKey(client(sure)), vaultKey(client({ ...sure, device: 'LT-2' })))
  t.not(vaultKey(client(sure)), vaultKey(client({ ...sure, user: 'bob' })))
  const mapped = { user: 'team', assurance: 'network' } as const
  t.not(vaultKey(client(mapped)), vaultKey(client({ ...mapped, address: '10.0.0.2' })), 'a name for a whole network')
  t.not(vaultKey(client({})), vaultKey(client({ address: '10.0.0.2' })))
  const odd = { user: 'a","b', device: null, assurance: 'token' } as const
  t.not(vaultKey(client(odd)), vaultKey(client({ ...odd, user: 'a', device: 'b' })), 'names do not run together')
})

t.test('the list of what is kept is the same object until something changes', async (t) => {
  const vault = createVault()
  vault.keep('a', 'P1', kept('one-value'))
  const before = vault.valuesOf('a')
  vault.keep('a', 'P1', kept('one-value'))
  t.equal(vault.valuesOf('a'), before)
  vault.keep('a', 'P2', kept('another'))
  t.equal(vault.valuesOf('a').size, 2)
  t.equal(before.size, 1, 'what was told stays what it was')
})

t.test('what is too large is not kept, and that is told', async (t) => {
  const vault = createVault()
  t.notOk(vault.keep('a', 'P', kept('x'.repeat(200_000))))
  t.notOk(vault.keep('a', 'P', kept('')))
  t.equal(vault.valueOf('a', 'P'), null)
})

t.test('one client keeps so many values, and the one that was not used for longest goes', async (t) => {
  const vault = createVault()
  for (let index = 0; index < CLIENT_VALUES; index += 1) vault.keep('a', `P${index}`, kept(`value-${index}`))
  t.equal(vault.valueOf('a', 'P0'), 'value-0', 'used now')
  vault.keep('a', 'more', kept('one more'))
  t.equal(vault.valueOf('a', 'P0'), 'value-0')
  t.equal(vault.valueOf('a', 'P1'), null)
  t.equal(vault.valuesOf('a').size, CLIENT_VALUES)
})

t.test('when all is full, the client that was not heard of for longest loses his values', async (t) => {
  const vault = createVault({ maxBytes: 11_000, clientBytes: 3000 })
  vault.keep('a', 'P', kept('a'.repeat(500)))
  vault.keep('b', 'P', kept('b'.repeat(500)))
  vault.keep('a', 'Q', kept('more'))
  vault.keep('c', 'P', kept('c'.repeat(500)))
  vault.keep('d', 'P', kept('d'.repeat(500)))
  t.equal(vault.valueOf('b', 'P'), null)
  t.equal(vault.valueOf('a', 'Q'), 'more', 'heard of later')
  vault.keep('e', 'P', kept('e'.repeat(500)))
  t.equal(vault.valueOf('a', 'Q') ?? vault.valueOf('a', 'P'), null, 'the next, with all of his')
  t.equal(vault.valueOf('d', 'P'), 'd'.repeat(500))
})

t.test('a client with one value costs little, and what he costs counts', async (t) => {
  const vault = createVault()
  const used = (): number => {
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = used()
  for (let index = 0; index < 500; index += 1) vault.keep(`client ${index}`, 'P', kept('one-value'))
  for (let index = 0; index < 500; index += 1) vault.keepHistory(`client ${index}`, 'h', new Set())
  t.ok(used() - before < 60_000_000, 'not as much as all that he may have')
  t.ok(vault.bytes() > 500 * 2000)
})

t.test('a history is known as long as all of its values are', async (t) => {
  const vault = createVault()
  vault.keep('a', 'P1', kept('secret-1'))
  vault.keepHistory('a', 'resp_1', new Set(['P1']))
  vault.keepHistory('a', 'resp_2', new Set(['P1', 'P2']))
  vault.keepHistory('a', 'resp_3', new Set())
  t.strictSame(vault.historyOf('a', 'resp_1'), new Set(['P1']))
  t.equal(vault.historyOf('a', 'resp_2'), null, 'one is missing')
  t.strictSame(vault.historyOf('a', 'resp_3'), new Set())
  t.equal(vault.historyOf('b', 'resp_1'), null, "somebody else's")
  t.equal(vault.historyOf('a', 'resp_9'), null)
})

t.test('a history that cannot be remembered whole is not known', async (t) => {
  const vault = createVault()
  vault.keepHistory('a', 'x'.repeat(300), new Set())
  t.equal(vault.historyOf('a', 'x'.repeat(300)), null)
  const many = Array.from({ length: HISTORY_PLACEHOLDERS + 1 }, (_, index) => `P${index}`)
  for (const name of many) vault.keep('a', name, kept(`value of ${name}`))
  vault.keepHistory('a', 'long', new Set(many))
  t.equal(vault.historyOf('a', 'long'), null)
})

t.test('whatever is kept, it stays within its bounds and never tells a value that was not kept', async () => {
  const limit = 6000
  const step = fc.record({ who: fc.nat(4), what: fc.nat(30), size: fc.nat(900), isHistory: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const vault: Vault = createVault({ maxBytes: limit, clientBytes: 3000 })
      const last = new Map<string, string>()
      for (const { who, what, size, isHistory } of steps) {
        const name = `${who}/${what}`
        if (isHistory) vault.keepHistory(`c${who}`, `h${what}`, new Set())
        else if (!last.has(name) || vault.valueOf(`c${who}`, `P${what}`) === null) {
          const value = `${what}:${'v'.repeat(size)}`
          if (vault.keep(`c${who}`, `P${what}`, kept(value))) last.set(name, value)
        }
        if (isHistory) vault.valuesOf(`c${who}`)
        if (vault.bytes() > limit || vault.bytes() < 0) return false
      }
      const isTold = [...last].every(([name, value]) => {
        const [who = '', what = ''] = name.split('/')
        const told = vault.valueOf(`c${who}`, `P${what}`)
        const listed = vault.valuesOf(`c${who}`).get(`P${what}`)?.value ?? null
        return told === listed && (told === null || told === value)
      })
      const listed = [0, 1, 2, 3, 4].flatMap((who) =>
        [...vault.valuesOf(`c${who}`).keys()].map((key) => `${who} ${key}`),
      )
      return isTold && listed.every((name) => last.has(name.replace(' P', '/')))
    }),
  )
})
