/**
 * Clients that refused our certificate of late, as the events tell: who, for which host, how, and what usually mends it.
 * Reads the stored events only.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ExchangeRecord } from '../audit/event-query.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { openAuditReader } from '../audit/reader.ts'
import type { Finding } from './doctor-finding.ts'

const DAY_MS = 86_400_000
/** Records looked at, and findings shown: the newest. */
const MAX_RECORDS = 200
const MAX_FINDINGS = 10

/** What the alert says about the client (RFC 8446 section 6.2; OpenSSL, Node, Go, Java and browsers differ). */
const CAUSES: Readonly<Record<string, string>> = {
  unknown_ca: 'it does not have our CA: a tool with a list of its own (Node, Python, Java, git), or a pinned app',
  bad_certificate: 'it does not accept our certificate: our CA is missing in its list, or the app is pinned',
  certificate_unknown:
    'its own check refused our certificate: our CA is missing in its list (Java, browsers), or the app is pinned',
  unsupported_certificate: 'it does not take this kind of certificate: another key type may be needed',
  certificate_expired: 'our certificate is out of its time for this client: look at both clocks',
  certificate_revoked: 'it holds our certificate to be revoked',
  closed_in_handshake: 'it hung up in the handshake: Node does so when it does not have our CA, a pinned app does too',
  closed_after_handshake:
    'it hung up without a word after the handshake: a pinned app does so, or it just changed its mind',
}

/** What to set on the client's machine, where `weir-bundle.pem` and `weir-root.pem` were exported. */
const FIXES: readonly string[] = [
  '# on the machine of the client that refused our certificate, whichever tool it is:',
  'weir ca export --out weir-root.pem && weir ca export --bundle --out weir-bundle.pem',
  'export NODE_EXTRA_CA_CERTS=$PWD/weir-root.pem       # Node: most coding CLIs',
  'export SSL_CERT_FILE=$PWD/weir-bundle.pem           # OpenSSL, Go, Python',
  'export REQUESTS_CA_BUNDLE=$PWD/weir-bundle.pem      # Python requests',
  'export CODEX_CA_CERTIFICATE=$PWD/weir-bundle.pem    # Codex',
  'git config --global http.sslCAInfo $PWD/weir-bundle.pem',
  'keytool -importcert -cacerts -alias weir -file weir-root.pem   # Java',
  '# a pinned app cannot be mended: list its host under `intercept.never`, or leave it refused',
]

/** One finding per client, host and alert of the last day, the newest first. An unreadable store is a finding, never an error. */
export function checkUntrusting(dataDir: string, nowMs: number): readonly Finding[] {
  const dir = join(dataDir, 'audit')
  const file = join(dataDir, 'store.sqlite')
  if (!existsSync(dir) || !existsSync(file)) return []
  try {
    return findingsOf(untrustingTunnels(dir, file, nowMs))
  } catch (error) {
    const message = `the events cannot be read: ${error instanceof Error ? error.message : String(error)}`
    return [{ area: 'trust', name: 'clients', status: 'info', message, fix: [] }]
  }
}

function untrustingTunnels(dir: string, file: string, nowMs: number): readonly ExchangeRecord[] {
  const reader = openAuditReader({ dir, file })
  try {
    const since = new Date(nowMs - DAY_MS).toISOString()
    const question = { since, phase: 'tunnel', text: 'untrusting', limit: MAX_RECORDS, order: 'desc' } as const
    return reader.query(question).items
  } finally {
    reader.close()
  }
}

/** Findings of these records; those without an `alert` are tunnels that were answered because of an earlier one. */
export function findingsOf(records: readonly ExchangeRecord[]): readonly Finding[] {
  const findings = new Map<string, Finding>()
  for (const record of records) {
    const alert = record['alert']
    if (record['reason'] !== 'untrusting-client' || typeof alert !== 'string') continue
    const address = textOf(record['client'], 'addr')
    const host = textOf(record['destination'], 'host')
    const key = `${address} ${host} ${alert}`
    if (!findings.has(key)) findings.set(key, findingOf(address, host, alert))
    if (findings.size === MAX_FINDINGS) break
  }
  return [...findings.values()]
}

function findingOf(address: string, host: string, alert: string): Finding {
  const cause = Object.hasOwn(CAUSES, alert) ? (CAUSES[alert] ?? '') : 'it refused our certificate'
  const message = escapeControls(`refused our certificate for ${host} (${alert}): ${cause}`)
  return { area: 'trust', name: escapeControls(`client ${address}`), status: 'warn', message, fix: FIXES }
}

function textOf(part: unknown, key: string): string {
  if (typeof part !== 'object' || part === null || !Object.hasOwn(part, key)) return 'unknown'
  const value: unknown = Reflect.get(part, key)
  return typeof value === 'string' ? value : 'unknown'
}
