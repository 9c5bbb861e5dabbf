/** Passwords inside URLs: `scheme://user:password@host`. Only the password is marked, so that the rest can be read. */
import { Buffer } from 'node:buffer'
import { asciiTable } from './ascii-table.ts'
import { isMadeUp } from './randomness.ts'
import type { Span } from './span.ts'
import { DIGITS, FOREIGN, marksOf, SMALLS, TEMPLATE, UNDERSCORE } from './value-marks.ts'

/** The first `@` behind which a host stands and no further `@`: people forget to escape those of passwords. */
const LOGIN =
  /:\/\/([^\s:/@"'`<>\\]{0,128}):([^\s/"'`<>\\?#]{3,256}?)@([\w.-]{1,255}|\[[0-9a-fA-F:]{2,45}\])(?![\w.@-])/y
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
  if (isTrivialPassword(password) || password === user) return null
  if (/(?:^|\.)example\.(?:com|org|net)$/i.test(host) && password.length < 8) return null
  const from = start + 3 + user.length + 1
  return { start: from, end: from + password.length }
}

/** A stand-in, a template, or a word that documentation uses: no secret. `marks` are its own (`marksOf`). */
export function isTrivialPassword(password: string, marks: number = marksOf(password)): boolean {
  if ((marks & DIGITS) === 0 && TRIVIAL.test(password)) return true
  return (mayBeTemplate(password, marks) && isTemplate(password)) || isMadeUp(password)
}

/** It has a mark of templates, or begins or ends with one; or it is a name of capital letters. */
const mayBeTemplate = (password: string, marks: number): boolean =>
  (marks & (TEMPLATE | FOREIGN)) !== 0 ||
  ((marks & UNDERSCORE) !== 0 && (marks & SMALLS) === 0) ||
  ENDS_TEMPLATE[password.charCodeAt(0)] === 1 ||
  ENDS_TEMPLATE[password.charCodeAt(password.length - 1)] === 1

const ENDS_TEMPLATE = asciiTable(/[[\](){}<>#:]/)

/** `user:password` in base64 (RFC 7617), with a password that is one. */
export function isBasicCredentials(value: string): boolean {
  const decoded = Buffer.from(value, 'base64').toString('latin1')
  const [, user = '', password = ''] = /^([^:\x00-\x1f]{0,128}):([^\x00-\x1f]{1,256})$/.exec(decoded) ?? []
  return password !== '' && password !== user && !isTrivialPassword(password)
}

/** Filled in when the program runs: `${DB_PASS}`, `$PASS`, `%s`, `{password}`, `<password>`, `[PASSWORD]`. */
function isTemplate(password: string): boolean {
  return /^[${[<(#]|^%[sdv({]|^:|[}\])>]$|\$\{|%\(|^[A-Z][A-Z0-9_]*$(?<=_[A-Z0-9_]*)/.test(password)
}
