import fc from 'fast-check'
import t from 'tap'
import { compileNetworks, type Networks } from '../../src/control/networks.ts'

const compiled = (...ranges: string[]): Networks => {
  const result = compileNetworks(ranges)
  if (!result.ok) throw new Error(result.problems.join())
  return result.networks
}

t.test('an address counts when one of the ranges holds it', async (t) => {
  const networks = compiled('10.1.0.0/16', '192.168.7.9', 'fd00::/8', '::1/128')
  for (const address of ['10.1.0.0', '10.1.255.255', '192.168.7.9', 'fd12::1', '::1']) {
    t.equal(networks.includes(address), true, address)
  }
  for (const address of ['10.2.0.0', '192.168.7.8', 'fe80::1', '::2', '127.0.0.1', '', 'localhost', '10.1']) {
    t.equal(networks.includes(address), false, address)
  }
})

t.test('IPv4 inside IPv6 and zone ids are unwrapped, as sockets report them', async (t) => {
  const networks = compiled('127.0.0.0/8', 'fe80::/10')
  t.equal(networks.includes('::ffff:127.0.0.1'), true)
  t.equal(networks.includes('fe80::1%eth0'), true)
  t.equal(networks.includes('::ffff:128.0.0.1'), false)
})

t.test('no range means nobody', async (t) => {
  t.equal(compiled().includes('127.0.0.1'), false)
})

t.test('all malformed ranges are reported at once, with what to write', async (t) => {
  const result = compileNetworks([
    '10.0.0.0/33',
    'lan',
    '10.0.0.0/8',
    '::1/129',
    '1.2.3.4/5/6',
    '10.0.0.0/',
    'fe80::1%e/64',
  ])
  t.match(result, { ok: false, problems: [/10\.0\.0\.0\/33/, /lan/, /::1\/129/, /5\/6/, /10\.0\.0\.0\//, /%e/] })
  t.equal(result.ok ? 0 : result.problems.length, 6)
})

t.test('a prefix decides exactly by its leading bits', async () => {
  const octet = fc.integer({ min: 0, max: 255 })
  const toNumber = (parts: readonly number[]): bigint => parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n)
  fc.assert(
    fc.property(
      fc.tuple(octet, octet, octet, octet),
      fc.tuple(octet, octet, octet, octet),
      fc.integer({ min: 0, max: 32 }),
      (range, address, bits) => {
        const shift = BigInt(32 - bits)
        const expected = toNumber(range) >> shift === toNumber(address) >> shift
        return compiled(`${range.join('.')}/${bits}`).includes(address.join('.')) === expected
      },
    ),
  )
})
