/** What `weir token` prints: a new token once, and lists without secrets. */
import type { WeirConfig } from '../config/schema.ts'
import type { StoredToken } from '../state/token-store.ts'

export type TokenState = 'good' | 'expired' | 'revoked'

export const stateOf = ({ revokedMs, expiresMs }: StoredToken, nowMs: number): TokenState => {
  if (revokedMs !== null) return 'revoked'
  return expiresMs !== null && expiresMs <= nowMs ? 'expired' : 'good'
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/** A token as JSON and lists show it. */
export const tokenFacts = (token: StoredToken, nowMs: number): Record<string, unknown> => ({
  id: token.id,
  user: token.user,
  groups: token.groups,
  device: token.device,
  note: token.note,
  state: stateOf(token, nowMs),
  created: iso(token.createdMs),
  expires: iso(token.expiresMs),
  lastUsed: iso(token.lastUsedMs),
  revoked: iso(token.revokedMs),
})

/** What programs are given as `HTTPS_PROXY`. A proxy that listens on all addresses has no name here: the reader fills it in. */
export function proxyUrl({ proxy }: WeirConfig, user: string, token: string): string {
  const [listen = ''] = proxy.listen
  const port = listen.replace(/^.*:/u, '')
  const host = /^(?:0\.0\.0\.0|\[::\]):/u.test(listen) ? 'PROXY-HOST' : listen.slice(0, -port.length - 1)
  const shownPort = port === '0' ? 'PORT' : port
  return `${proxy.tls === null ? 'http' : 'https'}://${encodeURIComponent(user)}:${token}@${host}:${shownPort}`
}

const COLUMNS = ['id', 'user', 'state', 'expires', 'last used', 'groups', 'device', 'note'] as const

/** One line each; times to the day. Names are plain when they were made, so nothing in them can steer a terminal. */
export function tokenTable(tokens: readonly StoredToken[], nowMs: number): string {
  const day = (ms: number | null, none: string): string => iso(ms)?.slice(0, 10) ?? none
  const rows = tokens.map((token): string[] => [
    token.id,
    token.user,
    stateOf(token, nowMs),
    day(token.expiresMs, 'never'),
    day(token.lastUsedMs, 'never'),
    token.groups.join(','),
    token.device ?? '',
    token.note ?? '',
  ])
  const lines = [COLUMNS, ...rows]
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
