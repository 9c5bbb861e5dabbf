/** Exchanges and records as OCSF 1.9 events, one line of JSON each; an exchange with findings makes two. */

import { lineHash } from '../event-line.ts'
import type { ExchangeRecord } from '../event-query.ts'
import { canonicalJson } from './canonical-json.ts'
import { adminActivity, configActivity } from './ocsf-entity.ts'
import { dataSecurityFinding } from './ocsf-finding.ts'
import { httpActivity } from './ocsf-network.ts'
import type { OcsfFields } from './ocsf-parts.ts'
import { escapeControls } from './printable.ts'
import { PRODUCT } from './product.ts'
import { integerAt, textAt } from './record-fields.ts'

/** One event per line, each with its newline. `lines`: the lines of the event files behind the exchange. */
export const ocsfRows = (exchange: ExchangeRecord, lines: readonly string[] = []): string =>
  eventsOf(placed(exchange, lines), lines)

const eventsOf = (record: ExchangeRecord, lines: readonly string[]): string =>
  ocsfEvents(record)
    .map((event) => attested(event, record, lines))
    .join('')

/** What merging leaves out. */
const PLACE = ['stream', 'seq', 'prevHash', 'whoDigest'] as const

/** An exchange of a single line has that line's place in its chain: exports and sinks then make the same bytes of it. */
function placed(exchange: ExchangeRecord, lines: readonly string[]): ExchangeRecord {
  const [line] = lines
  if (lines.length !== 1 || line === undefined || 'seq' in exchange) return exchange
  const record = JSON.parse(line) as ExchangeRecord
  return { ...exchange, ...Object.fromEntries(PLACE.flatMap((name) => (name in record ? [[name, record[name]]] : []))) }
}

function ocsfEvents(record: ExchangeRecord): readonly OcsfFields[] {
  const phase = textAt(record, 'phase')
  if (phase === 'admin') return [adminActivity(record)]
  if (phase === 'config') return [configActivity(record)]
  const finding = dataSecurityFinding(record)
  return finding === null ? [httpActivity(record)] : [httpActivity(record), finding]
}

/**
 * Adds the profile `record_integrity`: a fingerprint over the RFC 8785 form of the event itself, its attestation
 * included, the fingerprint left out (object `attestation` of the schema). The chain of the event files is another
 * thing: it links lines, so its hashes stand with the lines, not as this fingerprint.
 */
function attested(event: OcsfFields, exchange: ExchangeRecord, lines: readonly string[]): string {
  const attestation = {
    authority_uid: PRODUCT.name,
    chain_uid: textAt(exchange, 'stream'),
    uid: textAt(event, 'metadata', 'uid') ?? '',
  }
  const [line] = lines
  const whole = {
    ...event,
    raw_data_hash: lines.length === 1 && line !== undefined ? sha256Hex(line) : undefined,
    unmapped: withChain(event['unmapped'] as OcsfFields | undefined, exchange, lines),
  }
  const unsigned = canonicalJson({ ...whole, attestation_list: [attestation] })
  const fingerprint = `"fingerprint":${canonicalJson(sha256Hex(unsigned))},"uid":`
  // Written once: the fingerprint goes where its key belongs. No text can look like this place: its quotes are escaped.
  const at = unsigned.indexOf('"uid":', unsigned.indexOf('"attestation_list":[{'))
  return `${escapeControls(`${unsigned.slice(0, at)}${fingerprint}${unsigned.slice(at + '"uid":'.length)}`)}\n`
}

const sha256Hex = (text: string): OcsfFields => ({
  algorithm: 'SHA-256',
  algorithm_id: 3,
  encoding: 'Hex',
  encoding_id: 1,
  serialization: 'JCS',
  serialization_id: 2,
  value: lineHash(text),
})

/** Where the lines stand in their chain, by which `weir audit prove` and the verifier find them. */
function withChain(
  unmapped: OcsfFields | undefined,
  exchange: ExchangeRecord,
  lines: readonly string[],
): OcsfFields | undefined {
  const prevHash = textAt(exchange, 'prevHash')
  const chain = lines.length > 0 ? lines.map(placeOf) : prevHash === undefined ? undefined : [{ prevHash }]
  return chain === undefined ? unmapped : { ...unmapped, chain }
}

function placeOf(line: string): OcsfFields {
  const record = JSON.parse(line) as ExchangeRecord
  return {
    id: textAt(record, 'id'),
    lineHash: lineHash(line),
    prevHash: textAt(record, 'prevHash'),
    seq: integerAt(record, 'seq'),
    stream: textAt(record, 'stream'),
  }
}
