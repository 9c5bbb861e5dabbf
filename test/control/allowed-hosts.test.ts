import t from 'tap'
import { compileAllowedHosts } from '../../src/control/allowed-hosts.ts'

const allows = (
  listen: { host: string; port: number },
  publicUrl: string | null,
  host: string | undefined,
  localAddress = listen.host,
  isTls = false,
): boolean => compileAllowedHosts({ listen, publicUrl, isTls }).includes(host, localAddress)

const loopback = { host: '127.0.0.1', port: 3129 }
const everywhere = { host: '0.0.0.0', port: 3129 }

t.test('the listen address is served, under its own port only', async (t) => {
  t.equal(allows(loopback, null, '127.0.0.1:3129'), true)
  t.equal(allows(loopback, null, 'localhost:3129'), true)
  t.equal(allows(loopback, null, 'LOCALHOST:3129'), true)
  t.equal(allows(loopback, null, '127.0.0.1:3128'), false)
  t.equal(allows(loopback, null, '127.0.0.1'), false)
  t.equal(allows({ host: '::1', port: 3129 }, null, '[::1]:3129'), true)
  t.equal(allows({ host: '10.0.0.5', port: 80 }, null, '10.0.0.5'), true, 'the default port may be left out')
  t.equal(allows({ host: '10.0.0.5', port: 443 }, null, '10.0.0.5', '10.0.0.5', true), true)
})

t.test('names that a page could be rebound to are refused', async (t) => {
  for (const host of [
    'evil.example:3129',
    'evil.example',
    'localhost.evil.example:3129',
    '127.0.0.1.evil.example:3129',
  ]) {
    t.equal(allows(loopback, null, host), false, host)
    t.equal(allows(everywhere, null, host, '127.0.0.1'), false, host)
  }
})

t.test('malformed and missing hosts are refused', async (t) => {
  for (const host of [
    undefined,
    '',
    ':3129',
    '127.0.0.1:3129:1',
    'a b:3129',
    'user@127.0.0.1:3129',
    '127.0.0.1:99999',
  ]) {
    t.equal(allows(loopback, null, host), false, String(host))
  }
})

t.test('on all addresses, the address of our own end is served and no other', async (t) => {
  t.equal(allows(everywhere, null, '10.0.0.5:3129', '10.0.0.5'), true)
  t.equal(allows({ host: '::', port: 3129 }, null, '10.0.0.5:3129', '::ffff:10.0.0.5'), true)
  t.equal(allows({ host: '::', port: 3129 }, null, '[fd00::5]:3129', 'fd00::5'), true)
  t.equal(allows(everywhere, null, 'localhost:3129', '127.0.0.1'), true)
  t.equal(allows(everywhere, null, '10.0.0.6:3129', '10.0.0.5'), false)
  t.equal(allows(everywhere, null, '0.0.0.0:3129', '10.0.0.5'), false)
})

t.test('the public URL is served with and without its default port', async (t) => {
  t.equal(allows(everywhere, 'https://weir.acme.example', 'weir.acme.example', '10.0.0.5'), true)
  t.equal(allows(everywhere, 'https://weir.acme.example', 'weir.acme.example:443', '10.0.0.5'), true)
  t.equal(allows(everywhere, 'https://weir.acme.example', 'weir.acme.example:3129', '10.0.0.5'), false)
  t.equal(allows(loopback, 'http://weir.acme.example:8080/', 'Weir.Acme.Example:8080'), true)
  t.equal(allows(loopback, 'http://weir.acme.example/', 'weir.acme.example'), true)
  t.equal(allows(loopback, 'not a url', 'not'), false)
})
