import t from 'tap'
import { createNetworkList } from '../../src/edge/network-list.ts'

t.test('addresses are found in networks and as themselves, in their own family only', async (t) => {
  const list = createNetworkList(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '::1'])
  for (const address of ['10.255.0.1', '192.0.2.7', 'fd12::1', '::1']) t.ok(list.has(address), address)
  for (const address of ['11.0.0.1', '192.0.2.8', 'fe80::1', '::2', '127.0.0.1']) t.notOk(list.has(address), address)
})

t.test('what is no address is in no network, not even in the largest', async (t) => {
  const list = createNetworkList(['0.0.0.0/0', '::/0'])
  for (const text of ['', 'localhost', '10.0.0.0/8', '[::1]']) t.notOk(list.has(text), text)
  t.notOk(createNetworkList([]).has('10.0.0.1'))
})
