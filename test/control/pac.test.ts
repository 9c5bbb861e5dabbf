import { createContext, runInContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { type PacInput, renderPac } from '../../src/control/pac.ts'

const PROXY = 'PROXY proxy.acme.example:3128'
const AT = { keyword: 'PROXY', host: 'proxy.acme.example', port: 3128 } as const

const scriptOf = (changes: Partial<PacInput>): string =>
  renderPac({ proxies: [AT], hosts: [], patterns: [], isEveryHost: false, direct: [], ...changes })

/** The script as a browser runs it. The helper functions of PAC must not be needed: some resolve names. */
function load(hosts: readonly string[], changes: Partial<PacInput> = {}): (host: string) => string {
  const helper = (): never => {
    throw new Error('a helper was called')
  }
  const helpers = [
    'dnsResolve',
    'isResolvable',
    'isInNet',
    'myIpAddress',
    'isPlainHostName',
    'shExpMatch',
    'dnsDomainIs',
  ]
  const context = createContext(Object.fromEntries(helpers.map((name) => [name, helper])))
  runInContext(scriptOf({ hosts, ...changes }), context)
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
  t.notMatch(scriptOf({ hosts: ['a.b'] }), /PROXY[^"]*DIRECT/)
})

t.test('regex entries and what is no host are left out', async (t) => {
  const script = scriptOf({
    hosts: ['/^a.*$/', 'a"b.c', '*.', '*', 'a..b', '-a.b', 'é.fr', 'ok.example'],
  })
  t.match(script, /var exact = \{"h:ok\.example":1\};\nvar suffixes = \{\};/)
})

t.test('a proxy address that is none is refused', async (t) => {
  for (const host of ['', 'proxy"', '127.0.0.1:1"; alert(1); "', 'a b', 'a; DIRECT']) {
    t.throws(() => scriptOf({ proxies: [{ ...AT, host }] }), host)
  }
  t.throws(() => scriptOf({ proxies: [] }))
  t.match(scriptOf({ proxies: [{ ...AT, host: '::1' }] }), /"PROXY \[::1\]:3128"/)
})

t.test('several ways in are named in their order, each once', async (t) => {
  const proxies = [{ ...AT, keyword: 'HTTPS' }, AT, AT, { keyword: 'SOCKS5', host: '10.0.0.1', port: 1080 }] as const
  const find = load(['a.b'], { proxies })
  t.equal(find('a.b'), 'HTTPS proxy.acme.example:3128; PROXY proxy.acme.example:3128; SOCKS5 10.0.0.1:1080')
  t.equal(find('c.d'), 'DIRECT')
})

t.test('where every host is read, only what is local, private or named goes direct', async (t) => {
  const find = load(['ai.corp.local', '10.9.8.7'], {
    isEveryHost: true,
    direct: ['gateway.acme.example', '*.intra.acme.example'],
  })
  for (const host of [
    'news.example',
    'EXAMPLE.com.',
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '[2001:db8::1]',
    'acme.example',
    'intra.acme.example',
    'local.example',
    'xlocal',
    'ai.corp.local',
    '10.9.8.7',
    '11.0.0.1',
    '192.169.0.1',
    '10.example.com',
  ]) {
    t.equal(find(host), host === 'xlocal' ? 'DIRECT' : PROXY, host)
  }
  for (const host of [
    'intranet',
    'localhost',
    'printer.local',
    'nas.home.arpa',
    '10.0.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '192.168.1.1',
    '172.16.0.1',
    '172.31.255.255',
    '100.64.0.1',
    '0.0.0.0',
    '[::1]',
    '[fe80::1]',
    '[fd00::1]',
    '[fc12::1]',
    'gateway.acme.example',
    'a.intra.acme.example',
    '',
  ]) {
    t.equal(find(host), 'DIRECT', host)
  }
})

t.test('expressions of the catalogue are told as they are, those beyond old engines are left out', async (t) => {
  const known = ['^ark\\.[a-z0-9-]+\\.volces\\.com$', '^(?:a|b)\\d{2}\\.c\\.example$']
  const script = scriptOf({ patterns: [...known, '^(?<n>a)\\.b$', '^(?=a)\\.b$', 'a\\.b', '^a"+alert(1)+"$', '^a/b$'] })
  t.equal(script.match(/new RegExp/g)?.length, 2)
  const find = load([], { patterns: known })
  for (const host of ['ark.cn-beijing.volces.com', 'b07.c.example']) t.equal(find(host), PROXY, host)
  for (const host of ['ark.volces.com', 'ark.a.b.volces.com', 'ark.x.volces.com.evil.example', 'c07.c.example']) {
    t.equal(find(host), 'DIRECT', host)
  }
})

t.test('it is plain ES3: no word of a later language', async (t) => {
  t.notMatch(
    scriptOf({ hosts: ['a.b'], patterns: ['^a$'], isEveryHost: true, direct: ['c.d'] }),
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
