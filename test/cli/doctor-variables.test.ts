import fc from 'fast-check'
import t from 'tap'
import { checkVariables, maskUrl, noProxyEntries, proxyFromEnv } from '../../src/cli/doctor-variables.ts'

const AI_HOSTS = ['api.anthropic.com', 'claude.ai', '*.githubcopilot.com', 'api.openai.com']

const check = (env: Record<string, string>) =>
  checkVariables({ env, aiHosts: AI_HOSTS, fileExists: (path) => path === '/there.pem', proxyUrl: 'http://weir:3128' })
const bad = (env: Record<string, string>) =>
  check(env)
    .filter(({ status }) => status === 'bad')
    .map(({ name, message }) => `${name}: ${message}`)

const GOOD = { HTTPS_PROXY: 'http://weir:3128', NO_PROXY: 'localhost,127.0.0.1', NODE_USE_ENV_PROXY: '1' }

t.test('a good environment has facts only', async (t) => {
  t.ok(check(GOOD).every(({ status }) => status === 'info'))
})

t.test('no proxy variable at all is a warning with the command', async (t) => {
  t.match(check({}), [{ name: 'HTTPS_PROXY', status: 'warn', fix: [/^export HTTPS_PROXY=http:\/\/weir:3128 /] }])
})

t.test('NO_PROXY entries that take AI hosts past the proxy are bad, and the mended value is offered', async (t) => {
  for (const entry of [
    'anthropic.com',
    '.anthropic.com',
    '*.anthropic.com',
    'api.anthropic.com:443',
    'API.ANTHROPIC.COM',
  ]) {
    const [first] = check({ ...GOOD, NO_PROXY: `localhost,${entry},intra.acme` }).filter(
      ({ status }) => status === 'bad',
    )
    t.match(first?.message, 'takes AI traffic past the proxy: api.anthropic.com', entry)
    t.strictSame(first?.fix, ['export NO_PROXY="localhost,intra.acme"'])
  }
  t.match(bad({ ...GOOD, NO_PROXY: 'localhost api.business.githubcopilot.com' }), [/\*\.githubcopilot\.com/])
  t.match(bad({ ...GOOD, NO_PROXY: '*' }), [/`\*` takes everything past the proxy/])
  t.strictSame(bad({ ...GOOD, NO_PROXY: 'localhost,acme.com,xapi.openai.com,ai' }).length, 1, '`ai` covers claude.ai')
  t.strictSame(bad({ ...GOOD, NO_PROXY: 'localhost,notanthropic.com' }), [])
})

t.test('lower case counts first, and a difference is told', async (t) => {
  t.equal(proxyFromEnv({ HTTPS_PROXY: 'http://a', https_proxy: 'http://b' })?.url, 'http://b')
  t.equal(proxyFromEnv({ HTTP_PROXY: 'http://a', HTTPS_PROXY: '' })?.name, 'HTTP_PROXY')
  t.equal(proxyFromEnv({}), null)
  t.match(check({ ...GOOD, https_proxy: 'http://other:1' }), [{}, { status: 'warn', message: /differ/ }])
})

t.test('proxy schemes that tools cannot use are told', async (t) => {
  t.match(check({ ...GOOD, HTTPS_PROXY: 'https://weir:3128' }), [{}, { status: 'warn', message: /Copilot/ }])
  t.match(bad({ ...GOOD, HTTPS_PROXY: 'socks5://weir:1080' }), [/no SOCKS/])
})

t.test('a NO_PROXY without localhost and a Node that ignores the variables are warnings', async (t) => {
  const names = check({ HTTPS_PROXY: 'http://weir:3128' }).filter(({ status }) => status === 'warn')
  t.strictSame(
    names.map(({ name }) => name),
    ['NODE_USE_ENV_PROXY', 'NO_PROXY'],
  )
})

t.test('trust variables that name missing files, and switched-off checking, are bad', async (t) => {
  t.strictSame(bad({ ...GOOD, NODE_EXTRA_CA_CERTS: '/there.pem' }), [])
  t.match(bad({ ...GOOD, SSL_CERT_FILE: '/gone.pem' }), [/SSL_CERT_FILE: names \/gone\.pem, which cannot be read/])
  t.match(bad({ ...GOOD, NODE_TLS_REJECT_UNAUTHORIZED: '0' }), [/every certificate/])
})

t.test('credentials never come out', async (t) => {
  const env = { ...GOOD, HTTPS_PROXY: 'http://bob:s3cret@weir:3128', https_proxy: 'bob:s3cret@weir:3128' }
  t.notMatch(JSON.stringify(check(env)), /s3cret|bob/)
  t.equal(maskUrl('http://bob:s3cret@weir:3128/'), 'http://***@weir:3128/')
  t.equal(maskUrl('http://weir:3128'), 'http://weir:3128')
  t.equal(maskUrl('b@ob:s3@cret@weir:1'), '***@weir:1')
})

t.test('property: a password is never part of a masked URL', async (t) => {
  const secret = fc.stringMatching(/^[A-Za-z0-9!$%&*+=@:-]{6,20}$/)
  fc.assert(
    fc.property(secret, fc.constantFrom('http://', 'https://', 'socks5://', ''), (password, scheme) => {
      return maskUrl(`${scheme}user:${password}@host.test:3128`) === `${scheme}***@host.test:3128`
    }),
  )
  t.strictSame(noProxyEntries(' a, b  c,,'), ['a', 'b', 'c'])
})
