/** One answer in which a client's own values are put back where its placeholders come back. Sees bytes of events, no streams. */
import type { Dialect } from '../dialects/dialect.ts'
import { dialectById } from '../dialects/registry.ts'
import type { UnrestoredReason } from '../domain/audit-event.ts'
import type { DialectId } from '../domain/tool.ts'
import type { BodyRestorer } from '../inspect/body-restorer.ts'
import { createBodyRestorer } from '../inspect/restore-body.ts'
import { EventRestorer, type EventRules } from '../inspect/restore-event.ts'
import { PlaceholderWatch } from '../inspect/restore-watch.ts'
import type { RestoredLarge, RestoreStore } from './ports.ts'

/** The request that is answered. */
export interface RestoredRequest {
  /** Whose values (`vaultKey`). */
  readonly client: string
  readonly dialect: DialectId
  /** What was put in place of values in it. */
  readonly placeholders: readonly string[]
  /** Histories of the provider that it goes on from. */
  readonly histories: readonly string[]
  /** All of it was read: what the provider remembers of it is known. */
  readonly isRead: boolean
}

export interface BodyLines {
  readonly contentType: string | null
  /** Asked before bytes are kept for the sake of a whole body. */
  readonly room: (bytes: number) => boolean
}

/** Is all known that the provider remembers under these ids? */
export const knowsHistories = (store: RestoreStore, client: string, histories: readonly string[]): boolean =>
  histories.every((id) => store.vault.historyOf(client, id) !== null)

/** Has the dialect places where something could be put back? */
export const canRestore = (dialect: DialectId): boolean => dialectById(dialect).restorePoints !== undefined

export class Restoration {
  restored = 0
  misses = 0
  unrestored: UnrestoredReason | null = null
  readonly #store: RestoreStore
  readonly #request: RestoredRequest
  readonly #rules: EventRules
  #events: EventRestorer<null> | null = null
  #history: ReadonlySet<string> | null = null

  constructor(store: RestoreStore, request: RestoredRequest) {
    this.#store = store
    this.#request = request
    const { restorePoints, historySigns }: Dialect = dialectById(request.dialect)
    this.#rules = {
      pointsOf: restorePoints ?? (() => ({ points: [], ended: [] })),
      historySigns: historySigns ?? [],
      onHistory: (id) => this.#remember(id),
      book: {
        prefix: store.prefix,
        valueOf: (placeholder) => store.vault.valueOf(request.client, placeholder),
        onRestored: () => {
          this.restored += 1
        },
        onMiss: () => {
          this.misses += 1
        },
      },
    }
  }

  /** `null`: the response holds no text in which anything could be put back. */
  body({ contentType, room }: BodyLines): BodyRestorer | null {
    if (!canRestore(this.#request.dialect)) return null
    const onUnrestored = (why: UnrestoredReason): void => {
      this.unrestored ??= why
    }
    const restoreLarge = (bytes: Uint8Array): Promise<Uint8Array | null> | null => this.#elsewhere(bytes)
    return createBodyRestorer({ rules: this.#rules, contentType, room, onUnrestored, restoreLarge })
  }

  #elsewhere(body: Uint8Array): Promise<Uint8Array | null> | null {
    const { client, dialect } = this.#request
    const asked = this.#store.restoreLarge?.({ client, dialect, body }) ?? null
    return asked?.then((done) => this.#noted(done, body)) ?? null
  }

  #noted(done: RestoredLarge | null, body: Uint8Array): Uint8Array | null {
    if (done === null) return null
    this.restored += done.restored
    this.misses += done.misses
    if (done.history !== null) this.#remember(done.history)
    return done.body ?? body
  }

  /** For such a response: placeholders that reach the client are counted. `null`: he has none that could. */
  watch(): BodyRestorer | null {
    if (this.#store.vault.valuesOf(this.#request.client).size === 0) return null
    return new PlaceholderWatch(this.#store.prefix, () => {
      this.misses += 1
      this.unrestored ??= 'dialect'
    })
  }

  /** What goes out for one event of an open connection, in order; `null`: itself. */
  event(bytes: Buffer): readonly Uint8Array[] | null {
    this.#events ??= new EventRestorer<null>(this.#rules, () => null)
    if (!this.#events.isOfInterest(bytes)) return null
    return this.#events.push({ data: bytes, frame: null })?.map(({ data }) => data) ?? null
  }

  /** The provider will remember the request and its answer: their placeholders, and those of what they go on from. */
  #remember(id: string): void {
    const { client, histories, placeholders, isRead } = this.#request
    if (!isRead) return
    if (this.#history === null) {
      const known = histories.map((before) => this.#store.vault.historyOf(client, before))
      if (known.includes(null)) return
      // Most turns add nothing: they share what was known before.
      const [only] = known
      const adds = placeholders.some((placeholder) => only?.has(placeholder) !== true)
      this.#history =
        known.length === 1 && !adds && only != null
          ? only
          : new Set([...known.flatMap((set) => [...(set ?? [])]), ...placeholders])
    }
    this.#store.vault.keepHistory(client, id, this.#history)
  }
}
