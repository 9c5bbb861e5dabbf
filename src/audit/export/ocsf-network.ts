/**
 * Exchanges and tunnels as OCSF HTTP Activity (4002). A tunnel is its activity Connect: Tunnel Activity (4014) is about
 * VPNs, and one class for all that passes the proxy is one table to search.
 */
import type { ExchangeRecord } from '../event-query.ts'
import { aiProviderOf } from './ai-provider.ts'
import {
  actorOf,
  type Captioned,
  classified,
  decidedBy,
  destinationOf,
  metadata,
  type OcsfFields,
  observablesOf,
  occurred,
  sourceOf,
  statusCodeOf,
  typeUid,
  unmapped,
} from './ocsf-parts.ts'
import { activitySeverity, securityControl, statusOf } from './ocsf-verdict.ts'
import { integerAt, portAt, present, textAt, valueAt } from './record-fields.ts'
import { authorityOf, requestUrl } from './request-url.ts'

export const NETWORK_CATEGORY: Captioned = [4, 'Network Activity']
export const HTTP_CLASS: Captioned = [4002, 'HTTP Activity']

const PROFILES = ['host', 'security_control', 'network_proxy', 'ai_operation', 'record_integrity']

/** Methods that the schema names, RFC 9110 and the WebDAV family: its enumeration of `activity_id`. */
const METHODS: Readonly<Record<string, Captioned>> = {
  CONNECT: [1, 'Connect'],
  DELETE: [2, 'Delete'],
  GET: [3, 'Get'],
  HEAD: [4, 'Head'],
  OPTIONS: [5, 'Options'],
  POST: [6, 'Post'],
  PUT: [7, 'Put'],
  TRACE: [8, 'Trace'],
  PATCH: [9, 'Patch'],
  PROPFIND: [28, 'Property Find'],
  PROPPATCH: [29, 'Property Patch'],
  QUERY: [30, 'Query'],
  REPORT: [32, 'Report'],
  SEARCH: [33, 'Search'],
}

const PLACED = new Set([
  ...['v', 'id', 'flow', 'stream', 'seq', 'time', 'phase', 'who', 'client', 'destination', 'confidence', 'reason'],
  ...['rule', 'evidence', 'policyRevision', 'path', 'bytesIn', 'bytesOut', 'findings', 'status', 'error', 'count'],
  ...['prevHash', 'model', 'tokens', 'toolVersion'],
])

const PLACED_WITH_METHOD = new Set([...PLACED, 'method'])

/** `undefined`: not said yet (the outcome alone, after an intent). */
const methodOf = (record: ExchangeRecord): string | undefined =>
  textAt(record, 'phase') === 'tunnel' ? 'CONNECT' : textAt(record, 'method')

/** A method outside the schema's list is `Other` under its own name. */
function activityOf(method: string | undefined): Captioned {
  if (method === undefined) return [0, 'Unknown']
  return (Object.hasOwn(METHODS, method) ? METHODS[method] : undefined) ?? [99, method]
}

export const httpTypeUid = (record: ExchangeRecord): number => typeUid(HTTP_CLASS[0], activityOf(methodOf(record))[0])

export function httpActivity(record: ExchangeRecord): OcsfFields {
  const method = methodOf(record)
  const isKnown = method !== undefined && Object.hasOwn(METHODS, method)
  const event = {
    ...classified({
      activity: activityOf(method),
      category: NETWORK_CATEGORY,
      class: HTTP_CLASS,
      severity: activitySeverity(record),
    }),
    ...occurred(record),
    ...securityControl(record),
    ...statusOf(record),
    ...aiOperation(record),
    ...decidedBy(record),
    ...aggregate(record),
    actor: actorOf(record),
    app_name: textAt(record, 'tool'),
    app_protocol_name: textAt(record, 'destination', 'scheme'),
    connection_info: { direction: 'Outbound', direction_id: 2, protocol_name: 'tcp', protocol_num: 6 },
    dst_endpoint: destinationOf(record),
    http_request: requestOf(record, isKnown ? method : undefined),
    http_response: responseOf(record),
    message: messageOf(record, method),
    metadata: metadata(record, textAt(record, 'id') ?? '', PROFILES),
    proxy_endpoint: { name: 'weir', svc_name: 'Weir' },
    src_endpoint: sourceOf(record),
    status_code: statusCodeOf(record),
    status_detail: textAt(record, 'reason'),
    traffic: trafficOf(record),
    unmapped: unmapped(record, isKnown ? PLACED_WITH_METHOD : PLACED),
  }
  return { ...event, observables: observablesOf(event) }
}

/** `http_request` or `http_response` must be there; `url` must hold its text. */
function requestOf(record: ExchangeRecord, method: string | undefined): OcsfFields {
  const version = textAt(record, 'destination', 'http')
  return { http_method: method, uid: textAt(record, 'flow'), url: urlOf(record), version }
}

function urlOf(record: ExchangeRecord): OcsfFields | undefined {
  const hostname = textAt(record, 'destination', 'host')
  if (hostname === undefined) return undefined
  const port = portAt(record, 'destination', 'port')
  const scheme = textAt(record, 'destination', 'scheme')
  // RFC 9110 section 7.1: the target of CONNECT is host and port alone.
  const whole = requestUrl(record) ?? authorityOf(hostname, port ?? 443)
  return { hostname, path: textAt(record, 'path'), port, scheme, url_string: whole }
}

function responseOf(record: ExchangeRecord): OcsfFields | undefined {
  const code = integerAt(record, 'status')
  if (code === undefined) return undefined
  return { code, latency: integerAt(record, 'timings', 'upstreamMs') }
}

/** Seen from the client, as the schema counts: `bytes_out` went to the destination. */
function trafficOf(record: ExchangeRecord): OcsfFields | undefined {
  const sent = integerAt(record, 'bytesIn')
  const received = integerAt(record, 'bytesOut')
  const bytes = sent === undefined || received === undefined ? undefined : sent + received
  return present({ bytes, bytes_in: received, bytes_out: sent })
}

/** A model needs its provider's name; numbers of tokens need the application or the service that they belong to. */
function aiOperation(record: ExchangeRecord): OcsfFields {
  const host = textAt(record, 'destination', 'host')
  const tool = textAt(record, 'tool')
  const model = textAt(record, 'model')
  const prompt = integerAt(record, 'tokens', 'in')
  const completion = integerAt(record, 'tokens', 'out')
  const provider = host === undefined ? undefined : aiProviderOf(host).name
  const version = textAt(record, 'toolVersion')
  const application = tool === undefined ? undefined : { name: tool, uid: tool, version }
  const service = host === undefined ? undefined : { name: host }
  const isSaid = application !== undefined || (service !== undefined && (prompt ?? completion) !== undefined)
  return {
    ai_model: model === undefined || provider === undefined ? undefined : { ai_provider: provider, name: model },
    message_context: isSaid
      ? {
          application,
          completion_tokens: completion,
          prompt_tokens: prompt,
          service,
          total_tokens: prompt === undefined || completion === undefined ? undefined : prompt + completion,
        }
      : undefined,
  }
}

/** Clients that refuse our certificate are folded into one event; the schema wants the window of such a count. */
function aggregate(record: ExchangeRecord): OcsfFields {
  const count = integerAt(record, 'count')
  if (count === undefined || count < 2) return {}
  const { time } = occurred(record)
  const duration = integerAt(record, 'durationMs') ?? 0
  return { count, duration, end_time: Number(time) + duration, start_time: time }
}

function messageOf(record: ExchangeRecord, method: string | undefined): string {
  const what = textAt(record, 'tool') ?? 'unknown tool'
  const host = textAt(record, 'destination', 'host') ?? 'unknown host'
  const action = textAt(record, 'action')
  const would = textAt(record, 'would')
  const done = action === undefined ? 'outcome' : would === undefined ? action : `${action} (would ${would})`
  const tier = textAt(record, 'tier')
  const unsaid = valueAt(record, 'complete') === false ? ', not complete' : ''
  return `${done}: ${what}${tier === undefined ? '' : ` (${tier})`} ${method ?? ''} ${host}${unsaid}`.replace(
    / {2,}/gu,
    ' ',
  )
}
