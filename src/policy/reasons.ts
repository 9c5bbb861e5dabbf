/** The stable reason codes of decisions on requests. Tunnels have theirs in `domain/decision.ts`. docs/policy.md explains each. */
export const EXCHANGE_REASONS = [
  'tier-approved',
  'tier-monitored',
  'tier-restricted',
  'tier-prohibited',
  'unlisted',
  'rule',
  'exemption',
  'finding',
  'uneditable',
  'unknown-history',
  'unreadable',
  'unnamed-path',
  'tenant-restriction',
  'doh',
  'upgrade-unreadable',
  'not-ai',
  'shared-path',
  'sanctioned-host',
] as const
export type ExchangeReason = (typeof EXCHANGE_REASONS)[number]
