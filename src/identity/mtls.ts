/** Who a verified client certificate is of: its user, groups and device, from the fields that IT names. */
import { X509Certificate } from 'node:crypto'
import type { ConnectionFacts, ConnectionSource, Proof } from '../domain/identity.ts'
import { isPlainName } from './plain-name.ts'

/** Which fields count. */
export interface CertificateFields {
  /** `email` and `upn` stand in the subject alternative name (RFC 5280 section 4.2.1.6), `cn` in the subject. */
  readonly userFrom: 'email' | 'upn' | 'cn' | 'none'
  readonly groupsFrom: 'ou' | 'none'
  readonly deviceFrom: 'dns' | 'cn' | 'none'
}

export interface CertificateIdentity {
  readonly user: string | null
  readonly groups: readonly string[]
  readonly device: string | null
}

const MAX_GROUPS = 50

/** Connections by certificate, read once each. `fields` null: nothing is taken of certificates. */
export function createCertificateSource(fields: CertificateFields | null): ConnectionSource {
  const known = new WeakMap<ConnectionFacts, { readonly proof: Proof | null }>()
  return {
    prove: (facts) => {
      if (fields === null || facts.certificate === null) return null
      const seen = known.get(facts)
      if (seen !== undefined) return seen.proof
      const identity = certificateIdentity(facts.certificate, fields)
      const proof: Proof | null = identity === null ? null : { assurance: 'mtls', ...identity }
      known.set(facts, { proof })
      return proof
    },
  }
}

/** Read a certificate that was verified before; `null` when it names neither user nor device, or nothing unambiguous. */
export function certificateIdentity(der: Uint8Array, fields: CertificateFields): CertificateIdentity | null {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(der)
  } catch {
    // Nothing that OpenSSL has just verified; whatever it is, it names nobody.
    return null
  }
  const names = alternativeNames(certificate.subjectAltName ?? '')
  const subject = certificate.toLegacyObject().subject as unknown as Readonly<Record<string, unknown>>
  const cn = only(valuesOf(subject['CN']))
  const user = { email: first(names, 'email'), upn: first(names, 'othername:UPN'), cn, none: null }[fields.userFrom]
  const device = { dns: first(names, 'DNS'), cn, none: null }[fields.deviceFrom]
  if (user === null && device === null) return null
  const groups = fields.groupsFrom === 'ou' ? valuesOf(subject['OU']).filter(isPlainName).slice(0, MAX_GROUPS) : []
  return { user, groups, device }
}

interface AlternativeName {
  readonly kind: string
  readonly value: string
}

/**
 * Node's text of the extension: `kind:value, kind:"quoted value"`. It quotes, as JSON, whatever could be read in two
 * ways; a text that does not fit is taken as naming nobody.
 */
export function alternativeNames(text: string): readonly AlternativeName[] {
  const names: AlternativeName[] = []
  const entry = /(othername:\w+|[A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/uy
  while (entry.lastIndex < text.length) {
    const match = entry.exec(text)
    if (match === null) return []
    const [, kind = '', value = ''] = match
    const plain = value.startsWith('"') ? unquoted(value) : value
    if (plain === null) return []
    names.push({ kind, value: plain })
  }
  return names
}

function unquoted(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : null
  } catch {
    return null
  }
}

function first(names: readonly AlternativeName[], kind: string): string | null {
  const found = names.find((name) => name.kind === kind)
  return found !== undefined && isPlainName(found.value) ? found.value : null
}

/** Two values for one thing say nothing. */
const only = (values: readonly string[]): string | null => {
  const [value = ''] = values
  return values.length === 1 && isPlainName(value) ? value : null
}

const valuesOf = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((each): each is string => typeof each === 'string')
