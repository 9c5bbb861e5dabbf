/** How long a token is to be good: a span from now, a time, or forever. */

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 }
/** Ten years: what is meant to be longer is `never`. */
const MAX_MS = 3650 * 86_400_000

export type Expiry =
  | { readonly ok: true; readonly atMs: number | null }
  | { readonly ok: false; readonly problem: string }

/** `90d`, `12h`, `4w`, RFC 3339, or `never`. `nowMs`: milliseconds since the epoch. */
export function readExpiry(text: string, nowMs: number): Expiry {
  if (text === 'never') return { ok: true, atMs: null }
  const span = /^(\d{1,6})([hdw])$/u.exec(text)
  const atMs = span === null ? readDate(text) : nowMs + Number(span[1]) * (UNIT_MS[span[2] ?? ''] ?? 0)
  if (Number.isNaN(atMs))
    return { ok: false, problem: 'write `--expires` as 90d, 12h, 4w, 2027-06-30T00:00:00Z or never' }
  if (atMs <= nowMs) return { ok: false, problem: '`--expires` lies in the past' }
  if (atMs > nowMs + MAX_MS)
    return { ok: false, problem: '`--expires` is more than ten years away: say `never` if you mean it' }
  return { ok: true, atMs }
}

const readDate = (text: string): number =>
  /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))?$/iu.test(text)
    ? Date.parse(text)
    : Number.NaN
