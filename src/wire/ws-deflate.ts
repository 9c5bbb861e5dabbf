/**
 * permessage-deflate (RFC 7692): what was agreed, and messages made readable. No zlib object outlives a message: the
 * window that context takeover keeps is the last 32 KiB that came out, given to the next message as its dictionary.
 */
import { Buffer } from 'node:buffer'
import * as zlib from 'node:zlib'

/** What one direction agreed on. */
export interface DeflateDirection {
  /** Does a message build on those before it? */
  readonly hasContextTakeover: boolean
}

export interface DeflateAgreement {
  readonly client: DeflateDirection
  readonly server: DeflateDirection
}

export type Extensions =
  | { readonly ok: true; readonly deflate: DeflateAgreement | null }
  /** An extension, or a parameter, that is not known: frames mean what nobody here can tell. */
  | { readonly ok: false }

/** What the server's `Sec-WebSocket-Extensions` lines agree on (RFC 7692 section 7.1). */
export function agreedExtensions(values: readonly string[]): Extensions {
  const offers = parseExtensions(values)
  if (offers === null || offers.length > 1) return { ok: false }
  const [agreed] = offers
  if (agreed === undefined) return { ok: true, deflate: null }
  if (agreed.name !== 'permessage-deflate' || !agreed.parameters.every(isKnownParameter)) return { ok: false }
  const has = (name: string): boolean => agreed.parameters.some((parameter) => parameter.name === name)
  if (new Set(agreed.parameters.map(({ name }) => name)).size !== agreed.parameters.length) return { ok: false }
  return {
    ok: true,
    deflate: {
      client: { hasContextTakeover: !has('client_no_context_takeover') },
      server: { hasContextTakeover: !has('server_no_context_takeover') },
    },
  }
}

/** A client's offers without those that cannot be read; `null` when none is left. */
export function readableOffers(values: readonly string[]): string | null {
  const offers = (parseExtensions(values) ?? []).filter(({ name }) => name === 'permessage-deflate')
  return offers.length === 0 ? null : offers.map(({ text }) => text).join(', ')
}

interface Parameter {
  readonly name: string
  readonly value: string | null
}

interface Extension {
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly text: string
}

function isKnownParameter({ name, value }: Parameter): boolean {
  if (name === 'server_no_context_takeover' || name === 'client_no_context_takeover') return value === null
  const isWindow = name === 'server_max_window_bits' || name === 'client_max_window_bits'
  return isWindow && value !== null && /^(?:[89]|1[0-5])$/u.test(value)
}

/** `null`: not in the grammar of RFC 6455 section 9.1. */
function parseExtensions(values: readonly string[]): Extension[] | null {
  const extensions: Extension[] = []
  for (const item of values.join(',').split(',')) {
    const text = item.trim()
    if (text === '') continue
    const [name = '', ...rest] = text.split(';').map((part) => part.trim())
    const parameters = rest.map((part) => /^([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*"?([\w!#$%&'*+.^`|~-]+)"?)?$/u.exec(part))
    if (!/^[\w!#$%&'*+.^`|~-]+$/u.test(name)) return null
    const known = parameters.flatMap((found) =>
      found === null ? [] : [{ name: (found[1] ?? '').toLowerCase(), value: found[2] ?? null }],
    )
    if (known.length !== parameters.length) return null
    extensions.push({ name: name.toLowerCase(), parameters: known, text })
  }
  return extensions
}

/** What senders leave out at the end of a message (RFC 7692 section 7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff])
/**
 * A last block without content, put behind every message: only a message that ends where its last block ends lets zlib
 * find it. One that ends inside a block would go on in the next message, and be two other messages to the server.
 */
const PROOF = Buffer.from([0x01, 0x00, 0x00, 0xff, 0xff])
const WINDOW_BYTES = 32_768
/** Smaller ones are undone at once: a thread would take longer to be asked. */
const SYNC_BYTES = 16_384
const RATIO_FREE_BYTES = 65_536

export interface InflateLimits {
  /** Largest message. */
  readonly maxBytes: number
  /** Largest message : what came in, not applied to messages up to 64 KiB. */
  readonly maxRatio: number
  /** Asked before a message that may become large is undone. Absent: there is always room. */
  readonly room?: InflateRoom
}

/** Runs `work` when there is room for so many bytes beside those of all others; they are free again when it is done. */
export type InflateRoom = <T>(bytes: number, work: () => Promise<T>) => Promise<T>

export type Inflated =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly unread: 'decode-limit' | 'unparsable' }

/** The compressed messages of one direction, in order; each must be given before the next is. */
export class MessageInflater {
  readonly #hasContextTakeover: boolean
  readonly #limits: InflateLimits
  #window: Uint8Array = Buffer.alloc(0)
  #isLost = false

  constructor({ hasContextTakeover }: DeflateDirection, limits: InflateLimits) {
    this.#hasContextTakeover = hasContextTakeover
    this.#limits = limits
  }

  /** A compressed message was not read: where later ones build on it they cannot be read either. */
  skip(): void {
    if (this.#hasContextTakeover) this.#isLost = true
  }

  /** Undo a message and use it, both while there is room for what it becomes. */
  async read<T>(message: Uint8Array, use: (inflated: Inflated) => T | Promise<T>): Promise<T> {
    const work = async (): Promise<T> => use(await this.inflate(message))
    const { room } = this.#limits
    const bytes = this.#limitOf(message)
    return room === undefined || bytes <= RATIO_FREE_BYTES ? work() : room(bytes, work)
  }

  async inflate(message: Uint8Array): Promise<Inflated> {
    if (this.#isLost) return { ok: false, unread: 'unparsable' }
    const result = await inflateRaw(message, this.#window, this.#limitOf(message))
    if (!result.ok) {
      this.skip()
      return result
    }
    // Servers differ in what they remember behind a message that ends the stream (section 7.2.3.5).
    if (result.isLast) this.skip()
    else if (this.#hasContextTakeover) this.#remember(result.bytes)
    return result
  }

  #limitOf({ length }: Uint8Array): number {
    const { maxBytes, maxRatio } = this.#limits
    return Math.max(1, Math.min(maxBytes, Math.max(RATIO_FREE_BYTES, length * maxRatio)))
  }

  #remember(bytes: Uint8Array): void {
    // Copies, so that a large message is not kept whole for the sake of its end.
    this.#window =
      bytes.length >= WINDOW_BYTES
        ? Buffer.from(bytes.subarray(bytes.length - WINDOW_BYTES))
        : Buffer.concat([this.#window.subarray(Math.max(0, this.#window.length + bytes.length - WINDOW_BYTES)), bytes])
  }
}

type Result =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly isLast: boolean }
  | Extract<Inflated, { ok: false }>

async function inflateRaw(message: Uint8Array, window: Uint8Array, maxOutputLength: number): Promise<Result> {
  const input = Buffer.concat([message, TAIL, PROOF])
  const options = {
    maxOutputLength,
    /** Node then gives `{buffer, engine}` in place of the buffer, which its types leave out. */
    info: true,
    ...(window.length === 0 ? {} : { dictionary: window }),
  }
  try {
    if (input.length <= SYNC_BYTES) return wholeOf(zlib.inflateRawSync(input, options), message.length)
    const result = await new Promise<unknown>((resolve, reject) => {
      zlib.inflateRaw(input, options, (error, inflated) => {
        if (error === null) resolve(inflated)
        else reject(error)
      })
    })
    return wholeOf(result, message.length)
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    return { ok: false, unread: isTooLarge ? 'decode-limit' : 'unparsable' }
  }
}

/** zlib stops silently at a last block, and what stands behind it would go upstream unread. */
function wholeOf(result: unknown, messageBytes: number): Result {
  const { buffer, engine } = result as { buffer: Uint8Array; engine: { bytesWritten: number } }
  const used = engine.bytesWritten
  const isLast = used < messageBytes + TAIL.length + PROOF.length
  // The sender of a last block adds an empty block, of which one byte stands in the message.
  if (isLast && used < messageBytes - 1) return { ok: false, unread: 'unparsable' }
  return { ok: true, bytes: buffer, isLast }
}
