/**
 * `rules/never.yaml`: hosts outside the catalogue that are not read where every host is (`intercept.hosts: all`): banks,
 * health, programs that pin certificates. It never keeps an AI host of the catalogue from being read; `intercept.never` does.
 */
import { z } from 'zod'
import type { Problem } from '../domain/settings.ts'
import { canonicalHostPattern, compileHostList, type HostList } from './host-list.ts'
import { type PolicySource, type ProblemSink, problemSink, reportIssues } from './problems.ts'

const pattern = z
  .string()
  .refine(
    (text) => canonicalHostPattern(text) === text,
    'a host such as a.example.com, or *.example.com for its sub-hosts; lower case',
  )

const category = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{2,40}$/u, 'an id is 2 to 40 of a-z, 0-9 and `-`'),
  why: z.string().min(1).max(500).describe('Why these are not read, for whoever asks.'),
  sources: z.array(z.string()).default([]),
  hosts: z.array(pattern).min(1).describe('`a.b` that host, `*.a.b` its sub-hosts.'),
})

export const neverFileSchema = z.strictObject({
  version: z.literal(1),
  reviewed: z.string().regex(/^\d{4}-\d{2}-\d{2}$/u, 'a date such as 2026-11-23'),
  categories: z.array(category).max(100),
})

export interface NeverList {
  /** The category of a host; `null`: it is in none. */
  readonly categoryOf: (host: string) => string | null
  /** All hosts and `*.` patterns. */
  readonly patterns: readonly string[]
}

export const NO_NEVER_LIST: NeverList = { categoryOf: () => null, patterns: [] }

export type NeverResult =
  | { readonly ok: true; readonly list: NeverList; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** `null`: there is no such file. `isAiHost`: a host that the catalogue has; such an entry does nothing, and a warning says so. */
export function compileNeverList(source: PolicySource | null, isAiHost: (host: string) => boolean): NeverResult {
  if (source === null) return { ok: true, list: NO_NEVER_LIST, problems: [] }
  const problems: Problem[] = []
  const sink = problemSink(source, problems)
  const parsed = neverFileSchema.safeParse(source.document)
  if (!parsed.success) {
    reportIssues(parsed.error.issues, sink)
    return { ok: false, problems }
  }
  warnOfNothing(parsed.data, isAiHost, sink)
  const lists = parsed.data.categories.map(({ id, hosts }) => ({ id, hosts: compileHostList(hosts) }))
  return { ok: true, list: listOf(lists), problems }
}

function warnOfNothing(
  { categories }: z.infer<typeof neverFileSchema>,
  isAiHost: (host: string) => boolean,
  sink: ProblemSink,
): void {
  const seen = new Set<string>()
  for (const [index, { hosts }] of categories.entries()) {
    for (const [at, host] of hosts.entries()) {
      const path = ['categories', index, 'hosts', at]
      if (seen.has(host)) sink.warn(path, `\`${host}\` stands here twice`)
      seen.add(host)
      if (isAiHost(host.replace('*.', 'x.'))) {
        sink.warn(
          path,
          `\`${host}\` is an AI host of the catalogue and is read all the same: \`intercept.never\` is what it takes`,
        )
      }
    }
  }
}

const listOf = (lists: readonly { readonly id: string; readonly hosts: HostList }[]): NeverList => ({
  categoryOf: (host) => lists.find(({ hosts }) => hosts.has(host))?.id ?? null,
  patterns: lists.flatMap(({ hosts }) => hosts.patterns),
})
