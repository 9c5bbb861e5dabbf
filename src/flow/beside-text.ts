/**
 * What a request says beside its body: values of its query and of headers that are not of HTTP's own. They are looked
 * through like a body and never edited. What is the tool's own credential by its name is left out: it belongs there.
 */
import type { RequestHead } from '../domain/tool.ts'

export interface BesideText {
  /** JSON: `{"query": {…}, "header": {…}}`, so that findings say where they stand. */
  readonly json: Uint8Array
  /** Something stands in the query. */
  readonly hasQuery: boolean
}

/** Names of keys, tokens, cookies and signatures. */
const CREDENTIAL = /auth|key|token|secret|cookie|credential|signature|session|csrf|xsrf|passw|^x-amz-|^sig$/iu
/** Headers of HTTP itself (RFC 9110), of what carries it, and of AI tools and SDKs: programs write them, no text goes in them. */
const ORDINARY = new RegExp(
  `^(?:${[
    'accept(?:-.*)?|age|alt-used|baggage|b3|cache-control|connection|content-.*|date|dnt|expect|forwarded|from|grpc-.*',
    'host|if-.*|keep-alive|max-forwards|origin|pragma|prefer|priority|proxy-.*|range|referer|sec-.*|sentry-.*|te',
    'trace(?:parent|state)|trailer|transfer-encoding|upgrade(?:-.*)?|user-agent|via|x-forwarded-.*|x-request-id',
    '.*-version|anthropic-.*|openai-.*|x-stainless-.*|x-goog-api-client|x-dashscope-useragent|copilot-.*|originator',
    'x-app|x-service-name|x-interaction-type|x-initiator|chatgpt-account-id|x-codex-(?:beta-features|window-id)|mcp-method',
  ].join('|')})$`,
  'u',
)
/** A shorter value is no secret. */
const MIN_CHARS = 8

type Values = Record<string, string | string[]>

/** `query`: with or without its `?`. `null`: there is nothing to look at. */
export function besideText({ headers }: Pick<RequestHead, 'headers'>, query: string): BesideText | null {
  const inQuery = queryValues(query)
  const inHeaders: Values = {}
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase()
    const value = headers[index + 1] ?? ''
    if (value.length >= MIN_CHARS && !ORDINARY.test(name) && !CREDENTIAL.test(name)) add(inHeaders, name, value)
  }
  const hasQuery = Object.keys(inQuery).length > 0
  if (!hasQuery && Object.keys(inHeaders).length === 0) return null
  return { json: new TextEncoder().encode(JSON.stringify({ query: inQuery, header: inHeaders })), hasQuery }
}

/** A name without a value may be all there is (`?text`). */
function queryValues(query: string): Values {
  const values: Values = {}
  if (query.length <= MIN_CHARS) return values
  for (const [name, value] of new URLSearchParams(query)) {
    if (value === '' && name.length >= MIN_CHARS) add(values, '*', name)
    else if (value.length >= MIN_CHARS && !CREDENTIAL.test(name)) add(values, name, value)
  }
  return values
}

function add(values: Values, name: string, value: string): void {
  const before = Object.hasOwn(values, name) ? values[name] : undefined
  const all = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  // `__proto__` is a name like any other.
  Object.defineProperty(values, name, { value: all, enumerable: true, configurable: true, writable: true })
}
