/** DER by forge's ASN.1, with byte arrays at the border and short names for what certificates are made of. No keys in here. */
import forge from 'node-forge'

const { asn1 } = forge

/** Tags are plain numbers here: context tags are no members of forge's enums. */
const create: (tagClass: number, type: number, isConstructed: boolean, value: string | Asn1[]) => forge.asn1.Asn1 =
  asn1.create
export type Asn1 = forge.asn1.Asn1

/** Dotted object identifiers; RFC 5280, RFC 5758, RFC 8017, RFC 7292. */
export const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  anyExtKeyUsage: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  ecdsaSha384: '1.2.840.10045.4.3.3',
  ecdsaSha512: '1.2.840.10045.4.3.4',
  rsaSha256: '1.2.840.113549.1.1.11',
} as const

/** A binary string, which is what forge works on. */
export const toBinary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

export const fromBinary = (binary: string): Buffer => Buffer.from(binary, 'latin1')

export const encode = (node: Asn1): Buffer => fromBinary(asn1.toDer(node).getBytes())

/** Read DER (or BER, as old PKCS#12 files have it). Throws when it is none. */
export const decode = (bytes: Uint8Array): Asn1 =>
  asn1.fromDer(toBinary(bytes), { strict: false, parseAllBytes: false, decodeBitStrings: false } as never)

const universal = (type: number, constructed: boolean, value: string | Asn1[]): Asn1 =>
  create(asn1.Class.UNIVERSAL, type, constructed, value)

export const sequence = (...items: readonly Asn1[]): Asn1 => universal(asn1.Type.SEQUENCE, true, [...items])
export const set = (...items: readonly Asn1[]): Asn1 => universal(asn1.Type.SET, true, [...items])
export const oid = (dotted: string): Asn1 => universal(asn1.Type.OID, false, asn1.oidToDer(dotted).getBytes())
export const nul = (): Asn1 => universal(asn1.Type.NULL, false, '')
export const utf8 = (text: string): Asn1 => universal(asn1.Type.UTF8, false, toBinary(Buffer.from(text, 'utf8')))
/** Two bytes a character; forge encodes it. */
export const bmp = (text: string): Asn1 => universal(asn1.Type.BMPSTRING, false, text)
export const boolean = (value: boolean): Asn1 => universal(asn1.Type.BOOLEAN, false, value ? '\xff' : '\x00')
export const smallInteger = (value: number): Asn1 =>
  universal(asn1.Type.INTEGER, false, asn1.integerToDer(value).getBytes())
/** `bytes` big-endian, first bit 0. */
export const bigInteger = (bytes: Uint8Array): Asn1 => universal(asn1.Type.INTEGER, false, toBinary(bytes))
export const octets = (bytes: Uint8Array): Asn1 => universal(asn1.Type.OCTETSTRING, false, toBinary(bytes))
export const bits = (bytes: Uint8Array, unusedBits = 0): Asn1 =>
  universal(asn1.Type.BITSTRING, false, String.fromCharCode(unusedBits) + toBinary(bytes))

/** `[tag]`: primitive over bytes, or constructed over items. */
export const context = (tag: number, value: Uint8Array | readonly Asn1[]): Asn1 =>
  value instanceof Uint8Array
    ? create(asn1.Class.CONTEXT_SPECIFIC, tag, false, toBinary(value))
    : create(asn1.Class.CONTEXT_SPECIFIC, tag, true, [...value])

/** UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5). */
export function time(ms: number): Asn1 {
  const date = new Date(ms)
  return date.getUTCFullYear() < 2050
    ? universal(asn1.Type.UTCTIME, false, asn1.dateToUtcTime(date))
    : universal(asn1.Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date))
}

/** Parts of a constructed node; throws a plain Error when it has none. */
export function children(node: Asn1 | undefined): Asn1[] {
  if (node === undefined || typeof node.value === 'string') throw new Error('ASN.1: a structure was expected')
  return node.value
}

/** Content bytes of a primitive node; chunks of a BER constructed string are joined. */
export function content(node: Asn1 | undefined): Buffer {
  if (node === undefined) throw new Error('ASN.1: a value was expected')
  if (typeof node.value === 'string') return fromBinary(node.value)
  return Buffer.concat(node.value.map((part) => content(part)))
}

export const readOid = (node: Asn1 | undefined): string => asn1.derToOid(content(node).toString('latin1'))

export const isContext = (node: Asn1, tag: number): boolean =>
  (node.tagClass as number) === 0x80 && (node.type as number) === tag

export const isUniversal = (node: Asn1, type: number): boolean =>
  (node.tagClass as number) === 0 && (node.type as number) === type
