/** Times on the command line: RFC 3339, or how long ago. */

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** RFC 3339 in UTC of `2026-11-22T10:00:00Z`, or of `15m`, `2h`, `7d` before `nowMs`; `null` for anything else. */
export function readTime(text: string, nowMs: number): string | null {
  const ago = /^(\d{1,6})([smhdw])$/u.exec(text)
  if (ago !== null) return new Date(nowMs - Number(ago[1]) * (UNIT_MS[ago[2] ?? ''] ?? 0)).toISOString()
  const isRfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/iu.test(text)
  const ms = isRfc3339 ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? null : new Date(ms).toISOString()
}
