/**
 * How CEF writes text. In the header a pipe and a backslash are escaped, and there are no line breaks; in the extension
 * a backslash, an equals sign and line breaks are (`\\`, `\=`, `\n`, `\r`), and a pipe is not.
 */
import { escapeControls } from './printable.ts'

/** A key of CEF's dictionary and its value; `undefined` is left out. */
export type CefField = readonly [key: string, value: string | number | undefined]

/** Characters that CEF's dictionary allows per key; what is longer ends in `…`. Those not named here have 1023. */
const MAX_CHARS: Readonly<Record<string, number>> = {
  act: 63,
  app: 31,
  cs1: 4000,
  cs2: 4000,
  cs3: 4000,
  cs4: 4000,
  cs5: 4000,
  cs6: 4000,
  deviceExternalId: 255,
  externalId: 40,
  proto: 31,
}
const MAX_OTHER = 1023
const MAX_HEADER = 512

/** `CEF:0|vendor|product|version|class|name|severity`, without the pipe behind it. */
export const cefHeader = (parts: readonly string[]): string => `CEF:0|${parts.map(headerText).join('|')}`

const headerText = (text: string): string =>
  escapeControls(cut(text.toWellFormed(), MAX_HEADER).replaceAll(/[\r\n]+/gu, ' ')).replaceAll(/[\\|]/gu, '\\$&')

/** `key=value` pairs with a blank between them. */
export const cefExtension = (fields: readonly CefField[]): string =>
  fields.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${extensionText(key, value)}`])).join(' ')

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '=': '\\=', '\n': '\\n', '\r': '\\r' }

/** Line breaks get CEF's own escape; any other control or direction character is shown as `\\u001b`. */
function extensionText(key: string, value: string | number): string {
  if (typeof value === 'number') return String(value)
  const text = cut(value.toWellFormed(), MAX_CHARS[key] ?? MAX_OTHER)
  return text
    .split(/([\r\n])/u)
    .map((part) => (part === '\n' || part === '\r' ? part : escapeControls(part)))
    .join('')
    .replaceAll(/[\\=\n\r]/gu, (char) => ESCAPES[char] ?? char)
}

/** Cut between characters, never inside one that takes two units. */
function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  const end = maxChars - 1
  const isInside = (text.codePointAt(end - 1) ?? 0) > 0xffff
  return `${text.slice(0, isInside ? end - 1 : end)}…`
}
