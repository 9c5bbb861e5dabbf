import fc from 'fast-check'
import t from 'tap'
import { compileNetworkMap, createNetworkMap } from '../../src/identity/network-map.ts'

const source = (document: unknown): Parameters<typeof compileNetworkMap>[0] => ({
  file: 'net.yaml',
  document,
  lineOf: (path) => path.length,
})
const problemsOf = (document: unknown): readonly { path: string; message: string }[] =>
  compileNetworkMap(source(document)).problems

const map = createNetworkMap([
  { cidr: '10.0.0.0/8', network: 'office', groups: ['staff'] },
  { cidr: '10.1.0.0/16', network: 'lab' },
  { cidr: '10.1.2.3', user: 'ann', groups: ['dev', 'ml'], device: 'laptop-7' },
  { cidr: '10.1.2.128/25', user: 'bob' },
  { cidr: 'fd00:1::/32', network: 'v6' },
  { cidr: '::ffff:172.16.0.0/108', network: 'mapped' },
])

t.test('the longest prefix says who it is', (t) => {
  t.same(map.identify('10.1.2.3'), {
    address: '10.1.2.3',
    user: 'ann',
    groups: ['dev', 'ml'],
    device: 'laptop-7',
    network: null,
    assurance: 'network',
  })
  t.match(map.identify('10.1.2.4'), { network: 'lab', user: null, groups: [] })
  t.match(map.identify('10.1.2.129'), { user: 'bob' })
  t.match(map.identify('10.2.0.1'), { network: 'office', groups: ['staff'] })
  t.match(map.identify('fd00:1:2::1'), { network: 'v6' })
  t.end()
})

t.test('an address of several people says so', (t) => {
  const shared = createNetworkMap([
    { cidr: '10.9.0.0/24', network: 'branch', shared: true },
    { cidr: '10.9.0.7', user: 'ann', shared: false },
  ])
  t.equal(shared.identify('10.9.0.1').isShared, true)
  t.notOk('isShared' in shared.identify('10.9.0.7'))
  t.notOk('isShared' in shared.identify('10.8.0.1'))
  t.end()
})

t.test('who is in no network is nobody, with the address all the same', (t) => {
  t.same(map.identify('192.0.2.1'), {
    address: '192.0.2.1',
    user: null,
    groups: [],
    device: null,
    network: null,
    assurance: 'none',
  })
  t.match(map.identify('fd00:2::1'), { assurance: 'none' })
  t.match(map.identify('not an address'), { address: 'not an address', assurance: 'none' })
  t.end()
})

t.test('IPv4 inside IPv6 is the IPv4 address, and zones are left out', (t) => {
  t.match(map.identify('::ffff:10.1.2.3'), { address: '10.1.2.3', user: 'ann' })
  t.match(map.identify('172.16.1.1'), { network: 'mapped' })
  t.match(map.identify('fd00:1::5%eth0'), { address: 'fd00:1::5', network: 'v6' })
  t.end()
})

t.test('every problem has its file and line', (t) => {
  t.match(
    problemsOf([
      { cidr: 'x' },
      { cidr: '10.0.0.0/33' },
      { cidr: '10.1/16' },
      { user: 'a' },
      { cidr: '10.0.0.0/8', usr: 'a' },
    ]),
    [
      { path: '[0].cidr', line: 8, message: /a network such as/ },
      { path: '[1].cidr' },
      { path: '[2].cidr' },
      { path: '[3].cidr' },
      { path: '[4].usr', message: /unknown key `usr`/ },
    ],
  )
  t.match(problemsOf([{ cidr: '10.0.0.0/8' }, { cidr: '10.9.0.0/8' }]), [
    { path: '[1].cidr', message: /already entry 1/ },
  ])
  t.match(problemsOf({ cidr: '10.0.0.0/8' }), [{ path: '' }])
  t.same(problemsOf(null), [], 'an empty file is an empty map')
  t.same(compileNetworkMap(null).ok, true)
  t.end()
})

t.test('it finds what comparing bit by bit finds', (t) => {
  const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const entry = fc.record({ address: fc.ipV4(), prefix: fc.integer({ min: 0, max: 32 }) })
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), fc.ipV4(), fc.nat(), (entries, any, pick) => {
      const asked = pick % 2 === 0 ? any : (entries[pick % Math.max(entries.length, 1)]?.address ?? any)
      const identity = createNetworkMap(
        entries.map(({ address, prefix }) => ({ cidr: `${address}/${prefix}`, network: String(prefix) })),
      )
      const longest = entries
        .filter(
          ({ address, prefix }) =>
            prefix === 0 || toNumber(address) >>> (32 - prefix) === toNumber(asked) >>> (32 - prefix),
        )
        .reduce((best, { prefix }) => Math.max(best, prefix), -1)
      return identity.identify(asked).network === (longest === -1 ? null : String(longest))
    }),
  )
  t.end()
})
