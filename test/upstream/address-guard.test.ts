import { networkInterfaces } from 'node:os'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import t from 'tap'
import { createAddressGuard } from '../../src/upstream/address-guard.ts'

const guard = createAddressGuard({
  allowPrivate: ['10.1.0.0/16', 'intranet.example:8443', 'fd00:1::/32'],
  ownPorts: () => [3128],
})

t.test('public addresses may be dialled', async (t) => {
  for (const address of ['1.1.1.1', '160.79.104.10', '2606:4700::1111']) {
    t.equal(guard.refusal(address, 443, 'a.example'), null, address)
  }
})

t.test('loopback, private, link-local, metadata and special ranges are refused', async (t) => {
  const refused = [
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.2.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '240.0.0.1',
    '192.0.2.1',
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '2001:db8::1',
    '::127.0.0.1',
    '::a9fe:a9fe',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
    '168.63.129.16',
    '64:ff9b::a83f:8110',
    '100.100.100.200',
    'not an address',
  ]
  for (const address of refused) t.type(guard.refusal(address, 443, 'a.example'), 'string', address)
})

t.test('what IT allows by network or by host and port may be dialled, and nothing beside it', async (t) => {
  t.equal(guard.refusal('10.1.2.3', 443, 'a.example'), null)
  t.equal(guard.refusal('fd00:1::5', 443, 'a.example'), null)
  t.equal(guard.refusal('192.168.7.7', 8443, 'intranet.example'), null)
  t.type(guard.refusal('192.168.7.7', 443, 'intranet.example'), 'string')
  t.type(guard.refusal('192.168.7.7', 8443, 'other.example'), 'string')
})

t.test('our own ports are refused on every address of this machine, also where loopback is allowed', async (t) => {
  const open = createAddressGuard({ allowPrivate: ['0.0.0.0/0', '::/0'], ownPorts: () => [3128] })
  const own = Object.values(networkInterfaces()).flatMap((list) => list?.map((entry) => entry.address) ?? [])
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '0.0.0.0', ...own]) {
    t.type(open.refusal(address, 3128, 'a.example'), 'string', address)
  }
  t.equal(open.refusal('127.0.0.1', 3130, 'a.example'), null)
})

t.test('every address inside a refused network is refused', async (t) => {
  fc.assert(
    fc.property(
      fc.tuple(fc.constantFrom('127', '10.2', '169.254', '192.168'), fc.nat(255), fc.nat(255), fc.nat(255)),
      ([net, ...rest]) => {
        const address = [...net.split('.'), ...rest.map(String)].slice(0, 4).join('.')
        t.type(guard.refusal(address, 443, 'a.example'), 'string', address)
      },
    ),
    { numRuns: 100 },
  )
})

/** Every block of the IANA special-purpose registries (RFC 6890 and its updates), and what lies at its ends. */
const SPECIAL = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '255.255.255.255/32'],
  ...['::/128', '::1/128', '64:ff9b:1::/48', '100::/64', '100:0:0:1::/64', '2001::/32', '2001::/23', '2001:db8::/32'],
  ...['2002::/16', '2620:4f:8000::/48', '3fff::/20', '5f00::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
  // Never given out: RFC 4291 section 2.4 keeps all but 2000::/3 back.
  ...[
    '1::/16',
    '200::/7',
    '400::/6',
    '1000::/4',
    '4000::/3',
    '6000::/3',
    '8000::/3',
    'a000::/3',
    'c000::/3',
    'e000::/4',
  ],
]

t.test('no address of a special-purpose block may be dialled, from its first to its last', async (t) => {
  // Without allowances: random addresses would now and then be of an allowed network.
  const strict = createAddressGuard({ allowPrivate: [], ownPorts: () => [] })
  for (const block of SPECIAL) {
    const [address, prefix] = ipaddr.parseCIDR(block)
    const bytes = address.toByteArray()
    const at = (fill: (index: number) => number): string => {
      const filled = bytes.map((byte, index) => {
        const fixed = Math.min(8, Math.max(0, prefix - index * 8))
        const mask = (0xff << (8 - fixed)) & 0xff
        return (byte & mask) | (fill(index) & ~mask & 0xff)
      })
      return ipaddr.fromByteArray(filled).toString()
    }
    fc.assert(
      fc.property(fc.uint8Array({ minLength: bytes.length, maxLength: bytes.length }), (random) => {
        for (const one of [at(() => 0), at(() => 0xff), at((index) => random[index] ?? 0)]) {
          t.type(strict.refusal(one, 443, 'a.example'), 'string', `${one} of ${block}`)
        }
      }),
      { numRuns: 20 },
    )
  }
})

t.test('an address of the clouds that hands out keys is refused in every form', async (t) => {
  const services = ['169.254.169.254', '100.100.100.200', '168.63.129.16', '192.0.0.192', '169.254.42.42']
  for (const service of services) {
    for (const form of [
      service,
      `::ffff:${service}`,
      `::${service}`,
      `::ffff:0:${service}`,
      `64:ff9b::${service}`,
      `2606:4700::5efe:${service}`,
      `2606:4700::200:5efe:${service}`,
    ]) {
      t.type(guard.refusal(form, 80, 'a.example'), 'string', form)
    }
  }
  for (const service of ['fd00:ec2::254', 'fd00:42::42', 'fd20:ce::254']) {
    t.type(guard.refusal(service, 80, 'a.example'), 'string', service)
  }
})

t.test('an IPv6 form is judged as the IPv4 address that it means', async (t) => {
  for (const form of [
    '::ffff:1.1.1.1',
    '64:ff9b::1.1.1.1',
    '::ffff:0:1.1.1.1',
    '::1.1.1.1',
    '2606:4700::5efe:1.1.1.1',
  ]) {
    t.equal(guard.refusal(form, 443, 'a.example'), null, form)
  }
  t.equal(guard.refusal('::ffff:10.1.2.3', 443, 'a.example'), null, 'allowed by its IPv4 network')
  t.equal(guard.refusal('64:ff9b::10.1.2.3', 443, 'a.example'), null)
  t.type(guard.refusal('64:ff9b:1:7f00:0:100:808:808', 443, 'a.example'), 'string', 'a public end hides nothing')
})

t.test('our own ports are refused in IPv6 forms of our addresses too', async (t) => {
  const open = createAddressGuard({ allowPrivate: ['0.0.0.0/0', '::/0'], ownPorts: () => [3128] })
  for (const form of ['::ffff:127.0.0.1', '64:ff9b::7f00:1', '::127.0.0.1', '::', '::ffff:0.0.0.0']) {
    t.type(open.refusal(form, 3128, 'a.example'), 'string', form)
  }
})
