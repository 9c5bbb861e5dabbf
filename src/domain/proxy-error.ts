import type { ErrorSide } from './audit-event.ts'

interface ErrorRow {
  readonly side: ErrorSide
  /** HTTP status of the answer; `null` when there is nobody left to answer. */
  readonly status: number | null
  /** RFC 9209 proxy error type of the `proxy-status` header. */
  readonly proxyStatus: string
  readonly message: string
}

/** Every error code, in one table. `docs/errors.md` is tested against it. */
export const PROXY_ERRORS = {
  'bad-request': {
    side: 'client',
    status: 400,
    proxyStatus: 'http_request_error',
    message: 'the request is malformed',
  },
  'bad-authority': {
    side: 'client',
    status: 400,
    proxyStatus: 'http_request_error',
    message: 'the target is not host:port',
  },
  'bad-target': {
    side: 'client',
    status: 400,
    proxyStatus: 'http_request_error',
    message: 'this is a proxy: send an absolute URL or CONNECT',
  },
  'url-too-long': { side: 'client', status: 414, proxyStatus: 'http_request_error', message: 'the URL is too long' },
  'headers-too-large': {
    side: 'client',
    status: 431,
    proxyStatus: 'http_request_error',
    message: 'the header block is too large',
  },
  'client-timeout': {
    side: 'client',
    status: 408,
    proxyStatus: 'http_request_error',
    message: 'the client sent its request too slowly',
  },
  'client-gone': {
    side: 'client',
    status: null,
    proxyStatus: 'http_request_error',
    message: 'the client closed before the end',
  },
  'client-not-allowed': {
    side: 'client',
    status: 403,
    proxyStatus: 'http_request_denied',
    message: 'this network may not use the proxy',
  },
  'host-mismatch': {
    side: 'client',
    status: 421,
    proxyStatus: 'http_request_error',
    message: 'Host differs from the name of the connection',
  },
  'duplicate-host': {
    side: 'client',
    status: 400,
    proxyStatus: 'http_request_error',
    message: 'the request has more than one Host header',
  },
  'nested-connect': {
    side: 'client',
    status: 403,
    proxyStatus: 'http_request_denied',
    message: 'a tunnel inside a tunnel is refused: ask the proxy itself for it',
  },
  'untrusting-client': {
    side: 'client',
    status: null,
    proxyStatus: 'tls_alert_received',
    message: 'the client refused our certificate',
  },
  'handshake-failed': {
    side: 'client',
    status: null,
    proxyStatus: 'tls_protocol_error',
    message: 'the TLS handshake with the client failed',
  },
  'not-proxy-protocol': {
    side: 'client',
    status: null,
    proxyStatus: 'http_request_error',
    message: 'neither an HTTP proxy request nor CONNECT',
  },
  'no-destination': {
    side: 'client',
    status: 400,
    proxyStatus: 'http_request_error',
    message: 'a redirected connection names no destination',
  },
  'balancer-header': {
    side: 'client',
    status: null,
    proxyStatus: 'http_request_error',
    message: 'a trusted balancer sent no valid PROXY protocol header',
  },
  'client-certificate': {
    side: 'client',
    status: 403,
    proxyStatus: 'http_request_denied',
    message: 'the client certificate is missing or refused',
  },
  'proxy-auth-required': {
    side: 'client',
    status: 407,
    proxyStatus: 'http_request_denied',
    message:
      'this proxy wants to know who you are: set HTTPS_PROXY=http://user:token@proxy:port with your personal token',
  },
  'proxy-auth-failed': {
    side: 'client',
    status: 407,
    proxyStatus: 'http_request_denied',
    message: 'the proxy does not accept these credentials, they are wrong, expired or revoked: ask IT for a new token',
  },
  'proxy-auth-ntlm': {
    side: 'client',
    status: 407,
    proxyStatus: 'http_request_denied',
    message: 'the proxy does not speak NTLM, and this machine has no Kerberos ticket for it',
  },
  'too-many-attempts': {
    side: 'client',
    status: 429,
    proxyStatus: 'http_request_denied',
    message: 'too many wrong credentials from this address',
  },
  'client-protocol': {
    side: 'client',
    status: null,
    proxyStatus: 'http_request_error',
    message: 'the client broke the rules of HTTP/2 or WebSocket and lost its connection',
  },
  'client-close': {
    side: 'client',
    status: null,
    proxyStatus: 'http_request_error',
    message: 'the client closed a WebSocket with a code that names a failure',
  },
  'client-flood': {
    side: 'client',
    status: null,
    proxyStatus: 'http_request_error',
    message: 'the client flooded its HTTP/2 connection and lost it',
  },
  'expectation-failed': {
    side: 'client',
    status: 417,
    proxyStatus: 'http_request_error',
    message: 'this expectation is not supported',
  },
  'protocol-unsupported': {
    side: 'weir',
    status: 501,
    proxyStatus: 'http_request_denied',
    message: 'over HTTP/2 only WebSocket can be asked for by CONNECT',
  },
  'port-refused': { side: 'weir', status: 403, proxyStatus: 'http_request_denied', message: 'this port is refused' },
  'address-refused': {
    side: 'weir',
    status: 403,
    proxyStatus: 'destination_ip_prohibited',
    message: 'this address is refused: loopback, private, link-local or our own',
  },
  'tunnel-refused': {
    side: 'weir',
    status: 403,
    proxyStatus: 'http_request_denied',
    message: 'this tunnel is refused by policy',
  },
  'dns-failed': {
    side: 'upstream',
    status: 502,
    proxyStatus: 'dns_error',
    message: 'the host name could not be resolved',
  },
  'connect-refused': {
    side: 'upstream',
    status: 502,
    proxyStatus: 'connection_refused',
    message: 'the destination refused the connection',
  },
  'connect-timeout': {
    side: 'upstream',
    status: 504,
    proxyStatus: 'connection_timeout',
    message: 'the destination did not accept the connection in time',
  },
  'upstream-unreachable': {
    side: 'upstream',
    status: 502,
    proxyStatus: 'destination_ip_unroutable',
    message: 'the destination cannot be reached',
  },
  'upstream-certificate': {
    side: 'upstream',
    status: 502,
    proxyStatus: 'tls_certificate_error',
    message: 'the certificate of the destination is not valid',
  },
  'upstream-tls': {
    side: 'upstream',
    status: 502,
    proxyStatus: 'tls_protocol_error',
    message: 'the TLS handshake with the destination failed',
  },
  'upstream-reset': {
    side: 'upstream',
    status: 502,
    proxyStatus: 'connection_terminated',
    message: 'the destination closed the connection',
  },
  'upstream-protocol': {
    side: 'upstream',
    status: 502,
    proxyStatus: 'http_protocol_error',
    message: 'the destination sent an invalid response',
  },
  'upstream-close': {
    side: 'upstream',
    status: null,
    proxyStatus: 'http_protocol_error',
    message: 'the destination closed a WebSocket with a code that names a failure',
  },
  'upstream-timeout': {
    side: 'upstream',
    status: 504,
    proxyStatus: 'http_response_timeout',
    message: 'the destination did not answer in time',
  },
  'upstream-idle': {
    side: 'upstream',
    status: 504,
    proxyStatus: 'connection_read_timeout',
    message: 'the destination stopped sending',
  },
  'parent-unreachable': {
    side: 'upstream',
    status: 502,
    proxyStatus: 'destination_unavailable',
    message: 'the parent proxy cannot be reached',
  },
  'parent-refused': {
    side: 'upstream',
    status: 502,
    proxyStatus: 'destination_unavailable',
    message: 'the parent proxy refused the connection',
  },
  'over-limit': { side: 'weir', status: 503, proxyStatus: 'connection_limit_reached', message: 'too many connections' },
  'over-capacity': {
    side: 'weir',
    status: 503,
    proxyStatus: 'proxy_internal_error',
    message: 'the proxy has no room for more at the moment',
  },
  'message-blocked': {
    side: 'weir',
    status: null,
    proxyStatus: 'http_request_denied',
    message: 'a message inside the stream was blocked by policy',
  },
  'audit-unavailable': {
    side: 'weir',
    status: 503,
    proxyStatus: 'proxy_internal_error',
    message: 'the audit record cannot be written',
  },
  'identity-unavailable': {
    side: 'weir',
    status: 503,
    proxyStatus: 'proxy_internal_error',
    message: 'who asks cannot be checked just now',
  },
  draining: { side: 'weir', status: 503, proxyStatus: 'proxy_internal_error', message: 'the proxy is stopping' },
  'mint-failed': {
    side: 'weir',
    status: null,
    proxyStatus: 'proxy_internal_error',
    message: 'no certificate could be made for this host',
  },
  internal: {
    side: 'weir',
    status: 500,
    proxyStatus: 'proxy_internal_error',
    message: 'the proxy has an internal fault',
  },
} as const satisfies Record<string, ErrorRow>

export type ProxyErrorCode = keyof typeof PROXY_ERRORS

/** An expected failure of a flow: which side, which answer. Never holds secrets: `detail` is shown to the client. */
export class ProxyError extends Error {
  readonly code: ProxyErrorCode
  /** What exactly, e.g. the certificate check that failed. Lower case, no full stop. */
  readonly detail: string | null

  constructor(code: ProxyErrorCode, detail: string | null = null, cause?: unknown) {
    super(detail === null ? PROXY_ERRORS[code].message : `${PROXY_ERRORS[code].message}: ${detail}`, { cause })
    this.name = 'ProxyError'
    this.code = code
    this.detail = detail
  }

  get side(): ErrorSide {
    return PROXY_ERRORS[this.code].side
  }

  get status(): number | null {
    return PROXY_ERRORS[this.code].status
  }
}
