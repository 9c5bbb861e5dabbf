import { createContext, runInContext } from 'node:vm'
import t from 'tap'
import type { BoundListen } from '../../src/cli/listen-all.ts'
import { pacInput } from '../../src/cli/pac-rules.ts'
import { configSchema } from '../../src/config/schema.ts'
import { type PacProxy, renderPac } from '../../src/control/pac.ts'
import { loadWith } from '../config/shipped.ts'

const NO_RULES = { pacHosts: [], pacPatterns: [], sanctionedHosts: [] }
const at = (kind: 'proxy' | 'socks', host: string, port: number): BoundListen => ({ entry: { kind }, host, port })
const words = (proxies: readonly PacProxy[]): string =>
  proxies.map(({ keyword, host, port }) => `${keyword} ${host} ${port}`).join(', ')

function proxiesOf(
  proxy: object,
  listens: readonly BoundListen[],
  askedHost: string | null = 'weir.acme.example',
): string {
  return words(pacInput(configSchema.parse({ proxy }), listens, NO_RULES, askedHost).proxies)
}

t.test(
  'listen addresses are named as clients reach them: the proxy first, loopback only when there is nothing else',
  async (t) => {
    const all = [at('socks', '0.0.0.0', 1080), at('proxy', '127.0.0.1', 3127), at('proxy', '::', 3128)]
    t.equal(proxiesOf({}, all), 'PROXY weir.acme.example 3128, SOCKS5 weir.acme.example 1080')
    t.equal(proxiesOf({}, [at('proxy', '127.0.0.1', 3128)]), 'PROXY 127.0.0.1 3128')
    t.equal(
      proxiesOf({}, [at('proxy', '10.0.0.1', 1), at('proxy', '10.0.0.2', 1)]),
      'PROXY 10.0.0.1 1, PROXY 10.0.0.2 1',
    )
    t.equal(proxiesOf({}, []), '')
  },
)

t.test('a proxy that speaks TLS is named so, and plainly only where it takes that', async (t) => {
  const tls = { chain: 'c.pem', key: 'k.pem' }
  const listens = [at('proxy', '10.0.0.1', 3128)]
  t.equal(proxiesOf({ tls }, listens), 'HTTPS 10.0.0.1 3128, PROXY 10.0.0.1 3128')
  t.equal(proxiesOf({ tls: { ...tls, clientCa: 'ca.pem' } }, listens), 'HTTPS 10.0.0.1 3128')
})

t.test('what is advertised is named instead', async (t) => {
  const advertise = ['https://proxy.acme.example:3443', 'Proxy.acme.example:3128', 'socks5://[2001:db8::1]:1080']
  t.equal(
    proxiesOf({ advertise }, [at('proxy', '0.0.0.0', 3128)]),
    'HTTPS proxy.acme.example 3443, PROXY proxy.acme.example 3128, SOCKS5 2001:db8::1 1080',
  )
})

t.test(
  'the shipped catalogue: AI hosts through the proxy, browsing and look-alikes not, in a file of modest size',
  async (t) => {
    const loaded = await loadWith({ cwd: process.cwd() })
    if (!loaded.ok) throw new Error('the shipped rules are broken')
    const config = configSchema.parse({ intercept: { shared: ['shared.acme.example'] } })
    const input = pacInput(config, [at('proxy', '10.0.0.1', 3128)], loaded.state.rules, null)
    const script = renderPac(input)
    t.ok(script.length < 100_000, `${script.length} characters`)
    const context = createContext({})
    runInContext(script, context)
    const find = (host: string): unknown => runInContext(`FindProxyForURL("https://${host}/", "${host}")`, context)
    for (const host of [
      'api.anthropic.com',
      'api.openai.com',
      'ark.cn-beijing.volces.com',
      'shared.acme.example',
      ...input.hosts.map((each) => each.replace('*.', 'x.')),
    ]) {
      t.equal(find(host), 'PROXY 10.0.0.1:3128', host)
    }
    for (const host of [
      'www.example.com',
      'github.com',
      'api.anthropic.com.evil.example',
      'xapi.openai.com',
      'localhost',
      '127.0.0.1',
      'intranet',
    ]) {
      t.equal(find(host), 'DIRECT', host)
    }
  },
)
