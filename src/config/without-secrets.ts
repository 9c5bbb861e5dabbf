/**
 * Strikes secrets out of the text of `weir.yaml`, for what is kept and handed to auditors: by their place in the parsed
 * document, so that quotes, escapes, references and broken lines hide nothing, and by their look in all the rest.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseDocument, visit } from 'yaml'

const REMOVED = '[removed]'
/** Nobody could tell what such a text holds; a configuration that took effect is none. */
const NOT_SHOWN = `# ${REMOVED}: this text is no YAML\n`

interface Edit {
  readonly from: number
  readonly to: number
  readonly text: string
}

/**
 * The same text without user and password of any address, path and query of the addresses of `audit.sinks` (webhooks
 * have their token there) and the arguments of `audit.anchor.command`. Text without secrets stays as it is, byte for byte.
 * Other comments are kept.
 */
export function withoutSecrets(text: string): string {
  const document = parseDocument(text, { version: '1.2', prettyErrors: false })
  if (document.errors.length > 0) return NOT_SHOWN
  const struck = new Map<Node, string>()
  strikeSinks(document, struck)
  strikeCommand(document, struck)
  const edits: Edit[] = []
  visit(document, {
    Scalar: (_key, node) => {
      if (!node.range || typeof node.value !== 'string') return
      const [from, to] = node.range
      const written = text.slice(from, to)
      const shown = struck.get(node) ?? withoutCredentials(node.value)
      const end = /\s*$/u.exec(written)?.[0] ?? ''
      edits.push({ from, to, text: shown === node.value ? withoutHeader(written) : `${JSON.stringify(shown)}${end}` })
    },
  })
  return merged(text, edits)
}

/** Between values stand keys' colons, brackets and comments; a value that was commented out is still a secret. */
function merged(text: string, edits: readonly Edit[]): string {
  let shown = ''
  let at = 0
  for (const edit of edits.toSorted((a, b) => a.from - b.from)) {
    shown += withoutComments(text.slice(at, edit.from)) + edit.text
    at = edit.to
  }
  return shown + withoutComments(text.slice(at))
}

/** The line in front of a block (`|`, `>`) may hold a comment, too. */
const withoutHeader = (written: string): string => written.replace(/^[|>][^\n]*/u, (header) => withoutComments(header))

const withoutComments = (text: string): string =>
  text.replace(/(#[^\n]*\b(?:url|command)["']?\s*:)[^\n]+/gu, `$1 ${REMOVED}`).replace(/:\/\/\S*@/gu, `://${REMOVED}@`)

function strikeSinks(document: Document, struck: Map<Node, string>): void {
  const sinks = nodeAt(document, ['audit', 'sinks'])
  if (!isSeq(sinks)) return
  for (const index of sinks.items.keys()) {
    const url = nodeAt(document, ['audit', 'sinks', index, 'url'])
    if (isScalar(url) && typeof url.value === 'string') struck.set(url, originOf(url.value))
  }
}

/** The program alone: tokens are handed to programs as arguments. */
function strikeCommand(document: Document, struck: Map<Node, string>): void {
  const command = nodeAt(document, ['audit', 'anchor', 'command'])
  if (!isSeq(command)) return
  for (const index of [...command.items.keys()].slice(1)) {
    const argument = nodeAt(document, ['audit', 'anchor', 'command', index])
    if (argument !== null) struck.set(argument, REMOVED)
  }
}

function originOf(value: string): string {
  const url = URL.parse(value)
  if (url === null) return REMOVED
  const hasMore = url.pathname !== '/' || url.search !== '' || url.hash !== '' || isPersonal(url)
  return hasMore ? `${url.protocol}//${url.host}/${REMOVED}` : value
}

const isPersonal = ({ username, password }: URL): boolean => username !== '' || password !== ''

/** Read as programs read it: `http:user:password@host` is an address, too. */
function withoutCredentials(value: string): string {
  const url = URL.parse(value)
  if (url !== null && url.host !== '' && isPersonal(url)) {
    return `${url.protocol}//${REMOVED}@${url.host}${url.pathname === '/' ? '' : url.pathname}${url.search}`
  }
  // Addresses inside of longer text. Up to the last `@`: a password may hold others.
  return value.replace(/:\/\/[^\s/]*@/gu, `://${REMOVED}@`)
}

/** What stands there, behind references; `null`: nothing. */
function nodeAt(document: Document, keys: readonly (string | number)[]): Node | null {
  let node: unknown = document.contents
  for (const key of keys) {
    const at: unknown = isAlias(node) ? node.resolve(document) : node
    if (!isMap(at) && !isSeq(at)) return null
    node = at.get(key, true)
  }
  const found: unknown = isAlias(node) ? node.resolve(document) : node
  return isMap(found) || isSeq(found) || isScalar(found) ? found : null
}
