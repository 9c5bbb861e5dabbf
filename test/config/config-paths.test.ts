import t from 'tap'
import { absolutePaths, fromCwd } from '../../src/config/config-paths.ts'

t.test('only paths are made absolute, and what is no text is left for the schema', (t) => {
  const tree = {
    certs: { dir: 'ca', chain: null, key: 7 },
    proxy: { listen: ['a'], tls: { chain: 'c.pem' } },
    upstream: { extraRoots: ['r.pem', '/abs.pem', 1] },
    identity: 'nonsense',
  }
  absolutePaths(tree, '/etc/weir')
  t.same(tree, {
    certs: { dir: '/etc/weir/ca', chain: null, key: 7 },
    proxy: { listen: ['a'], tls: { chain: '/etc/weir/c.pem' } },
    upstream: { extraRoots: ['/etc/weir/r.pem', '/abs.pem', 1] },
    identity: 'nonsense',
  })
  t.equal(fromCwd(['data', 'dir'], 'd', '/srv'), '/srv/d')
  t.equal(fromCwd(['log', 'level'], 'warn', '/srv'), 'warn')
  t.end()
})
