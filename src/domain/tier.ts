/** Risk tiers of AI tools, from mild to strict. */
export const TIERS = ['approved', 'monitored', 'restricted', 'prohibited'] as const
export type Tier = (typeof TIERS)[number]

/** Higher is stricter; 0 for `approved`. */
export const tierRank = (tier: Tier): number => TIERS.indexOf(tier)

/** What happens when the intent record of a request cannot be made durable. */
export const AUDIT_FAILURE_MODES = ['open', 'spool', 'closed'] as const
export type AuditFailureMode = (typeof AUDIT_FAILURE_MODES)[number]
