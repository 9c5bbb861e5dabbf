/** Kerberos tickets as a credential source: `Proxy-Authorization: Negotiate`, RFC 4559 with one token each way. */
import type { CredentialSource, Verdict } from '../domain/identity.ts'
import type { Accepted, Kerberos, KerberosSettings } from './kerberos.ts'
import { isAcceptCompleted, readNegotiateToken } from './negotiate-token.ts'
import { type PrincipalSettings, readPrincipal } from './principal.ts'
import { createGate } from './token-hash.ts'

export interface NegotiateSettings extends KerberosSettings, PrincipalSettings {}

export interface NegotiateOptions {
  readonly settings: () => NegotiateSettings
  readonly kerberos: Pick<Kerberos, 'accept'>
}

/** The library works on the threads that also write the audit trail: two of four at most, also when they hang. */
const AT_ONCE = 2
const WAITING = 200

/**
 * A source over the system's Kerberos library. Every request brings a token of its own: the library remembers them, so
 * that none is taken twice, and nothing is known of a connection that a proxy in front may share between users.
 */
export function createNegotiateSource({ settings, kerberos }: NegotiateOptions): CredentialSource {
  const gate = createGate(AT_ONCE, WAITING)
  return {
    scheme: 'negotiate',
    assurance: 'negotiate',
    challenge: 'Negotiate',
    verify: (credential) => {
      const read = readNegotiateToken(credential)
      if (!read.ok) return wrong(read.detail, read.isNtlm)
      const current = settings()
      const accepted = gate.run(() => kerberos.accept(current, read.token))
      if (accepted === null) return { kind: 'unavailable', detail: 'too many tickets are being checked' }
      return within(current.timeoutMs, accepted).then((result) => verdictOf(result, current))
    },
  }
}

function verdictOf(result: Accepted, settings: NegotiateSettings): Verdict {
  if (result.kind === 'unavailable') return result
  if (result.kind === 'refused') return wrong(result.detail)
  const { principal, response } = result
  if (!isAcceptCompleted(response)) return wrong('a conversation of several legs')
  const who = readPrincipal(principal, settings)
  if (!who.ok) return wrong(who.detail)
  const { user, device } = who
  const proof = { assurance: 'negotiate', user, groups: [], device } as const
  return { kind: 'proof', proof, ...(response === null ? {} : { reply: `Negotiate ${response}` }) }
}

/** The same client would only send the same again: it is not asked to. */
const wrong = (detail: string, isNtlm = false): Verdict => ({
  kind: 'wrong',
  detail: isNtlm ? 'NTLM is not spoken' : detail,
  isFinal: true,
  ...(isNtlm ? { code: 'proxy-auth-ntlm' } : {}),
})

/** A library that hangs keeps its place in the gate, and only that. */
function within(timeoutMs: number, accepted: Promise<Accepted>): Promise<Accepted> {
  return new Promise((resolve) => {
    const late: Accepted = { kind: 'unavailable', detail: `no word of the Kerberos library in ${timeoutMs} ms` }
    const timer = setTimeout(() => resolve(late), timeoutMs)
    const settle = (result: Accepted): void => {
      clearTimeout(timer)
      resolve(result)
    }
    accepted.then(settle, () => settle({ kind: 'unavailable', detail: 'the Kerberos library failed' }))
  })
}
