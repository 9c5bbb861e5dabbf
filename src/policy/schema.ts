/** The shape of `rules/policy.yaml`: contracts section 3. Unknown keys are refused; defaults are the shipped values. */
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { ACTIONS } from '../domain/action.ts'
import { ASSURANCES } from '../domain/client.ts'
import { SEAL_MODES } from '../domain/decision.ts'
import { SEVERITIES } from '../domain/finding.ts'
import { AUDIT_FAILURE_MODES, TIERS } from '../domain/tier.ts'
import { DIALECTS, KINDS, PURPOSES } from '../domain/tool.ts'
import { EVASION_ANSWERS } from './compiled-policy.ts'
import { canonicalHostPattern } from './host-list.ts'
import { pathPatternProblem } from './path-pattern.ts'
import { compileVersionRange } from './version-range.ts'

const action = z.enum(ACTIONS)
const tier = z.enum(TIERS)
const purpose = z.enum(PURPOSES)
const text = z.string().trim().min(1).max(200)
const mode = z.enum(['enforce', 'observe'])

const oneOrMany = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)])

const localizedText = z
  .strictObject({ en: text.exactOptional(), 'zh-CN': text.exactOptional() })
  .refine((value) => Object.keys(value).length > 0, 'give the text in at least one language')

const hostPattern = z
  .string()
  .refine((value) => canonicalHostPattern(value) !== null, 'write a host, an IP, or `*.` and a host: `*.example.com`')

const pathPattern = z.string().superRefine((value, context) => {
  const problem = pathPatternProblem(value)
  if (problem !== null) context.addIssue({ code: 'custom', message: problem })
})

const versionRange = z
  .string()
  .refine((value) => compileVersionRange(value) !== null, 'write a version range: `<0.160.0`, `>=1.2 <2`, `1.4 || >=2`')

/** Actions per purpose; a purpose that is left out keeps the shipped action. */
const purposes = z.strictObject({
  inference: action.exactOptional(),
  auth: action.exactOptional(),
  telemetry: action.exactOptional(),
  update: action.exactOptional(),
  settings: action.exactOptional(),
  web: action.exactOptional(),
})

const tierRules = z.strictObject({
  purposes: purposes.exactOptional(),
  read: z.enum(['none', 'head', 'body']).exactOptional(),
  inspectMaxBytes: z.int().min(1).max(1_073_741_824).exactOptional(),
  severities: z
    .strictObject({ high: action.exactOptional(), medium: action.exactOptional(), low: action.exactOptional() })
    .exactOptional(),
  reversible: z.boolean().exactOptional(),
  onUneditable: action.exactOptional(),
  onUnreadable: action.exactOptional(),
  onAuditFailure: z.enum(AUDIT_FAILURE_MODES).exactOptional(),
  seal: z.enum(SEAL_MODES).exactOptional(),
})

const ids = oneOrMany(text)
/** A name of the network map or a CIDR range; a broken range would be a name that nobody has. */
const networkName = text.refine(
  (value) => !value.includes('/') || ipaddr.isValidCIDR(value),
  'no network such as 10.0.0.0/8',
)

const assign = z.strictObject({
  tool: ids.exactOptional(),
  vendor: ids.exactOptional(),
  kind: oneOrMany(z.enum(KINDS)).exactOptional(),
  vendorCountry: oneOrMany(
    z.string().regex(/^[A-Z]{2}$/u, 'write an ISO 3166 country code: two capital letters'),
  ).exactOptional(),
  tier,
  reason: localizedText.exactOptional(),
})

const findingNames = oneOrMany(text)
const findings = z.union([
  findingNames,
  z.strictObject({
    detector: ids.exactOptional(),
    severity: oneOrMany(z.enum(SEVERITIES)).exactOptional(),
    atLeast: z.int().min(1).exactOptional(),
  }),
])

const match = z.strictObject({
  tool: ids.exactOptional(),
  toolVersion: versionRange.exactOptional(),
  purpose: oneOrMany(purpose).exactOptional(),
  vendor: ids.exactOptional(),
  kind: oneOrMany(z.enum(KINDS)).exactOptional(),
  tier: oneOrMany(tier).exactOptional(),
  user: ids.exactOptional(),
  group: ids.exactOptional(),
  network: oneOrMany(networkName).exactOptional(),
  device: ids.exactOptional(),
  assurance: oneOrMany(z.enum(ASSURANCES)).exactOptional(),
  host: oneOrMany(hostPattern).exactOptional(),
  port: oneOrMany(z.int().min(1).max(65535)).exactOptional(),
  path: oneOrMany(pathPattern).exactOptional(),
  method: oneOrMany(z.string().regex(/^[A-Za-z]+$/u, 'write an HTTP method')).exactOptional(),
  model: ids.exactOptional(),
  dialect: oneOrMany(z.enum(DIALECTS)).exactOptional(),
  findings: findings.exactOptional(),
})

const rule = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/u, 'an id is `a-z`, `0-9` and `-`, at most 64 characters'),
    enabled: z.boolean().default(true),
    match,
    action: action.exactOptional(),
    tier: tier.exactOptional(),
    mode: mode.exactOptional(),
    exemptible: z.boolean().default(true),
    reason: localizedText.exactOptional(),
  })
  .refine(
    (value) => (value.action === undefined) !== (value.tier === undefined),
    'a rule has either `action` or `tier`',
  )

const exemption = z
  .strictObject({
    id: text,
    user: ids.exactOptional(),
    group: ids.exactOptional(),
    tool: ids,
    purpose: oneOrMany(purpose).exactOptional(),
    tier: tier.exactOptional(),
    until: z.union([z.iso.datetime({ offset: true }), z.iso.date()], {
      error: 'write a time `2026-12-31T18:00:00Z` or a date, the whole day (UTC) included',
    }),
    by: text.exactOptional(),
    approvedBy: text.exactOptional(),
    reason: z.union([text, localizedText]).exactOptional(),
  })
  .refine((value) => value.user !== undefined || value.group !== undefined, 'an exemption names `user` or `group`')

/** Enterprise ids of some vendors are plain numbers, and YAML takes them for such. */
const tenantValue = z.union([
  z.string().regex(/^[\x20-\x7e]{1,4096}$/u, 'a header value is printable ASCII'),
  z.int().min(0),
])
const tenants = z.record(
  text,
  z.record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/u, 'write a header name'), oneOrMany(tenantValue)),
)

/** On top of the hosts that Weir knows itself. */
const knownHosts = z.strictObject({
  doh: z.array(hostPattern).default([]),
  echFronts: z.array(hostPattern).default([]),
})

const evasionAnswer = z.enum(EVASION_ANSWERS)
const evasion = z.strictObject({
  sniMismatch: evasionAnswer.default('refuse'),
  ipLiteral: evasionAnswer.default('record'),
  ech: evasionAnswer.default('record'),
  doh: evasionAnswer.default('record'),
  nonTls: evasionAnswer.default('record'),
  nestedConnect: evasionAnswer.default('refuse'),
  untrustingClient: evasionAnswer.default('record'),
})

/** The whole file. Names of tools and vendors are checked against the catalogue afterwards, by `compilePolicy`. */
export const policyFileSchema = z.strictObject({
  version: z.literal(1),
  mode: mode.default('enforce'),
  company: text.default('your company'),
  tiers: z
    .strictObject({
      approved: tierRules.exactOptional(),
      monitored: tierRules.exactOptional(),
      restricted: tierRules.exactOptional(),
      prohibited: tierRules.exactOptional(),
    })
    .default({}),
  assign: z.array(assign).default([]),
  default: tier.default('monitored'),
  unlisted: tier.default('monitored'),
  trustMarks: z.array(text).default([]),
  sanctionedHosts: z.array(hostPattern).default([]),
  rules: z.array(rule).default([]),
  exemptions: z.array(exemption).default([]),
  tenants: tenants.default({}),
  knownHosts: knownHosts.prefault({}),
  evasion: evasion.prefault({}),
})

export type PolicyFile = z.output<typeof policyFileSchema>
export type PolicyTierRules = z.output<typeof tierRules>
export type PolicyAssign = z.output<typeof assign>
export type PolicyMatch = z.output<typeof match>
export type PolicyRule = z.output<typeof rule>
export type PolicyExemption = z.output<typeof exemption>

/** One value or a list, as a list. */
export const asList = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T])
