/** The format of `rules/catalogue/<vendor>.yaml` (contracts section 1). Unknown keys are refused. */
import { z } from 'zod'
import { CATALOGUE_CONFIDENCES, DIALECTS, KINDS, PURPOSES } from '../domain/tool.ts'
import { parseHostPattern } from './host-pattern.ts'
import { compileLinearRegex } from './linear-regex.ts'
import { parsePathPattern } from './path-pattern.ts'

/** A text that one of our parsers must accept; its words become the problem. */
const checked = (problemOf: (text: string) => string | null): z.ZodString =>
  z.string().superRefine((text, context) => {
    const message = problemOf(text)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

const hostProblem = (text: string): string | null => {
  const parsed = parseHostPattern(text)
  return parsed.ok ? null : parsed.problem
}

/** Hosts that never identify may be wide, but must be hosts. */
const plainHostProblem = (text: string): string | null => hostProblem(text.replace(/^\*\./u, ''))

const pathProblem = (text: string): string | null => {
  const parsed = parsePathPattern(text)
  return parsed.ok ? null : `\`${text}\`: ${parsed.problem}`
}

const markProblem = (text: string): string | null => {
  const compiled = compileLinearRegex(text)
  if (!compiled.ok) return `mark regex: ${compiled.problem}`
  const stranger = compiled.value.groups.find((name) => name !== 'version')
  return stranger === undefined ? null : `mark regex: only the group \`version\` has a meaning, not \`${stranger}\``
}

const headerName = z
  .string()
  .regex(/^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/u, 'write the header name in lower case, without a colon')
  .describe('Header name, lower case.')

const mark = z.strictObject({
  header: headerName,
  matches: checked(markProblem)
    .optional()
    .describe(
      'Linear-time regex on the value; a group (?<version>…) gives the tool version. Left out: presence counts.',
    ),
})

const method = z.string().regex(/^[A-Z]{3,20}$/u, 'write the method in capitals, e.g. POST')

const endpoint = z.strictObject({
  host: checked(hostProblem).describe(
    '`a.b` exact, `*.a.b` sub-hosts only, `/…/` anchored regex, `{name}` from catalogue.templates.',
  ),
  ports: z
    .array(z.int().min(1).max(65535))
    .min(1)
    .optional()
    .describe('Default 443 and 80, and any other port of a host that is not shared.'),
  methods: z.array(method).min(1).optional().describe('Default: all.'),
  paths: z
    .array(checked(pathProblem))
    .min(1)
    .optional()
    .describe('Literal, `*` = one segment, `**` = the rest. Default: all.'),
  purpose: z.enum(PURPOSES),
  dialect: z.enum(DIALECTS).optional().describe('Default generic.'),
  shared: z
    .boolean()
    .optional()
    .describe('The host serves much that is not AI: tunnelled unless intercept.shared lists it.'),
  fallback: z.boolean().optional().describe('Unmarked traffic of a tie between tools belongs to this tool.'),
})

const tenant = z.strictObject({
  header: z.string().regex(/^[A-Za-z0-9-]{1,100}$/u),
  hosts: z.array(checked(plainHostProblem)).min(1),
})

const tool = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{2,40}$/u, 'an id is 2 to 40 of a-z, 0-9 and `-`'),
  name: z.string().min(1).max(100),
  kinds: z.array(z.enum(KINDS)).min(1),
  confidence: z.enum(CATALOGUE_CONFIDENCES),
  sources: z.array(z.string()).default([]),
  marks: z.array(mark).default([]),
  endpoints: z.array(endpoint).default([]),
  tenant: tenant.optional(),
  mentions: z
    .array(checked(plainHostProblem))
    .default([])
    .describe('Shared hosts, documentation only: they never identify.'),
})

export const catalogueFileSchema = z.strictObject({
  version: z.literal(1),
  vendor: z.strictObject({
    id: z.string().regex(/^[a-z0-9-]{2,40}$/u, 'an id is 2 to 40 of a-z, 0-9 and `-`'),
    name: z.string().min(1).max(100),
    country: z.string().regex(/^[A-Z]{2}$/u, 'ISO 3166 alpha-2, ZZ when unknown or several'),
  }),
  reviewed: z.string().regex(/^\d{4}-\d{2}-\d{2}$/u, 'a date such as 2026-11-22'),
  tools: z.array(tool).min(1),
})

export type CatalogueFile = z.infer<typeof catalogueFileSchema>
export type ToolEntry = CatalogueFile['tools'][number]
export type EndpointEntry = ToolEntry['endpoints'][number]
