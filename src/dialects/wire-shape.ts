/** Questions about a request head that several dialects ask when they recognise their wire shape. */
import { headerValue } from '../domain/headers.ts'
import type { RequestHead } from '../domain/tool.ts'

/** Does the path end with these segments, whatever stands before them? A trailing slash does not count. */
export function pathEndsWith(path: string, suffix: string): boolean {
  const bare = path.endsWith('/') ? path.slice(0, -1) : path
  return bare.endsWith(suffix)
}

/** Is one of these headers there? Names in lower case. */
export const hasHeader = (head: RequestHead, ...names: readonly string[]): boolean =>
  names.some((name) => headerValue(head.headers, name) !== null)

/** The header's value in lower case, `''` when absent. */
export const lowerHeader = (head: RequestHead, name: string): string =>
  headerValue(head.headers, name)?.toLowerCase() ?? ''

/** Media type of a content type without parameters, lower case; `''` when there is none. */
export const mediaType = (contentType: string | null): string =>
  (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
