/**
 * What placeholders stand for, per client and in memory only: never written, never logged. Also which of the provider's
 * own histories are known whole, so that a request that leans on one is not trusted blindly. Bounded in every direction.
 */
import { Buffer } from 'node:buffer'
import { LRUCache } from 'lru-cache'
import type { Client } from '../domain/client.ts'
import type { Severity } from '../domain/finding.ts'

/** Values of all clients together; beyond it the client that was not heard of for longest loses all of his. */
export const VAULT_BYTES = 67_108_864
/** Values and histories of one client; beyond it the one that was not used for longest goes. */
export const CLIENT_BYTES = 4_194_304
export const CLIENT_VALUES = 10_000
export const CLIENT_HISTORIES = 2_000
/** A longer text is not kept: its placeholder stays in the answer. */
export const VALUE_BYTES = 262_144
/** A history with more placeholders is not remembered. */
export const HISTORY_PLACEHOLDERS = 1_000
/** What an entry costs beside its text, about. */
const ENTRY_BYTES = 128
/** What a client costs beside his entries, about: nobody makes room for all that he may have. */
const PART_BYTES = 2_048
/** Ids of histories are a provider's, and short. */
const MAX_ID_LENGTH = 256

/** What was redacted, and as what. */
export interface KeptValue {
  readonly value: string
  /** The one that found it first. */
  readonly detector: string
  readonly severity: Severity
}

export interface VaultOptions {
  readonly maxBytes?: number
  readonly clientBytes?: number
}

/** `client`: `vaultKey` of somebody. */
export interface Vault {
  /** `false`: it is too large to be kept. */
  readonly keep: (client: string, placeholder: string, kept: KeptValue) => boolean
  /** `null`: not known, or no longer. */
  readonly valueOf: (client: string, placeholder: string) => string | null
  /** All that is kept for a client, by placeholder; the same object until something is kept or lost. */
  readonly valuesOf: (client: string) => ReadonlyMap<string, KeptValue>
  /** The provider remembers, under this id, a history in which these placeholders stand. */
  readonly keepHistory: (client: string, id: string, placeholders: ReadonlySet<string>) => void
  /** The placeholders of a history; `null` when it, or one of its values, is not known. */
  readonly historyOf: (client: string, id: string) => ReadonlySet<string> | null
  /** Bytes kept, about. */
  readonly bytes: () => number
}

/**
 * Who may get a value back: the user on his device, as an identity source told them. A name that stands for a whole network,
 * or none, is not enough: then the address counts as well.
 */
export function vaultKey({ user, device, address, assurance }: Client): string {
  const isOwnName = assurance !== 'none' && assurance !== 'network' && (user !== null || device !== null)
  return JSON.stringify(isOwnName ? [user, device] : [user, device, address])
}

export function createVault({ maxBytes = VAULT_BYTES, clientBytes = CLIENT_BYTES }: VaultOptions = {}): Vault {
  return new MemoryVault(maxBytes, clientBytes)
}

const NOTHING: ReadonlyMap<string, KeptValue> = new Map()

class MemoryVault implements Vault {
  readonly #maxBytes: number
  readonly #clientBytes: number
  /** In the order in which clients were last heard of. */
  readonly #clients = new Map<string, ClientPart>()
  #bytes = 0

  constructor(maxBytes: number, clientBytes: number) {
    this.#maxBytes = maxBytes
    this.#clientBytes = clientBytes
  }

  readonly bytes = (): number => this.#bytes

  readonly keep = (client: string, placeholder: string, kept: KeptValue): boolean => {
    if (kept.value === '' || kept.value.length * 2 > Math.min(VALUE_BYTES, this.#clientBytes / 2)) return false
    this.#change(client, (part) => part.keep(placeholder, kept))
    return true
  }

  readonly valueOf = (client: string, placeholder: string): string | null =>
    this.#clients.get(client)?.values.get(placeholder)?.value ?? null

  readonly valuesOf = (client: string): ReadonlyMap<string, KeptValue> => this.#clients.get(client)?.all() ?? NOTHING

  readonly keepHistory = (client: string, id: string, placeholders: ReadonlySet<string>): void => {
    if (id === '' || id.length > MAX_ID_LENGTH || placeholders.size > HISTORY_PLACEHOLDERS) return
    this.#change(client, (part) => part.keepHistory(id, placeholders))
  }

  readonly historyOf = (client: string, id: string): ReadonlySet<string> | null => {
    const part = this.#clients.get(client)
    const placeholders = part?.histories.get(id)
    if (part === undefined || placeholders === undefined) return null
    for (const placeholder of placeholders) if (part.values.get(placeholder) === undefined) return null
    return placeholders
  }

  #change(client: string, change: (part: ClientPart) => unknown): void {
    const known = this.#clients.get(client)
    const part = known ?? new ClientPart(this.#clientBytes)
    this.#clients.delete(client)
    const before = known === undefined ? 0 : part.bytes
    change(part)
    this.#bytes += part.bytes - before
    // Behind all others: the one in front was not heard of for longest.
    this.#clients.set(client, part)
    for (const [oldest, { bytes }] of this.#clients) {
      if (this.#bytes <= this.#maxBytes || oldest === client) return
      this.#clients.delete(oldest)
      this.#bytes -= bytes
    }
  }
}

class ClientPart {
  readonly values: LRUCache<string, KeptValue>
  readonly histories: LRUCache<string, ReadonlySet<string>>
  /** The same values, to be given away: the cache would take milliseconds to tell ten thousand of them. */
  #all = new Map<string, KeptValue>()
  /** Somebody has it: it must stay as it is. */
  #isGiven = false

  /** Without `max`, which makes room for as many at once: hundreds of kilobytes for a client with one value. */
  constructor(maxBytes: number) {
    const maxSize = Math.ceil(maxBytes / 2)
    this.values = new LRUCache({
      maxSize,
      sizeCalculation: ({ value }, placeholder) => ENTRY_BYTES + 2 * (value.length + placeholder.length),
      dispose: (_, placeholder) => {
        this.#changed().delete(placeholder)
      },
    })
    this.histories = new LRUCache({
      maxSize,
      sizeCalculation: (placeholders, id) => ENTRY_BYTES + 2 * id.length + 24 * placeholders.size,
    })
  }

  get bytes(): number {
    return PART_BYTES + this.values.calculatedSize + this.histories.calculatedSize
  }

  /** The first kind under which a value was found stays: its placeholder stands in the conversation already. */
  keep(placeholder: string, { value, detector, severity }: KeptValue): void {
    if (this.values.get(placeholder) !== undefined) return
    // A copy: a piece of a long text would keep all of it.
    const own = Buffer.from(value, 'utf16le').toString('utf16le')
    const kept = { value: own, detector, severity }
    this.values.set(placeholder, kept)
    if (this.values.has(placeholder)) this.#changed().set(placeholder, kept)
    if (this.values.size > CLIENT_VALUES) this.values.pop()
  }

  keepHistory(id: string, placeholders: ReadonlySet<string>): void {
    this.histories.set(id, placeholders)
    if (this.histories.size > CLIENT_HISTORIES) this.histories.pop()
  }

  all(): ReadonlyMap<string, KeptValue> {
    this.#isGiven = true
    return this.#all
  }

  #changed(): Map<string, KeptValue> {
    if (this.#isGiven) this.#all = new Map(this.#all)
    this.#isGiven = false
    return this.#all
  }
}
