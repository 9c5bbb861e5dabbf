/** From signs to a score. One kind of sign alone counts only up to its own points; the sum never goes beyond 100. */
import type { Sighting, Sign } from '../domain/sighting.ts'

/** Words of evidence that are kept. */
const MAX_EVIDENCE = 8

/** All signs together; the first that names a dialect names the sighting's. */
export function scoreOf(signs: readonly Sign[]): Sighting {
  let points = 0
  const evidence: string[] = []
  let dialect: Sign['dialect']
  for (const sign of signs) {
    points += sign.points
    dialect ??= sign.dialect
    if (evidence.length < MAX_EVIDENCE && !evidence.includes(sign.name)) evidence.push(sign.name)
  }
  return { score: Math.max(0, Math.min(100, points)), dialect: dialect ?? 'generic', evidence }
}
