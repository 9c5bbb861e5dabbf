/**
 * What one exchange says, kept for the auditors: sealed as soon as it was looked through, with everything that was found
 * replaced, also where the text that goes upstream keeps it. Only for tiers of which the policy says so.
 */
import type { UsageReader } from '../dialects/dialect.ts'
import type { SealedPart } from '../domain/audit-event.ts'
import type { Client } from '../domain/client.ts'
import type { SealMode } from '../domain/decision.ts'
import { type Findings, SEVERITIES } from '../domain/finding.ts'
import type { BodyReading } from './act.ts'
import type { InspectPort, SealPort } from './ports.ts'

export interface SealingPorts {
  readonly seal: SealPort
  readonly inspect: InspectPort
}

export interface SealingOf {
  readonly flow: string
  readonly client: Client
  readonly mode: Exclude<SealMode, 'none'>
}

/** Collects and seals; one per exchange. */
export class Sealing {
  readonly #ports: SealingPorts
  readonly #of: SealingOf
  readonly #jobs: Promise<SealedPart>[] = []
  #request: Gathered | null = null
  /** A large message is masked in turns; those behind it wait for it. */
  #masking: Promise<void> | null = null
  #response: Gathered | null = null

  constructor(ports: SealingPorts, of: SealingOf) {
    this.#ports = ports
    this.#of = of
  }

  /** A body, or one message of many, that was looked through. `isLast`: no further one follows, it need not be held. */
  request({ text, findings, unread }: BodyReading, contentType: string | null, isLast: boolean): void {
    if (text === null) return
    const gathered = (this.#request ??= new Gathered(this.#ports.seal.maxBytes, contentType))
    const masked = this.#masked(text, contentType, findings)
    const isCut = unread === 'oversize'
    if (this.#masking === null && !(masked instanceof Promise)) gathered.add(masked, isCut)
    else this.#masking = Promise.all([masked, this.#masking]).then(([bytes]) => gathered.add(bytes, isCut))
    if (isLast) this.#sealRequest()
  }

  /** The same reader, which also keeps what it reads, where the policy wants the answer sealed. */
  around(reader: UsageReader, contentType: string | null): UsageReader {
    if (this.#of.mode !== 'exchange') return reader
    const gathered = new Gathered(this.#ports.seal.maxBytes, contentType)
    this.#response = gathered
    return {
      push: (chunk) => {
        gathered.add(chunk, false)
        reader.push(chunk)
      },
      end: () => reader.end(),
    }
  }

  /**
   * Takes the messages of an answer, which are sealed one a line; `null`: one that could not be read. `null` in its place:
   * the policy does not want the answer sealed.
   */
  messages(contentType: string): ((message: Uint8Array | null) => void) | null {
    if (this.#of.mode !== 'exchange') return null
    const gathered = new Gathered(this.#ports.seal.maxBytes, contentType)
    this.#response = gathered
    return (message) => {
      if (gathered.size > 0) gathered.add(LINE_END, false)
      gathered.add(message ?? NOTHING, message === null)
    }
  }

  /** What was sealed, once it is durable; a part that could not be has no digest. Never rejects. */
  async close(): Promise<readonly SealedPart[]> {
    this.#sealRequest()
    const response = this.#response
    this.#response = null
    if (response !== null && response.size > 0) this.#jobs.push(this.#sealResponse(response))
    return Promise.all(this.#jobs)
  }

  #sealRequest(): void {
    const gathered = this.#request
    this.#request = null
    if (gathered === null) return
    const masking = this.#masking
    this.#masking = null
    if (masking === null) this.#jobs.push(this.#seal('request', gathered, gathered.text()))
    else this.#jobs.push(this.#sealMasked(gathered, masking))
  }

  async #sealMasked(gathered: Gathered, masking: Promise<void>): Promise<SealedPart> {
    try {
      await masking
      return await this.#seal('request', gathered, gathered.text())
    } catch {
      return { part: 'request', digest: null }
    }
  }

  async #sealResponse(gathered: Gathered): Promise<SealedPart> {
    const text = gathered.text()
    try {
      const { findings } = await this.#ports.inspect.inspect({ body: text, contentType: PLAIN, dialect: 'generic' })
      return await this.#seal('response', gathered, await this.#masked(text, PLAIN, findings))
    } catch {
      // Not looked through: it may hold what must be kept nowhere.
      return { part: 'response', digest: null }
    }
  }

  #seal(part: SealedPart['part'], { contentType, isCut }: Gathered, text: Uint8Array): Promise<SealedPart> {
    const { flow, client } = this.#of
    return this.#ports.seal.seal({ flow, client, part, contentType, isCut, text })
  }

  /** Every finding replaced, whatever its severity, in signed parts too: this text goes nowhere but to the auditors. */
  #masked(body: Uint8Array, contentType: string | null, findings: Findings): Uint8Array | Promise<Uint8Array> {
    if (findings.length === 0) return body
    const edit = { body, contentType, dialect: 'generic', findings, severities: SEVERITIES, isAnywhere: true } as const
    const edited = this.#ports.inspect.redact(edit)
    return edited instanceof Promise ? edited.then(({ body: text }) => text) : edited.body
  }
}

const PLAIN = 'text/plain'
const LINE_END = Uint8Array.of(10)
const NOTHING = new Uint8Array(0)

/** Text up to a limit. */
class Gathered {
  readonly contentType: string | null
  readonly #maxBytes: number
  readonly #pieces: Uint8Array[] = []
  size = 0
  isCut = false

  constructor(maxBytes: number, contentType: string | null) {
    this.#maxBytes = maxBytes
    this.contentType = contentType
  }

  add(bytes: Uint8Array, isCut: boolean): void {
    const room = this.#maxBytes - this.size
    this.isCut ||= isCut || bytes.length > room
    if (room <= 0) return
    // A copy: the bytes belong to whoever streams them.
    const piece = new Uint8Array(bytes.subarray(0, room))
    this.#pieces.push(piece)
    this.size += piece.length
  }

  text(): Uint8Array {
    const text = new Uint8Array(this.size)
    let at = 0
    for (const piece of this.#pieces) {
      text.set(piece, at)
      at += piece.length
    }
    return text
  }
}
