/**
 * Exchanges and records as Elastic Common Schema documents, one line of JSON each. Version 9.1 is the first with the
 * fields `gen_ai.*`; everything else is the same in 8.x. What ECS has no field for stands under `weir`.
 */
import { isIP } from 'node:net'
import type { ExchangeRecord } from '../event-query.ts'
import { aiProviderOf } from './ai-provider.ts'
import { canonicalJson } from './canonical-json.ts'
import { ecsAction, ecsCategory, ecsOutcome, ecsSeverity, ecsTypes } from './ecs-event.ts'
import { escapeControls } from './printable.ts'
import { PRODUCT } from './product.ts'
import { integerAt, numberAt, portAt, present, textAt, textsAt, timeMsOf, valueAt } from './record-fields.ts'
import { requestUrl } from './request-url.ts'

const ECS_VERSION = '9.1.0'

type Fields = Readonly<Record<string, unknown>>

/** One document with its newline. */
export const ecsRow = (record: ExchangeRecord): string => `${escapeControls(canonicalJson(ecsDocument(record)))}\n`

export function ecsDocument(record: ExchangeRecord): Fields {
  const code = textAt(record, 'error', 'code')
  return {
    '@timestamp': new Date(timeMsOf(record)).toISOString(),
    destination: destinationOf(record),
    device: present({ id: textAt(record, 'client', 'device') }),
    ecs: { version: ECS_VERSION },
    error: code === undefined ? undefined : { code },
    event: eventOf(record),
    gen_ai: genAiOf(record),
    http: httpOf(record),
    message: messageOf(record),
    network: networkOf(record),
    observer: { product: PRODUCT.name, type: 'proxy', vendor: PRODUCT.vendor, version: PRODUCT.version },
    related: relatedOf(record),
    rule: ruleOf(record),
    source: sourceOf(record),
    url: urlOf(record),
    user: userOf(record),
    weir: ownFields(record),
  }
}

/** A field of type `ip` takes nothing else: Elasticsearch would refuse the whole document. Zones (`%eth0`) are not taken. */
const ipOf = (text: string | undefined): string | undefined =>
  text !== undefined && isIP(text) !== 0 && !text.includes('%') ? text : undefined

function eventOf(record: ExchangeRecord): Fields {
  const ms = numberAt(record, 'timings', 'totalMs') ?? numberAt(record, 'durationMs')
  return {
    action: ecsAction(record),
    category: ecsCategory(record),
    code: textAt(record, 'phase'),
    dataset: 'weir.audit',
    duration: ms === undefined ? undefined : Math.round(ms * 1e6),
    id: textAt(record, 'id'),
    kind: 'event',
    module: 'weir',
    outcome: ecsOutcome(record),
    provider: 'weir',
    reason: textAt(record, 'reason'),
    sequence: integerAt(record, 'seq'),
    severity: ecsSeverity(record),
    type: ecsTypes(record),
  }
}

function destinationOf(record: ExchangeRecord): Fields | undefined {
  const address = textAt(record, 'destination', 'host')
  if (address === undefined) return undefined
  const ip = ipOf(address)
  return {
    address,
    bytes: integerAt(record, 'bytesOut'),
    domain: ip === undefined ? address : undefined,
    ip,
    port: portAt(record, 'destination', 'port'),
  }
}

function sourceOf(record: ExchangeRecord): Fields | undefined {
  const address = textAt(record, 'client', 'addr')
  return present({ address, bytes: integerAt(record, 'bytesIn'), ip: ipOf(address) })
}

const userOf = (record: ExchangeRecord): Fields | undefined => {
  const groups = textsAt(record, 'client', 'groups')
  const name = textAt(record, 'client', 'user') ?? textAt(record, 'actor')
  return present({ group: groups.length > 0 ? { name: groups } : undefined, id: textAt(record, 'who'), name })
}

function httpOf(record: ExchangeRecord): Fields | undefined {
  const method = textAt(record, 'method')
  const status = integerAt(record, 'status')
  const request = method === undefined ? undefined : { id: textAt(record, 'flow'), method }
  const response = status === undefined ? undefined : { status_code: status }
  return present({ request, response, version: textAt(record, 'destination', 'http') })
}

function networkOf(record: ExchangeRecord): Fields | undefined {
  if (textAt(record, 'destination', 'host') === undefined) return undefined
  const [sent, received] = [integerAt(record, 'bytesIn'), integerAt(record, 'bytesOut')]
  return {
    bytes: sent === undefined || received === undefined ? undefined : sent + received,
    direction: 'outbound',
    name: textAt(record, 'client', 'network'),
    protocol: textAt(record, 'destination', 'scheme'),
    transport: 'tcp',
  }
}

function urlOf(record: ExchangeRecord): Fields | undefined {
  const full = requestUrl(record)
  if (full === undefined) return undefined
  return {
    domain: textAt(record, 'destination', 'host'),
    full,
    path: textAt(record, 'path'),
    port: portAt(record, 'destination', 'port'),
    scheme: textAt(record, 'destination', 'scheme'),
  }
}

function ruleOf(record: ExchangeRecord): Fields | undefined {
  const id = textAt(record, 'rule')
  if (id === undefined) return undefined
  return {
    category: textAt(record, 'tier'),
    id,
    name: id,
    ruleset: 'policy',
    version: textAt(record, 'policyRevision'),
  }
}

function genAiOf(record: ExchangeRecord): Fields | undefined {
  const model = textAt(record, 'model')
  const host = textAt(record, 'destination', 'host')
  const usage = present({
    input_tokens: integerAt(record, 'tokens', 'in'),
    output_tokens: integerAt(record, 'tokens', 'out'),
  })
  if (model === undefined && usage === undefined) return undefined
  return {
    request: model === undefined ? undefined : { model },
    system: host === undefined ? undefined : aiProviderOf(host).system,
    usage,
  }
}

function relatedOf(record: ExchangeRecord): Fields | undefined {
  const host = textAt(record, 'destination', 'host')
  const hosts = [host !== undefined && ipOf(host) === undefined ? host : undefined, textAt(record, 'client', 'device')]
  const ips = [ipOf(textAt(record, 'client', 'addr')), ipOf(host)]
  const users = [textAt(record, 'client', 'user') ?? textAt(record, 'actor'), textAt(record, 'who')]
  return present({ hosts: saidOnes(hosts), ip: saidOnes(ips), user: saidOnes(users) })
}

function saidOnes(values: readonly (string | undefined)[]): readonly string[] | undefined {
  const said = values.filter((value) => value !== undefined)
  return said.length > 0 ? said : undefined
}

/** Where ECS has the very same field, it is not said twice. */
const PLACED = new Set([
  ...['v', 'id', 'time', 'phase', 'who', 'client', 'destination', 'reason', 'rule', 'policyRevision', 'method', 'path'],
  ...['bytesIn', 'bytesOut', 'status', 'model', 'tokens', 'seq', 'durationMs', 'actor'],
])

/** An admin's values are of any shape: as objects they would clash in the index's mapping, as JSON text they cannot. */
const ANY_SHAPE = new Set(['before', 'after'])

function ownFields(record: ExchangeRecord): Fields {
  const own: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(record)) {
    if (PLACED.has(name) || value === null) continue
    own[name] = ANY_SHAPE.has(name) ? canonicalJson(value) : value
  }
  return own
}

function messageOf(record: ExchangeRecord): string {
  const phase = textAt(record, 'phase')
  if (phase === 'admin') return `${textAt(record, 'operation') ?? ''} ${textAt(record, 'target') ?? ''}`.trim()
  if (phase === 'config') {
    return `${textAt(record, 'what') ?? 'config'} ${valueAt(record, 'ok') === true ? 'took effect' : 'was refused'}`
  }
  const tool = textAt(record, 'tool') ?? 'unknown tool'
  return `${textAt(record, 'action') ?? phase ?? ''}: ${tool} to ${textAt(record, 'destination', 'host') ?? 'unknown host'}`
}
