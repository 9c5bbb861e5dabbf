import { createContext, runInContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { renderPac } from '../../src/control/pac.ts'

const PROXY = 'PROXY proxy.acme.example:3128'

/** The script as a browser runs it: only the language, none of the PAC helpers. */
function load(hosts: readonly string[], proxyAddress = 'proxy.acme.example:3128'): (host: string) => string {
  const context = createContext(Object.create(null) as object)
  runInContext(renderPac({ proxyAddress, hosts }), context)
  return (host) => {
    context['asked'] = host
    return runInContext('FindProxyForURL("https://" + asked + "/", asked)', context) as string
  }
}

t.test('catalogue hosts go through the proxy, everything else goes direct', async (t) => {
  const find = load(['api.anthropic.com', '*.githubcopilot.com', '2001:db8::1', '192.0.2.7'])
  for (const host of [
    'api.anthropic.com',
    'API.Anthropic.COM',
    'api.anthropic.com.',
    'x.githubcopilot.com',
    'a.b.githubcopilot.com',
    '[2001:db8::1]',
    '192.0.2.7',
  ]) {
    t.equal(find(host), PROXY, host)
  }
  for (const host of [
    'anthropic.com',
    'xapi.anthropic.com',
    'api.anthropic.com.evil.example',
    'githubcopilot.com',
    'xgithubcopilot.com',
    '.githubcopilot.com',
    'intranet',
    '',
    '.',
    'constructor',
    '__proto__',
    'toString',
  ]) {
    t.equal(find(host), 'DIRECT', host)
  }
})

t.test('a stopped proxy does not mean unseen traffic: no way around is named', async (t) => {
  t.notMatch(renderPac({ proxyAddress: '127.0.0.1:3128', hosts: ['a.b'] }), /PROXY[^"]*DIRECT/)
})

t.test('regex entries and what is no host are left out', async (t) => {
  const script = renderPac({
    proxyAddress: '127.0.0.1:3128',
    hosts: ['/^a.*$/', 'a"b.c', '*.', '*', 'a..b', '-a.b', 'é.fr', 'ok.example'],
  })
  t.match(script, /var exact = \{"h:ok\.example":1\};\nvar suffixes = \{\};/)
})

t.test('a proxy address that is none is refused', async (t) => {
  for (const proxyAddress of ['', 'proxy', '127.0.0.1:3128"; alert(1); "', 'a b:1', 'a:1; DIRECT']) {
    t.throws(() => renderPac({ proxyAddress, hosts: [] }), proxyAddress)
  }
  t.match(renderPac({ proxyAddress: '[::1]:3128', hosts: ['a.b'] }), /"PROXY \[::1\]:3128"/)
})

t.test('it is plain ES3: no word of a later language', async (t) => {
  t.notMatch(
    renderPac({ proxyAddress: 'a:1', hosts: ['a.b'] }),
    /=>|`|\b(?:let|const|includes|startsWith|endsWith|slice)\b/,
  )
})

const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?$/)
const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'))

t.test('for every catalogue, the script says what the patterns say', async () => {
  const pattern = fc.oneof(
    name,
    name.map((host) => `*.${host}`),
  )
  const matches = (patterns: readonly string[], host: string): boolean =>
    patterns.some((entry) => (entry.startsWith('*.') ? host.endsWith(entry.slice(1)) : entry === host))
  fc.assert(
    fc.property(
      fc.array(pattern, { maxLength: 6 }),
      fc.array(name, { maxLength: 4 }),
      label,
      (patterns, others, sub) => {
        const bases = patterns.map((entry) => entry.replace(/^\*\./, ''))
        const asked = [
          ...others,
          ...bases,
          ...bases.map((base) => `${sub}.${base}`),
          ...bases.map((base) => `${sub}${base}`),
        ]
        const find = load(patterns)
        return asked.every((host) => find(host) === (matches(patterns, host) ? PROXY : 'DIRECT'))
      },
    ),
    { numRuns: 200 },
  )
})

t.test('no list of hosts, however odd, breaks out of the script', async () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), name)), (hosts) => {
      const find = load([...hosts, 'ok.example'])
      return find('ok.example') === PROXY && find('not.in.any.list.example') === 'DIRECT'
    }),
    { numRuns: 300 },
  )
})
