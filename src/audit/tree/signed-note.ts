/**
 * Signed notes (https://c2sp.org/signed-note): a text, and under it lines with Ed25519 signatures (type 0x01). Whoever
 * has the verifier key `name+key id+base64` can check them with any tool for such notes. Pure.
 */
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'

const ED25519 = 0x01
const KEY_BYTES = 32
const ID_BYTES = 4
/** Signatures of one note that are looked at; the specification asks for 16 at least. */
const MAX_SIGNATURES = 32
/** DER in front of the 32 bytes of an Ed25519 public key (RFC 8410 section 4). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')
/** DER in front of the 32 bytes of an Ed25519 private key (RFC 8410 section 7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SIGNATURE = /^— (?<name>\S+) (?<base64>[A-Za-z0-9+/]+={0,2})$/u

/** Signs notes under one name. */
export interface NoteSigner {
  readonly name: string
  /** What others check with: `name+key id+base64(type ‖ public key)`. */
  readonly verifierKey: string
  /** The whole note. `text` ends in a newline and has no empty line. */
  readonly sign: (text: string) => string
}

/** Checks notes of one name. */
export interface NoteVerifier {
  readonly name: string
  readonly verifierKey: string
  /** The text when the note carries a good signature by this key; `null`: it does not. */
  readonly open: (note: string) => string | null
}

/** A signer from the 32 bytes of a private key. The name has no spaces and no `+`. */
export function createSigner(name: string, seed: Uint8Array): NoteSigner {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = publicBytes(createPublicKey(key))
  const id = keyId(name, publicKey)
  return {
    name,
    verifierKey: verifierKeyOf(name, publicKey),
    sign: (text) =>
      `${text}\n— ${name} ${Buffer.concat([id, sign(null, Buffer.from(text), key)]).toString('base64')}\n`,
  }
}

/** A verifier from its key's text; `null`: it is none. */
export function readVerifier(verifierKey: string): NoteVerifier | null {
  const groups = /^(?<name>[^\s+]+)\+(?<id>[0-9a-f]{8})\+(?<base64>[A-Za-z0-9+/]+={0,2})$/u.exec(
    verifierKey.trim(),
  )?.groups
  if (groups === undefined) return null
  const { name = '', id = '', base64 = '' } = groups
  const bytes = Buffer.from(base64, 'base64')
  const publicKey = bytes.subarray(1)
  if (bytes.length !== KEY_BYTES + 1 || bytes[0] !== ED25519) return null
  if (keyId(name, publicKey).toString('hex') !== id) return null
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' })
  return { name, verifierKey: verifierKey.trim(), open: (note) => openNote(note, { name, id, key }) }
}

/** Text and signature lines of a note; `null`: not of that form. */
export function splitNote(note: string): { readonly text: string; readonly signatures: readonly string[] } | null {
  const end = note.lastIndexOf('\n\n')
  if (end === -1 || end + 2 >= note.length || !note.endsWith('\n')) return null
  const signatures = note.slice(end + 2, -1).split('\n')
  return signatures.length > MAX_SIGNATURES ? null : { text: note.slice(0, end + 1), signatures }
}

interface KnownKey {
  readonly name: string
  readonly id: string
  readonly key: KeyObject
}

function openNote(note: string, known: KnownKey): string | null {
  const parts = splitNote(note)
  if (parts === null) return null
  let isSigned = false
  for (const line of parts.signatures) {
    const groups = SIGNATURE.exec(line)?.groups
    if (groups === undefined) return null
    const bytes = Buffer.from(groups['base64'] ?? '', 'base64')
    const isOurs = groups['name'] === known.name && bytes.toString('hex', 0, ID_BYTES) === known.id
    if (!isOurs) continue
    if (!verify(null, Buffer.from(parts.text), known.key, bytes.subarray(ID_BYTES))) return null
    isSigned = true
  }
  return isSigned ? parts.text : null
}

const publicBytes = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' }).subarray(SPKI.length)

const keyId = (name: string, publicKey: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(ED25519), publicKey]), 'buffer').subarray(
    0,
    ID_BYTES,
  )

const verifierKeyOf = (name: string, publicKey: Uint8Array): string =>
  `${name}+${keyId(name, publicKey).toString('hex')}+${Buffer.concat([Uint8Array.of(ED25519), publicKey]).toString('base64')}`
