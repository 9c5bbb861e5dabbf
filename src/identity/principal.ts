/** A Kerberos principal as the user or device that rules and events name. */
import { isPlainName } from './plain-name.ts'

export interface PrincipalSettings {
  /** Realms whose people are known here, as written by Kerberos: in capitals. */
  readonly realms: readonly string[]
  /** `false`: `li.wei@ACME.EXAMPLE` is `li.wei`. */
  readonly keepRealm: boolean
}

export type ReadPrincipal =
  | { readonly ok: true; readonly user: string | null; readonly device: string | null }
  /** `detail` names no person. */
  | { readonly ok: false; readonly detail: string }

/**
 * Reads the display form of RFC 1964 section 2.1.1. A backslash escapes what would be read in another way, so names with
 * one are refused; so is U+FFFD, which stands where bytes were lost, and `WELLKNOWN/`, which is anonymous (RFC 8062).
 * Machines (`host/name`, and `NAME$` of Active Directory) are devices.
 */
export function readPrincipal(principal: string, { realms, keepRealm }: PrincipalSettings): ReadPrincipal {
  const at = principal.lastIndexOf('@')
  const name = principal.slice(0, Math.max(at, 0))
  const realm = principal.slice(at + 1)
  if (/[\\\ufffd]/u.test(principal) || !isPlainName(name)) return refused('a principal that cannot be read')
  if (name.includes('@') || name.startsWith('WELLKNOWN/')) return refused('a principal that names nobody')
  if (!realms.includes(realm)) return refused('a ticket of a realm that `identity.negotiate.realms` does not list')
  const device = /^host\/([^/]+)$/u.exec(name)?.[1] ?? /^([^/]+)\$$/u.exec(name)?.[1] ?? null
  if (device !== null) return { ok: true, user: null, device }
  return { ok: true, user: keepRealm ? principal : name, device: null }
}

const refused = (detail: string): ReadPrincipal => ({ ok: false, detail })
