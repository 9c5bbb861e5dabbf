import t from 'tap'
import { crossChecks } from '../../src/config/config-problems.ts'
import { proxyListens } from '../../src/config/proxy-listens.ts'
import { configSchema } from '../../src/config/schema.ts'

const configOf = (proxy: Record<string, unknown>) =>
  configSchema.parse({ proxy: { networks: ['10.0.0.0/8'], ...proxy } })

t.test('all ways in are one list, each with what it is for and where it stands', async (t) => {
  const { proxy } = configOf({
    listen: ['0.0.0.0:3128'],
    socks: ['0.0.0.0:1080', '[::1]:1080'],
    transparent: ['0.0.0.0:3443', { listen: '0.0.0.0:8443', port: 8443 }],
  })
  t.strictSame(
    proxyListens(proxy).map(({ listen, entry, path }) => [listen, entry, path]),
    [
      ['0.0.0.0:3128', { kind: 'proxy' }, 'proxy.listen[0]'],
      ['0.0.0.0:1080', { kind: 'socks' }, 'proxy.socks[0]'],
      ['[::1]:1080', { kind: 'socks' }, 'proxy.socks[1]'],
      ['0.0.0.0:3443', { kind: 'transparent', port: null }, 'proxy.transparent[0]'],
      ['0.0.0.0:8443', { kind: 'transparent', port: 8443 }, 'proxy.transparent[1]'],
    ],
  )
})

t.test('an address that is there twice is a problem, any free port is not', async (t) => {
  const config = configOf({
    listen: ['0.0.0.0:3128'],
    socks: ['0.0.0.0:3128'],
    transparent: ['0.0.0.0:0', '0.0.0.0:0'],
  })
  t.match(crossChecks(config, null, 'w.yaml'), [{ path: 'proxy.socks[0]', severity: 'error' }])
  t.match(crossChecks(configOf({ socks: ['127.0.0.1:3129'] }), null, 'w.yaml'), [{ path: 'admin.listen' }])
})

t.test('an entry for redirected connections that is none is told with what it should be', async (t) => {
  for (const transparent of [
    ['x'],
    [{ listen: '0.0.0.0:1', port: 0 }],
    [{ listen: '0.0.0.0:1' }],
    [{ port: 1 }],
    [7],
  ]) {
    const { error } = configSchema.safeParse({ proxy: { transparent } })
    t.match(error?.issues[0]?.message, /an address such as|expected number/u, JSON.stringify(transparent))
  }
})
