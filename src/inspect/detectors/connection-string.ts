/** Passwords inside URLs: `scheme://user:password@host`. Only the password is marked, so that the rest can be read. */
import { isMadeUp } from './randomness.ts'
import type { Span } from './span.ts'

const LOGIN = /:\/\/([^\s:/@"'`<>\\]{0,128}):([^\s/@"'`<>\\]{1,256})@([\w.-]{1,255}|\[[0-9a-fA-F:]{2,45}\])/y
const SCHEME = /(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,30}$/
const TRIVIAL =
  /^(?:pass(?:word)?|passwd|pwd|pw|secret|token|user|username|admin|root|postgres|mysql|guest|test|x-oauth-basic|p|x+|\*+|\.+)$/i

/** `start` is where `://` starts. */
export function findUrlPassword(text: string, start: number): Span | null {
  if (!SCHEME.test(text.slice(Math.max(0, start - 32), start))) return null
  LOGIN.lastIndex = start
  const match = LOGIN.exec(text)
  if (match === null) return null
  const [, user = '', password = '', host = ''] = match
  if (TRIVIAL.test(password) || password === user || isTemplate(password) || isMadeUp(password)) return null
  if (/(?:^|\.)example\.(?:com|org|net)$/i.test(host) && password.length < 8) return null
  const from = start + 3 + user.length + 1
  return { start: from, end: from + password.length }
}

/** Filled in when the program runs: `${DB_PASS}`, `$PASS`, `%s`, `{password}`, `<password>`, `[PASSWORD]`. */
function isTemplate(password: string): boolean {
  return /^[$%{[<(#]|^:|[}\])>]$|\$\{|%\(|^[A-Z][A-Z0-9_]*$(?<=_[A-Z0-9_]*)/.test(password)
}
