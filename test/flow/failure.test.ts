import t from 'tap'
import { PROXY_ERRORS, ProxyError, type ProxyErrorCode } from '../../src/domain/proxy-error.ts'
import type { RequestHead } from '../../src/domain/tool.ts'
import { answerFailure, asProxyError } from '../../src/flow/failure.ts'

const CODES = Object.keys(PROXY_ERRORS) as ProxyErrorCode[]

const valueOf = (headers: readonly string[], name: string): string | undefined =>
  headers.find((_, index) => headers[index - 1] === name)

t.test('every code with a status gets problem details with its own words, the others nobody hears', async (t) => {
  for (const code of CODES) {
    const answer = answerFailure(new ProxyError(code, 'what exactly'), 'EVENT1')
    const { status, proxyStatus, message } = PROXY_ERRORS[code]
    if (status === null) {
      t.equal(answer, null, code)
      continue
    }
    t.equal(answer?.status, status, code)
    const headers = answer?.headers ?? []
    t.equal(valueOf(headers, 'proxy-status'), `weir; error=${proxyStatus}`)
    t.equal(valueOf(headers, 'content-type'), 'application/problem+json')
    t.equal(valueOf(headers, 'cache-control'), 'no-store')
    t.equal(valueOf(headers, 'x-weir-event'), 'EVENT1')
    t.equal(valueOf(headers, 'x-weir-action'), 'error')
    t.equal(valueOf(headers, 'content-length'), String(answer?.body.length))
    t.equal(valueOf(headers, 'retry-after'), status === 503 ? '5' : undefined, `${code} retry-after`)
    t.strictSame(JSON.parse(Buffer.from(answer?.body ?? []).toString()), {
      type: 'about:blank',
      title: message,
      status,
      detail: 'what exactly',
      event: 'EVENT1',
      message: `weir: ${message}: what exactly (event EVENT1)`,
      error: { message: `weir: ${message}: what exactly (event EVENT1)`, code },
    })
  }
})

t.test('a person in a browser gets a page that says the same, everything escaped', async (t) => {
  const head: RequestHead = {
    method: 'GET',
    scheme: 'https',
    host: 'claude.ai',
    port: 443,
    path: '/',
    headers: ['Sec-Fetch-Mode', 'navigate'],
    isUpgrade: false,
  }
  const answer = answerFailure(new ProxyError('dns-failed', '<b>ENOTFOUND'), 'EVENT1', head)
  t.equal(answer?.status, 502)
  t.equal(valueOf(answer?.headers ?? [], 'content-type'), 'text/html; charset=utf-8')
  t.equal(valueOf(answer?.headers ?? [], 'x-weir-action'), 'error')
  const page = Buffer.from(answer?.body ?? []).toString()
  t.match(page, /<title>The proxy could not do this: the host name could not be resolved<\/title>/u)
  t.match(page, /&lt;b&gt;ENOTFOUND/u)
  t.match(page, /weir: claude\.ai: /u)
  t.match(page, /EVENT1/u)
  const asScript = answerFailure(new ProxyError('dns-failed'), 'EVENT1', { ...head, headers: ['Accept', '*/*'] })
  t.equal(valueOf(asScript?.headers ?? [], 'content-type'), 'application/problem+json')
})

t.test('without a detail the title says it', async (t) => {
  const answer = answerFailure(new ProxyError('over-limit'), 'E')
  t.match(JSON.parse(Buffer.from(answer?.body ?? []).toString()), { detail: PROXY_ERRORS['over-limit'].message })
})

t.test('what nobody foresaw is internal, with its cause for the log and not for the client', async (t) => {
  const cause = new TypeError('secret detail')
  const error = asProxyError(cause)
  t.match(error, { code: 'internal', cause })
  t.notMatch(Buffer.from(answerFailure(error, 'E')?.body ?? []).toString(), /secret detail/u)
  const known = new ProxyError('draining')
  t.equal(asProxyError(known), known)
})
