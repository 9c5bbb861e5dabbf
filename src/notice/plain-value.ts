/** Makes a value safe to stand in a terminal, a header-free body and a page: one line, visible characters, bounded. */

/** Characters (code points) of a value that a notice shows. */
export const MAX_VALUE_CHARS = 200

/**
 * Control characters (ANSI escapes with them), invisible format characters (bidi overrides, zero width) and line
 * separators are removed, lone surrogates replaced; beyond 200 characters the rest is cut and marked with `…`.
 */
export function plainValue(text: string): string {
  // Cut roughly first, so that a value of megabytes costs nothing.
  const bounded = text.slice(0, MAX_VALUE_CHARS * 8).toWellFormed()
  const visible = bounded
    .replaceAll(/[\t\n\v\f\r\u0085\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
    .trim()
  const characters = Array.from(visible)
  if (characters.length <= MAX_VALUE_CHARS) return visible
  return `${characters.slice(0, MAX_VALUE_CHARS - 1).join('')}…`
}
