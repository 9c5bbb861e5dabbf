/** What may stand in a tenant header: each shape takes what IT writes and gives what the vendor reads, or says what is right. */
import { Buffer } from 'node:buffer'

export type TenantValueShape =
  | 'uuid'
  | 'uuids'
  | 'domains'
  | 'domains-or-uuids'
  | 'enterprise-ids'
  | 'google-resources'
  | 'tenant-policy'
  | 'restrict-msa'
  | 'slack-id'
  | 'slack-ids'
  | 'team-ids'
  | 'token'
  | 'youtube'

export type TenantValueResult =
  | { readonly ok: true; readonly value: string }
  /** `advice` is what to write instead. */
  | { readonly ok: false; readonly advice: string }

/** Longest value that is sent; servers commonly refuse header lines from 8 KiB on. */
const MAX_VALUE_CHARS = 4096

const UUID = '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}'
const DOMAIN = '(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]'

interface Shape {
  /** One entry of the list. */
  readonly entry: RegExp
  readonly maxEntries: number
  readonly advice: string
}

const exactly = (source: string): RegExp => new RegExp(`^(?:${source})$`, 'iu')

const SHAPES: Readonly<Record<Exclude<TenantValueShape, 'google-resources'>, Shape>> = {
  uuid: { entry: exactly(UUID), maxEntries: 1, advice: 'write one UUID such as 1f0c2b9e-…-…-…-…' },
  uuids: { entry: exactly(UUID), maxEntries: 100, advice: 'write UUIDs such as 1f0c2b9e-…-…-…-…, with commas between' },
  domains: {
    entry: exactly(DOMAIN),
    maxEntries: 100,
    advice: 'write domains such as example.com, with commas between',
  },
  'domains-or-uuids': {
    entry: exactly(`${DOMAIN}|${UUID}`),
    maxEntries: 100,
    advice: 'write tenants, each a domain such as example.com or a directory id, with commas between',
  },
  'enterprise-ids': {
    entry: /^[A-Za-z0-9-]{1,100}$/u,
    maxEntries: 20,
    advice: 'write enterprise ids, at most 20, with commas between',
  },
  'tenant-policy': {
    entry: exactly(`${UUID}:${UUID}`),
    maxEntries: 1,
    advice: 'write `<tenant id>:<policy GUID>`, as the tenant restriction page of the portal shows it',
  },
  'restrict-msa': { entry: /^restrict-msa$/u, maxEntries: 1, advice: 'the only value is `restrict-msa`' },
  'slack-id': {
    entry: /^[A-Z][A-Z0-9]{5,30}$/u,
    maxEntries: 1,
    advice: 'write one workspace or org id such as T12345678',
  },
  'slack-ids': {
    entry: /^[A-Z][A-Z0-9]{5,30}$/u,
    maxEntries: 200,
    advice: 'write workspace or org ids such as T12345678, with commas between',
  },
  'team-ids': {
    entry: /^[A-Za-z0-9:_-]{4,100}$/u,
    maxEntries: 100,
    advice: 'write team ids such as dbtid:AAB…, with commas between',
  },
  token: {
    entry: /^[\x21-\x7e]{1,1000}$/u,
    maxEntries: 100,
    advice: 'write the policy as the vendor gave it, printable ASCII',
  },
  youtube: { entry: /^(?:Strict|Moderate)$/u, maxEntries: 1, advice: 'write `Strict` or `Moderate`' },
}

/** Check and write one value. `written` is what stands in the policy: a text with commas, or a list. */
export function tenantValue(shape: TenantValueShape, written: readonly string[]): TenantValueResult {
  if (shape === 'google-resources') return googleResources(written)
  const { entry, maxEntries, advice } = SHAPES[shape]
  const entries = entriesOf(written)
  const isGood = entries.length > 0 && entries.length <= maxEntries && entries.every((each) => entry.test(each))
  const value = entries.join(',')
  return isGood && value.length <= MAX_VALUE_CHARS ? { ok: true, value } : { ok: false, advice }
}

/** No spaces: vendors compare what stands between the commas. */
const entriesOf = (written: readonly string[]): string[] =>
  written.flatMap((text) => text.split(',')).map((text) => text.trim())

const GOOGLE_ADVICE =
  'write `organizations/123456789`, several with commas between, or the JSON `{"resources": ["organizations/123456789"], "options": "strict"}`'
const ORGANIZATION = /^organizations\/\d{1,20}$/u

/** Google reads web-safe base64 of a JSON object (RFC 4648 section 5); that is not what a person should have to write. */
function googleResources(written: readonly string[]): TenantValueResult {
  const [first = ''] = written
  const text = written.length === 1 ? first.trim() : ''
  const json = text.startsWith('{') ? text : decoded(text)
  const resources = json === null ? { resources: entriesOf(written), options: 'strict' } : parseResources(json)
  if (resources === null || !isResourceList(resources)) return { ok: false, advice: GOOGLE_ADVICE }
  const value = padded(Buffer.from(JSON.stringify(resources)).toString('base64url'))
  return value.length <= MAX_VALUE_CHARS ? { ok: true, value } : { ok: false, advice: GOOGLE_ADVICE }
}

/** The JSON in a value that IT has encoded already; `null` when it is none. */
function decoded(text: string): string | null {
  if (!/^[A-Za-z0-9_-]{16,}={0,2}$/u.test(text)) return null
  const json = Buffer.from(text, 'base64url').toString('utf8')
  return json.startsWith('{') ? json : null
}

function parseResources(json: string): object | null {
  try {
    const parsed: unknown = JSON.parse(json)
    return typeof parsed === 'object' && parsed !== null ? parsed : null
  } catch {
    // No JSON: the caller says what to write.
    return null
  }
}

function isResourceList(value: object): boolean {
  const { resources, options, ...rest } = value as { resources?: unknown; options?: unknown }
  if (!Array.isArray(resources) || resources.length === 0 || Object.keys(rest).length > 0) return false
  const isKnownOption = options === 'strict' || options === 'cloudStorageReadAllowed'
  return isKnownOption && resources.every((each) => typeof each === 'string' && ORGANIZATION.test(each))
}

const padded = (text: string): string => text.padEnd(Math.ceil(text.length / 4) * 4, '=')
