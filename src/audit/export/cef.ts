/**
 * Exchanges and records as ArcSight Common Event Format, one line each (Micro Focus, "Implementing ArcSight Common Event
 * Format", chapters 1 and 2; version 0, whose addresses are IPv4: IPv6 ones have fields of their own).
 */
import { isIPv4, isIPv6 } from 'node:net'
import type { ExchangeRecord } from '../event-query.ts'
import { type CefField, cefExtension, cefHeader } from './cef-text.ts'
import { cellText } from './columns.ts'
import { ecsAction, ecsOutcome, ecsSeverity } from './ecs-event.ts'
import { PRODUCT } from './product.ts'
import { entryOf, integerAt, portAt, textAt, textsAt, timeMsOf, valueAt } from './record-fields.ts'
import { requestUrl } from './request-url.ts'

/** Severity of CEF, 0 to 10, by that of the other exports (1 informational to 4 high). */
const SEVERITY: Readonly<Record<number, number>> = { 1: 1, 2: 3, 3: 5, 4: 8 }

/** One event with its newline. */
export function cefRow(record: ExchangeRecord): string {
  const phase = textAt(record, 'phase') ?? 'unknown'
  const header = cefHeader([
    PRODUCT.vendor,
    PRODUCT.name,
    PRODUCT.version,
    `${phase}:${ecsAction(record) ?? 'outcome'}`,
    nameOf(record, phase),
    String(SEVERITY[ecsSeverity(record)] ?? 1),
  ])
  return `${header}|${cefExtension([...common(record, phase), ...fieldsOf(record, phase)])}\n`
}

const NAMES: Readonly<Record<string, string>> = {
  allow: 'AI request allowed',
  block: 'AI request blocked',
  log: 'AI request logged',
  redact: 'AI request redacted',
}

function nameOf(record: ExchangeRecord, phase: string): string {
  if (phase === 'admin') return `Administration: ${textAt(record, 'operation') ?? 'unknown'}`
  if (phase === 'config') return valueAt(record, 'ok') === true ? 'Configuration loaded' : 'Configuration refused'
  const action = textAt(record, 'action')
  if (phase === 'tunnel') return action === 'block' ? 'AI tunnel refused' : 'AI tunnel closed'
  return entryOf(NAMES, action) ?? 'AI request ended'
}

const common = (record: ExchangeRecord, phase: string): CefField[] => [
  ['rt', timeMsOf(record)],
  ['externalId', textAt(record, 'id')],
  ['cat', phase],
  ['act', ecsAction(record)],
  ['outcome', ecsOutcome(record)],
  ['deviceExternalId', textAt(record, 'stream')],
]

function fieldsOf(record: ExchangeRecord, phase: string): CefField[] {
  if (phase === 'admin') return adminFields(record)
  return phase === 'config' ? configFields(record) : exchangeFields(record)
}

const labelled = (key: string, label: string, value: string | number | undefined): CefField[] =>
  value === undefined
    ? []
    : [
        [key, value],
        [`${key}Label`, label],
      ]

const orUndefined = (text: string): string | undefined => (text === '' ? undefined : text)

function addressFields(prefix: 's' | 'd', address: string | undefined): CefField[] {
  if (address === undefined) return []
  if (isIPv4(address)) return [[prefix === 's' ? 'src' : 'dst', address]]
  if (!isIPv6(address)) return []
  return prefix === 's'
    ? labelled('c6a2', 'Source IPv6 Address', address)
    : labelled('c6a3', 'Destination IPv6 Address', address)
}

/** `in` is what flowed from source to destination, which is what Weir's `bytesIn` counts. */
const exchangeFields = (record: ExchangeRecord): CefField[] => [
  ...addressFields('s', textAt(record, 'client', 'addr')),
  ['shost', textAt(record, 'client', 'device')],
  ['suser', textAt(record, 'client', 'user')],
  ['suid', textAt(record, 'who')],
  ['spriv', orUndefined(textsAt(record, 'client', 'groups').join(', '))],
  ...addressFields('d', textAt(record, 'destination', 'host')),
  ['dhost', textAt(record, 'destination', 'host')],
  ['dpt', portAt(record, 'destination', 'port')],
  ['proto', 'TCP'],
  ['app', textAt(record, 'destination', 'scheme')],
  ['requestMethod', textAt(record, 'method')],
  ['request', requestUrl(record)],
  ['in', integerAt(record, 'bytesIn')],
  ['out', integerAt(record, 'bytesOut')],
  ['cnt', integerAt(record, 'count')],
  ['reason', textAt(record, 'error', 'code') ?? textAt(record, 'reason')],
  ...labelled('cs1', 'tool', textAt(record, 'tool')),
  ...labelled('cs2', 'tier', textAt(record, 'tier')),
  ...labelled('cs3', 'rule', textAt(record, 'rule')),
  ...labelled('cs4', 'model', textAt(record, 'model')),
  ...labelled('cs5', 'policyRevision', textAt(record, 'policyRevision')),
  ...labelled('cs6', 'findings', orUndefined(cellText(valueAt(record, 'findings')))),
  ...labelled('cn1', 'status', integerAt(record, 'status')),
  ...labelled('cn2', 'tokensIn', integerAt(record, 'tokens', 'in')),
  ...labelled('cn3', 'tokensOut', integerAt(record, 'tokens', 'out')),
  ...labelled('flexString1', 'flow', textAt(record, 'flow')),
  ...labelled('flexString2', 'would', textAt(record, 'would')),
]

const configFields = (record: ExchangeRecord): CefField[] => [
  ['reason', textAt(record, 'by')],
  ...labelled('cs3', 'what', textAt(record, 'what')),
  ...labelled('cs4', 'from', textAt(record, 'from')),
  ...labelled('cs5', 'policyRevision', textAt(record, 'to')),
  ...labelled('cn1', 'problems', integerAt(record, 'problems')),
]

const adminFields = (record: ExchangeRecord): CefField[] => [
  ['suser', textAt(record, 'actor')],
  ...labelled('cs3', 'target', textAt(record, 'target')),
  ...labelled('cs4', 'before', orUndefined(cellText(valueAt(record, 'before')))),
  ...labelled('cs5', 'after', orUndefined(cellText(valueAt(record, 'after')))),
]
