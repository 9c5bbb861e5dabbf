/**
 * Names of the operational log: every field and every event, once, so that a search in a log store finds them all.
 * All adapters may import this file. A field holds a name, a number or a code; never a body, a header value or a query.
 */

/** Field names of log lines. */
export const LOG_FIELDS = {
  /** Flow id (ULID), the same as in audit events and notices. */
  flow: 'flow',
  /** Client address. */
  client: 'client',
  host: 'host',
  port: 'port',
  tool: 'tool',
  tier: 'tier',
  action: 'action',
  reason: 'reason',
  /** Code of `domain/proxy-error.ts`. */
  code: 'code',
  side: 'side',
  status: 'status',
  bytesIn: 'bytesIn',
  bytesOut: 'bytesOut',
  durationMs: 'durationMs',
  file: 'file',
  line: 'line',
  problem: 'problem',
  revision: 'revision',
  /** Host:port of a listener. */
  listen: 'listen',
  fingerprint: 'fingerprint',
  count: 'count',
  /** An `Error`; it is written as type, code, message and stack. */
  error: 'error',
} as const

/** Event names: the `event` field of every log line. Constant text, never built from input. */
export const LOG_EVENTS = {
  starting: 'starting',
  listening: 'listening',
  draining: 'draining',
  stopped: 'stopped',
  configLoaded: 'config-loaded',
  configRefused: 'config-refused',
  policyLoaded: 'policy-loaded',
  policyRefused: 'policy-refused',
  caCreated: 'ca-created',
  caLoaded: 'ca-loaded',
  mintFailed: 'mint-failed',
  connectionRefused: 'connection-refused',
  clientError: 'client-error',
  upstreamError: 'upstream-error',
  flowFailed: 'flow-failed',
  blocked: 'blocked',
  auditFailed: 'audit-failed',
  auditRecovered: 'audit-recovered',
  storeRebuilt: 'store-rebuilt',
  adminRefused: 'admin-refused',
  adminFailed: 'admin-failed',
} as const

/** Name of a log event of this list; other constant texts are allowed too. */
export type LogEventName = (typeof LOG_EVENTS)[keyof typeof LOG_EVENTS]
