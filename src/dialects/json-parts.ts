/** Turns the string leaves of a JSON body into text parts, by a table of key names that each dialect brings. */
import {
  decodeJsonString,
  type JsonPlace,
  type JsonVisitor,
  jsonPath,
  scanJson,
  scanJsonInPieces,
} from '../wire/json-spans.ts'
import type { PartsMemory, TextPart } from './dialect.ts'
import { knownParts, nothingRead, type ReadSoFar } from './known-parts.ts'
import { isBase64Media } from './media.ts'

/**
 * Which keys mean what. A leaf under a key that no list names is text: what is not known to be harmless is looked at.
 * A leaf in an array counts under the array's key.
 */
export interface JsonKeys {
  /** Ids, roles, types, names: not text as long as the value is a plain name (`isPlainName`) and too short for a secret. */
  readonly names: ReadonlySet<string>
  /** Signed or encrypted values: parts that must not be edited. */
  readonly signed: ReadonlySet<string>
  /** Everything inside these is the tool's or the person's own: all text, whatever its keys are called. */
  readonly free: ReadonlySet<string>
  /** Everything inside these is signed as a whole. */
  readonly signedInside: ReadonlySet<string>
  /** Strings that hold JSON which a model wrote. */
  readonly jsonText?: ReadonlySet<string>
  /** Members of the document that name a history which the provider keeps: the id, or an object with one. */
  readonly histories?: ReadonlySet<string>
}

export type JsonParts =
  | {
      readonly ok: true
      readonly parts: TextPart[] /** Top-level `model`, the last one. */
      readonly model: string | null
      readonly media?: readonly TextPart[]
      readonly histories?: readonly string[]
    }
  | { readonly ok: false }

const ORDINARY = 0
const FREE = 1
const SIGNED = 2
const ROLES = 3

interface JsonPartsInput {
  readonly body: Uint8Array
  readonly keys: JsonKeys
  /** Part of the body that is the document; all of it when left out. */
  readonly start?: number
  readonly end?: number
  /** Prefix of every `field`. */
  readonly within?: string
  /** Nothing in it may be edited, e.g. because its length is told elsewhere. */
  readonly isFixed?: boolean
}

/** Text parts of one JSON document; `ok: false` when it is not JSON. */
export function jsonParts(input: JsonPartsInput): JsonParts {
  const { body, start = 0, end = body.length } = input
  const read = nothingRead()
  return scanJson(body, visitorOf(input, read), start, end).ok ? partsOf(read) : { ok: false }
}

/** The same of a body that is one document. What `memory` knows of it is not read again. */
export function jsonPartsOfBody(body: Uint8Array, keys: JsonKeys, memory: PartsMemory | undefined): JsonParts {
  const { soFar, pauses, keep } = knownParts(memory, keys, body)
  if (!scanJsonInPieces(body, visitorOf({ body, keys }, soFar), pauses).ok) return { ok: false }
  keep()
  return partsOf(soFar)
}

const partsOf = ({ parts, media, histories, model }: ReadSoFar): JsonParts => ({
  ok: true,
  parts,
  model,
  ...(media.length === 0 ? {} : { media }),
  ...(histories.length === 0 ? {} : { histories }),
})

/** Adds to `read` what a scan sees. */
function visitorOf({ body, keys, within = '', isFixed = false }: JsonPartsInput, read: ReadSoFar): JsonVisitor {
  const { parts, media, histories } = read
  /** Names that were found harmless: they repeat thousands of times. */
  const ordinary = new Set<string>()
  const marks = new Marks(keys)
  const add = (from: number, to: number, place: JsonPlace, isEditable: boolean, isName = false): void => {
    const isJson = keys.jsonText?.has(marks.nearestName(place)) === true
    const isOpen = isEditable && !isFixed
    parts.push(new JsonTextPart({ start: from, end: to, place, isEditable: isOpen, isName, isJson, within }))
  }
  return {
    enter: (key, inherited) => {
      read.containers += 1
      return marks.enter(key, inherited)
    },
    name: (from, to, key, parent) => {
      if (ordinary.has(key)) return
      if (isOrdinaryKey(key)) ordinary.add(key)
      else {
        read.hasOddName = true
        add(from, to, { parent, key, mark: parent.mark }, true)
      }
    },
    string: (from, to, place) => {
      if (place.key === 'model' && place.parent !== null && place.parent.parent === null) {
        read.model = decodeJsonString(body, from, to)
      }
      if (from < to && isHistory(keys, place)) histories.push(decodeJsonString(body, from, to))
      if (from === to) return
      const name = marks.nearestName(place)
      if (MEDIA_KEY.test(name) && isBase64Media(body, from, to)) {
        const field = formatField(jsonPath(place), within)
        media.push({ start: from, end: to, escaping: 'json', field, isEditable: false, isMedia: true })
        return
      }
      const role = marks.leafRole(place, name)
      const isName = role === 'name' && isPlainName(body, from, to)
      if (isName && !mayBeSecret(body, from, to)) return
      add(from, to, place, role !== 'signed', isName)
    },
  }
}

/** The member itself, or its `id`. */
function isHistory({ histories }: JsonKeys, place: JsonPlace): boolean {
  if (histories === undefined || place.parent === null) return false
  const member = place.key === 'id' && place.parent.parent !== null ? place.parent : place
  return member.parent !== null && member.parent.parent === null && histories.has(String(member.key))
}

/**
 * What a leaf inherits from its containers, in one number: the role, and the nearest name above it. Asked for upwards, a
 * leaf in many arrays inside each other would cost as many steps.
 */
class Marks {
  readonly #keys: JsonKeys
  readonly #names: string[] = ['']
  readonly #numbers = new Map<string, number>([['', 0]])

  constructor(keys: JsonKeys) {
    this.#keys = keys
  }

  enter(key: string | number, inherited: number): number {
    if (typeof key === 'number') return inherited
    const role = inherited % ROLES
    return this.#numberOf(key) * ROLES + (role === ORDINARY ? this.#roleOf(key) : role)
  }

  /** Of an element of an array, the name of the array. */
  nearestName({ key, mark }: JsonPlace): string {
    return typeof key === 'number' ? (this.#names[Math.floor(mark / ROLES)] ?? '') : key
  }

  leafRole({ mark }: JsonPlace, name: string): 'text' | 'name' | 'signed' {
    const role = mark % ROLES
    if (role === FREE) return 'text'
    if (role === SIGNED || this.#keys.signed.has(name)) return 'signed'
    return this.#keys.names.has(name) ? 'name' : 'text'
  }

  #roleOf(key: string): number {
    if (this.#keys.signedInside.has(key)) return SIGNED
    return this.#keys.free.has(key) ? FREE : ORDINARY
  }

  #numberOf(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    this.#names.push(name)
    this.#numbers.set(name, this.#names.length - 1)
    return this.#names.length - 1
  }
}

/** Member names beyond this look like data that was made a key; they are reported as text and never shown in `field`. */
const ORDINARY_KEY = /^[A-Za-z_$][A-Za-z0-9_.$-]{0,31}$/u

/** No key of any service is shorter. */
const MIN_SECRET_BYTES = 16
/** So long, and with digits or all in capitals: it may be a word of a protocol, or `AKIA…`. */
const MAYBE_SECRET_KEY = /^(?=.{16})(?:.*\d|[A-Z]+$)/u

/** Under which keys pictures, sounds and documents stand. Elsewhere a text that begins like one may go on as a text. */
const MEDIA_KEY =
  /data|bytes|blob|b64|base64|image|img|photo|picture|screenshot|thumbnail|audio|video|media|pdf|file|ur[il]|src/iu

const isOrdinaryKey = (key: string | number): boolean =>
  typeof key === 'number' || key === '' || (ORDINARY_KEY.test(key) && !MAYBE_SECRET_KEY.test(key))

const MAX_NAME_BYTES = 80
/** 2: letter, 1: digit or a sign that ids, types and model names are written with, 0: anything else. */
const NAME_BYTES = new Uint8Array(256)
for (let byte = 0; byte < 128; byte += 1) {
  const letter = String.fromCharCode(byte)
  NAME_BYTES[byte] = /[a-z]/iu.test(letter) ? 2 : /[\w.:/$#?+-]/u.test(letter) ? 1 : 0
}

/**
 * Can the value of a structural key be left out? Only when it is short, without spaces, `@` or escapes, and not mostly
 * digits: an e-mail address, a card number or a sentence under `id` is text like any other.
 */
export function isPlainName(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > MAX_NAME_BYTES) return false
  let letters = 0
  for (let index = start; index < end; index += 1) {
    const kind = NAME_BYTES[bytes[index] ?? 0]
    if (kind === 0) return false
    if (kind === 2) letters += 1
  }
  return letters >= 3 || end - start < 8
}

/** Is a plain name long enough for a key of some service, and not only lower-case words? */
function mayBeSecret(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < MIN_SECRET_BYTES) return false
  let hasLower = false
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index] ?? 0
    if (byte >= 0x30 && byte <= 0x39) return true
    hasLower ||= byte >= 0x61 && byte <= 0x7a
  }
  return !hasLower
}

/** Levels of a path that `field` shows; events stay small however deep a document is. */
const MAX_FIELD_LEVELS = 12

interface JsonTextPartInput {
  readonly start: number
  readonly end: number
  readonly place: JsonPlace
  readonly isEditable: boolean
  readonly isName: boolean
  readonly isJson: boolean
  readonly within: string
}

/** A part whose `field` is written only when somebody reads it: most parts have no finding. */
class JsonTextPart implements TextPart {
  readonly start: number
  readonly end: number
  readonly escaping = 'json'
  readonly isEditable: boolean
  readonly isName: boolean
  readonly isJson: boolean
  private readonly place: JsonPlace
  private readonly within: string

  constructor({ start, end, place, isEditable, isName, isJson, within }: JsonTextPartInput) {
    this.start = start
    this.end = end
    this.isEditable = isEditable
    this.isName = isName
    this.isJson = isJson
    this.place = place
    this.within = within
  }

  get field(): string {
    return formatField(jsonPath(this.place), this.within)
  }
}

/** `messages[0].content[1].text`; keys that look like data are shown as `*`, since fields stand in audit events. */
export function formatField(path: readonly (string | number)[], within = ''): string {
  let field = within
  for (const key of path.slice(0, MAX_FIELD_LEVELS)) {
    if (typeof key === 'number') field += `[${String(key)}]`
    else field += `${field === '' ? '' : '.'}${isOrdinaryKey(key) && key !== '' ? key : '*'}`
  }
  return path.length > MAX_FIELD_LEVELS ? `${field}…` : field
}
