import { networkInterfaces } from 'node:os'
import fc from 'fast-check'
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
