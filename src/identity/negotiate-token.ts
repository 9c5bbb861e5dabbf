/**
 * Tokens of SPNEGO (RFC 4178) as RFC 4559 carries them, looked at before native code sees them: only whole, bounded,
 * first tokens pass. Nothing in here believes a token; that is the Kerberos library's work.
 */

/** As many as a head can hold; tickets of Active Directory are up to 48 000 bytes. */
const MAX_CHARS = 65_536
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u

/** The signature that every message of NTLM begins with, also inside SPNEGO ([MS-NLMP] section 2.2.1). */
const NTLM = Buffer.from('NTLMSSP\0', 'latin1')
/** 1.3.6.1.5.5.2 with tag and length. */
const SPNEGO_OID = Buffer.from([0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02])

const INITIAL = 0x60
const RESPONSE = 0xa1
const SEQUENCE = 0x30
const STATE = 0xa0
const ENUMERATED = 0x0a

export type NegotiateToken =
  | { readonly ok: true; readonly token: string }
  | { readonly ok: false; readonly isNtlm: boolean; readonly detail: string }

/** Is this the first and only token of a Kerberos client? `credential` is what follows `Negotiate`. */
export function readNegotiateToken(credential: string): NegotiateToken {
  if (credential === '') return refused('no token')
  if (credential.length > MAX_CHARS) return refused('a token that is too long')
  if (!BASE64.test(credential)) return refused('not base64')
  const bytes = Buffer.from(credential, 'base64')
  if (bytes.includes(NTLM)) return { ok: false, isNtlm: true, detail: 'NTLM' }
  if (bytes[0] === RESPONSE) return refused('a second leg: only one-shot Kerberos is spoken')
  const inner = contentOf(bytes, INITIAL)
  if (inner === null || !inner.subarray(0, SPNEGO_OID.length).equals(SPNEGO_OID)) return refused('not a SPNEGO token')
  return { ok: true, token: credential }
}

const refused = (detail: string): NegotiateToken => ({ ok: false, isNtlm: false, detail })

/**
 * Does the acceptor's answer say `accept-completed` (RFC 4178 section 4.2.2)? The library does not tell a finished
 * context from one that wants another leg, so its word alone is not believed.
 */
export function isAcceptCompleted(response: string | null): boolean {
  if (response === null || !BASE64.test(response)) return false
  const sequence = contentOf(Buffer.from(response, 'base64'), RESPONSE)
  const fields = sequence === null ? null : contentOf(sequence, SEQUENCE)
  if (fields === null || fields[0] !== STATE || fields[1] !== 3) return false
  return fields[2] === ENUMERATED && fields[3] === 1 && fields[4] === 0
}

/** What is in one DER value of this tag that fills `bytes` to the end; `null`: it is none. */
function contentOf(bytes: Buffer, tag: number): Buffer | null {
  const first = bytes[1]
  if (bytes[0] !== tag || first === undefined) return null
  if (first < 0x80) return bytes.length === 2 + first ? bytes.subarray(2) : null
  const lengthBytes = first & 0x7f
  if (lengthBytes < 1 || lengthBytes > 4 || bytes.length < 2 + lengthBytes) return null
  const length = bytes.readUIntBE(2, lengthBytes)
  return bytes.length === 2 + lengthBytes + length ? bytes.subarray(2 + lengthBytes) : null
}
