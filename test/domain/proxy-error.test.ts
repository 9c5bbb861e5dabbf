import { STATUS_CODES } from 'node:http'
import t from 'tap'
import { PROXY_ERRORS, ProxyError, type ProxyErrorCode } from '../../src/domain/proxy-error.ts'

const CODES = Object.keys(PROXY_ERRORS) as ProxyErrorCode[]

t.test('an error knows its side and its answer by its code', async (t) => {
  for (const code of CODES) {
    const error = new ProxyError(code)
    t.equal(error.side, PROXY_ERRORS[code].side, code)
    t.equal(error.status, PROXY_ERRORS[code].status)
    t.equal(error.message, PROXY_ERRORS[code].message)
    t.equal(error.detail, null)
  }
})

t.test('the detail follows the message, and the cause stays with the error', async (t) => {
  const cause = new Error('below')
  const error = new ProxyError('upstream-certificate', 'it has expired', cause)
  t.equal(error.message, 'the certificate of the destination is not valid: it has expired')
  t.match(error, { name: 'ProxyError', code: 'upstream-certificate', detail: 'it has expired', cause })
  t.ok(error instanceof Error)
})

/** What a proxy answers who does not know its client (RFC 9110 section 15.5.8). */
const IDENTITY_CODES: ReadonlySet<string> = new Set([
  'proxy-auth-required',
  'proxy-auth-failed',
  'proxy-auth-ntlm',
  'too-many-attempts',
])

t.test('the table keeps the promises of the contract', async (t) => {
  for (const code of CODES) {
    const { status, message, side, proxyStatus } = PROXY_ERRORS[code]
    t.match(code, /^[a-z]+(?:-[a-z]+)*$/u)
    t.match(message, /^[a-zA-Z].*[^.]$/u, `${code}: no full stop`)
    t.match(proxyStatus, /^[a-z]+(?:_[a-z]+)*$/u)
    if (status === null) continue
    t.ok(STATUS_CODES[status] !== undefined, code)
    const isAboutIdentity = IDENTITY_CODES.has(code)
    t.equal(
      [401, 407, 429].includes(status),
      isAboutIdentity,
      `${code}: elsewhere they log people out or start retries`,
    )
    if (status === 503) t.equal(side, 'weir', `${code}: 503 is for our own trouble only`)
    if (side === 'client') t.ok(status >= 400 && status < 500, code)
    if (side === 'upstream') t.ok([502, 504].includes(status), code)
  }
})
