/**
 * What stands between the name of a secret and its value: closing quotes, a type, an operator, opening quotes. The common
 * joints are read character by character; all others by one regular expression, which is what they are measured against.
 */
import { asciiTable } from './ascii-table.ts'

/** What joins a name to a value. */
export interface Joint {
  /** `=`, `:`, `is` and the like; empty: the value only stands beside the name. */
  readonly operator: string
  /** As written, with its backslashes; empty: none. */
  readonly quote: string
  readonly valueStart: number
}

/** After a name: closing quotes and brackets, `for whom`, a type. */
const CLOSING = String.raw`(?:\\{0,3}["'\`*]|\*\*)?[\])}]{0,2}(?: (?:for|of|to|on|in) [\w.@-]{1,30})?[ \t]{0,16}`
const TYPE = String.raw`(?:(?:[?!]?:[ \t]?&?|\*?)(?:str|string|String|char|Final|final|\w{0,12}String|\[\]byte)[\w<>[\]?' ]{0,12}[ \t]{0,4}(?==))?`
/** What assigns: operators of languages, of sentences, of tables; the name as the value of another field. */
const OPERATOR = String.raw`(<-|[=-]>|-(?= ["'\`])|to(?= ["'])|>\s{0,20}<value>|:{1,3}=|\?\?=?|\|\|=?|\|(?= )|[?+.]=|={1,3}|::?|[,(>]|(?:is|was|are)(?=[ :])|是[：:]|[为是は：＝는은]|</[\w:-]{1,20}>\s{0,20}<[\w:-]{1,20}>|%3[ADad]|(?=[ \t])|(?=\r?\n[ \t]{0,40}value:))`
const FIELD = String.raw`(?:["']?(?:value|val|Value|content|default)["']?[ \t]?[=:][ \t]?)?`
/** Before a value: a call that makes it a string, opening quotes also of nested strings and in percent code, a scheme. */
const MAKING = String.raw`(?:(?:(?:Secret)?String::(?:from|new)|Secret::new|new String|str|bytes|\[\]byte)\((?=["'\`]))?`
const OPENING = String.raw`${MAKING}(?:[bfruBRU@$]{0,2}((?:["'](?=\\))?\\{0,3}["'\`]|「|“)|%2[27])?(?:(?:[Bb]earer|[Tt]oken|SSWS|ApiKey|Key|\{?AQAAABAAA)[ \t])?`
/** Group 1 is the operator, 2 the opening quote. */
const JOINT = new RegExp(
  `${CLOSING}(?:%22|%27)?${TYPE}${OPERATOR}[ \\t]{0,8}(?:!!str )?(?:[|>][+-]?(?=\\r?\\n))?(?:\\r?\\n[ \\t]{0,40})?${FIELD}${OPENING}`,
  'y',
)

/** What joins the name that ends at `nameEnd` to a value; `null`: nothing does. */
export const readJoint = (text: string, nameEnd: number): Joint | null =>
  readCommonJoint(text, nameEnd) ?? readAnyJoint(text, nameEnd)

/** Any joint there is. */
export function readAnyJoint(text: string, nameEnd: number): Joint | null {
  JOINT.lastIndex = nameEnd
  const match = JOINT.exec(text)
  if (match === null) return null
  const [{ length }, operator = '', quote = ''] = match
  return { operator, quote, valueStart: nameEnd + length }
}

const IS_QUOTE = asciiTable(/["'`]/)
/** What an unquoted value of a common joint begins with. */
const IS_PLAIN = asciiTable(/[\w@$/#^]/)
const IS_WORD = asciiTable(/\w/)
/** What may stand before opening quotes. */
const IS_PREFIX = asciiTable(/[bfruBRU@$]/)

/** Two characters that may begin what is no value: types, fields, makers of strings, schemes. */
const BEGINS_OTHER = pairsOf('St st Se ne by ch Fi fi va Va co de Be be To to SS Ap AQ {A Ke')
/** Of words before a value that only stands beside the name. */
const BEGINS_VERB = pairsOf('fo of to on in is wa ar')

function pairsOf(words: string): Uint8Array {
  const table = new Uint8Array(0x4000)
  for (const word of words.split(' ')) table[pairAt(word, 0)] = 1
  return table
}

/** Of two ASCII characters; 0: of others. */
function pairAt(text: string, at: number): number {
  const first = text.charCodeAt(at)
  const second = text.charCodeAt(at + 1)
  return first < 128 && second < 128 ? (first << 7) | second : 0
}

const MOST_BLANKS = 8
const LONGEST_TYPE = 12
const SPACE = 0x20
const BACKSLASH = 0x5c
const CAPITAL_S = 0x53
const EQUALS = 0x3d
const COLON = 0x3a
const GREATER = 0x3e

/**
 * `=`, `:`, a sign of Chinese, or blanks alone; blanks around it; quotes that nothing escapes. `null`: perhaps another one,
 * perhaps none.
 */
export function readCommonJoint(text: string, nameEnd: number): Joint | null {
  const closed = IS_QUOTE[text.charCodeAt(nameEnd)] === 1 ? nameEnd + 1 : nameEnd
  const from = skipSpaces(text, closed)
  const operator = operatorAt(text, from, from > closed)
  if (operator === null || from - closed > MOST_BLANKS) return null
  const behind = from + operator.length
  const at = skipSpaces(text, behind)
  if (at - behind > MOST_BLANKS) return null
  if (IS_QUOTE[text.charCodeAt(at)] === 1) {
    if (text.charCodeAt(at + 1) === BACKSLASH || BEGINS_OTHER[pairAt(text, at + 1)] === 1) return null
    return { operator, quote: text.charAt(at), valueStart: at + 1 }
  }
  if (!isPlainValue(text, at) || ((operator === ':' || operator === '') && mayBeType(text, at))) return null
  return operator === '' && BEGINS_VERB[pairAt(text, at)] === 1 ? null : { operator, quote: '', valueStart: at }
}

function skipSpaces(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) === SPACE) at += 1
  return at
}

/** `null`: none of the common ones. */
function operatorAt(text: string, at: number, isBehindSpace: boolean): string | null {
  const code = text.charCodeAt(at)
  const next = text.charCodeAt(at + 1)
  if (code === EQUALS) return next === EQUALS || next === GREATER ? null : '='
  if (code === COLON) return next === EQUALS || next === COLON ? null : ':'
  if (code > 0x7f) return CHINESE.get(code) ?? null
  return isBehindSpace && (IS_PLAIN[code] === 1 || IS_QUOTE[code] === 1) ? '' : null
}

const CHINESE: ReadonlyMap<number, string> = new Map(
  ['为', '是', 'は', '：', '＝'].map((sign) => [sign.charCodeAt(0), sign]),
)

/** A value, and nothing that a regular expression had to tell from one. */
function isPlainValue(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (IS_PLAIN[code] !== 1 || BEGINS_OTHER[pairAt(text, at)] === 1) return false
  return IS_PREFIX[code] !== 1 || !(mayOpen(text.charCodeAt(at + 1)) || mayOpen(text.charCodeAt(at + 2)))
}

const mayOpen = (code: number): boolean => IS_QUOTE[code] === 1 || code === BACKSLASH || code > 0x7f

/** `SecureString`: the type of a value that follows. */
function mayBeType(text: string, from: number): boolean {
  for (let at = from; at <= from + LONGEST_TYPE && IS_WORD[text.charCodeAt(at)] === 1; at += 1) {
    if (text.charCodeAt(at) === CAPITAL_S && text.startsWith('String', at)) return true
  }
  return false
}
