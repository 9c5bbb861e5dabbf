/** TLS 1.2 ClientHellos built by hand, with or without an ECH extension, and the certificate that answers them in clear. */
import { randomBytes, X509Certificate } from 'node:crypto'

export interface HelloOptions {
  /** `null`: without a server name. */
  readonly sni: string | null
  /** Payload of an encrypted_client_hello extension (RFC 9849 section 5); none when left out. */
  readonly ech?: Buffer
}

const vector = (width: 1 | 2 | 3, body: Buffer): Buffer => {
  const length = Buffer.alloc(width)
  length.writeUIntBE(body.length, 0, width)
  return Buffer.concat([length, body])
}

const extension = (type: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, body)])

/**
 * An outer ECH extension: type, cipher suite (HKDF-SHA256 with AES-128-GCM), config id, an X25519 share and a payload. GREASE
 * is made in the same way from random bytes (RFC 9849 section 6.2), so that nobody on the wire can tell the two apart.
 */
export const echExtension = (configId: number): Buffer =>
  Buffer.concat([
    Buffer.from([0, 0x00, 0x01, 0x00, 0x01, configId]),
    vector(2, randomBytes(32)),
    vector(2, randomBytes(176)),
  ])

/** One record with the whole hello, as an ordinary client sends it. */
export function clientHello({ sni, ech }: HelloOptions): Buffer {
  const name = sni === null ? null : Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(sni, 'latin1'))])
  const extensions = Buffer.concat([
    ...(name === null ? [] : [extension(0x0000, vector(2, name))]),
    extension(0x000a, vector(2, Buffer.from([0x00, 0x17, 0x00, 0x1d]))),
    extension(0x000b, vector(1, Buffer.from([0]))),
    extension(0x000d, vector(2, Buffer.from('040308040401', 'hex'))),
    extension(0x0010, vector(2, vector(1, Buffer.from('http/1.1')))),
    extension(0x0017, Buffer.alloc(0)),
    ...(ech === undefined ? [] : [extension(0xfe0d, ech)]),
  ])
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    randomBytes(32),
    vector(1, Buffer.alloc(0)),
    vector(2, Buffer.from('c02bc02fc02cc030', 'hex')),
    vector(1, Buffer.from([0])),
    vector(2, extensions),
  ])
  return Buffer.concat([Buffer.from([22, 3, 1]), vector(2, Buffer.concat([Buffer.from([1]), vector(3, body)]))])
}

/** The server's first certificate in what it answered (RFC 5246 section 7.4.2); `null` while it is not whole. */
export function certificateIn(answer: Buffer): X509Certificate | null {
  const message = handshakeBytes(answer)
  for (let at = 0; at + 4 <= message.length; ) {
    const length = message.readUIntBE(at + 1, 3)
    if (at + 4 + length > message.length) return null
    // Certificate: the length of the list, then that of its first entry.
    if (message[at] === 11) {
      const first = message.readUIntBE(at + 7, 3)
      return new X509Certificate(message.subarray(at + 10, at + 10 + first))
    }
    at += 4 + length
  }
  return null
}

function handshakeBytes(answer: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at + 5 <= answer.length && answer[at] === 22; ) {
    const length = answer.readUInt16BE(at + 3)
    parts.push(answer.subarray(at + 5, at + 5 + length))
    at += 5 + length
  }
  return Buffer.concat(parts)
}
