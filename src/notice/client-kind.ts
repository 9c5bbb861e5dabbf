/** Tells a person's browser, who gets a page, from a program, which gets an error in its own format. */
import { headerValue } from '../domain/headers.ts'
import type { RequestHead } from '../domain/tool.ts'

export type ClientKind = 'navigation' | 'program'

/** Headers that browsers do not send when a person opens a page. */
const API_MARKS = [
  'authorization',
  'x-api-key',
  'x-goog-api-key',
  'api-key',
  'anthropic-version',
  'openai-beta',
  'x-stainless-lang',
  'x-requested-with',
  'mcp-protocol-version',
  'connect-protocol-version',
]

/** `sec-fetch-mode: navigate`, or a GET that accepts `text/html` and has no mark of a program. */
export function clientKind(head: RequestHead): ClientKind {
  const mode = headerValue(head.headers, 'sec-fetch-mode')?.toLowerCase()
  if (mode === 'navigate') return 'navigation'
  // Browsers that say another mode are running a page's script; SDKs on Node's fetch say `cors`.
  if (mode !== undefined || (head.method !== 'GET' && head.method !== 'HEAD')) return 'program'
  const accept = headerValue(head.headers, 'accept')?.toLowerCase() ?? ''
  const isMarked = API_MARKS.some((name) => headerValue(head.headers, name) !== null)
  return accept.includes('text/html') && !isMarked ? 'navigation' : 'program'
}
