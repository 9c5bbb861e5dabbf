import t from 'tap'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import { connectError, exchangeError } from '../../src/upstream/upstream-error.ts'

const withCode = (code: string): Error => Object.assign(new Error(`raw text of ${code}`), { code })

t.test('an error while connecting says which step failed', async (t) => {
  const cases: [Error, string, RegExp | null][] = [
    [withCode('ECONNREFUSED'), 'connect-refused', /ECONNREFUSED/u],
    [withCode('ETIMEDOUT'), 'connect-timeout', /ETIMEDOUT/u],
    [withCode('EHOSTUNREACH'), 'upstream-unreachable', /EHOSTUNREACH/u],
    [withCode('EMFILE'), 'over-capacity', /EMFILE/u],
    [withCode('ECONNRESET'), 'upstream-reset', /during the handshake/u],
    [withCode('CERT_HAS_EXPIRED'), 'upstream-certificate', /it has expired \(CERT_HAS_EXPIRED\)/u],
    [withCode('ERR_TLS_CERT_ALTNAME_INVALID'), 'upstream-certificate', /another name/u],
    [withCode('UNSPECIFIED'), 'upstream-certificate', /name constraint/u],
    [withCode('ERR_SSL_WRONG_VERSION_NUMBER'), 'upstream-tls', /err_ssl_wrong_version_number/u],
    [withCode('EPROTO'), 'upstream-tls', /eproto/u],
    [new AggregateError([withCode('ECONNREFUSED'), withCode('ETIMEDOUT')]), 'connect-refused', /ECONNREFUSED/u],
    [new Error('no code'), 'upstream-unreachable', null],
  ]
  for (const [raw, code, detail] of cases) {
    const error = connectError(raw)
    t.match(error, { code, side: code === 'over-capacity' ? 'weir' : 'upstream' }, raw.message)
    if (detail === null) t.equal(error.detail, null)
    else t.match(error.detail, detail)
    t.equal(error.message.includes('raw text'), false, 'what the library said stays in the cause')
  }
})

t.test('an error of an exchange says how the upstream failed', async (t) => {
  const cases: [unknown, string][] = [
    [withCode('ECONNRESET'), 'upstream-reset'],
    [withCode('EPIPE'), 'upstream-reset'],
    [withCode('UND_ERR_SOCKET'), 'upstream-reset'],
    [withCode('UND_ERR_HEADERS_TIMEOUT'), 'upstream-timeout'],
    [withCode('UND_ERR_BODY_TIMEOUT'), 'upstream-idle'],
    [withCode('UND_ERR_HEADERS_OVERFLOW'), 'upstream-protocol'],
    [withCode('HPE_INVALID_CONSTANT'), 'upstream-protocol'],
    [withCode('UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'), 'bad-request'],
    [withCode('SOMETHING_NEW'), 'upstream-protocol'],
    ['thrown text', 'upstream-protocol'],
    [null, 'upstream-protocol'],
  ]
  for (const [raw, code] of cases) t.equal(exchangeError(raw).code, code)
})

t.test('an error that has its code keeps it', async (t) => {
  const error = new ProxyError('client-gone')
  t.equal(exchangeError(error), error)
})
