/** The shape of `rules/detectors/*.yaml`: detectors as data. */
import { z } from 'zod'
import { SEVERITIES } from '../domain/finding.ts'
import { FINDERS, VALIDATORS } from './detectors/registry.ts'

const keyword = z.string().min(1).max(60)
const names = <T extends string>(table: ReadonlyMap<T, unknown>): [T, ...T[]] => [...table.keys()] as [T, ...T[]]

const countOf = (...ways: readonly unknown[]): number => ways.filter((way) => way !== undefined).length

/** Does the rule find what a file beside it knows? */
export const isTable = (rule: { readonly dictionary?: unknown; readonly fingerprints?: unknown }): boolean =>
  rule.dictionary !== undefined || rule.fingerprints !== undefined

const detectorSchema = z
  .strictObject({
    /** `[a-z0-9-]`, unique over all files, never reused: it is in audit events and in the placeholder's hash. */
    id: z.string().regex(/^[a-z0-9][a-z0-9-]{1,59}$/, 'an id is 2 to 60 of `a-z0-9-`'),
    name: z.string().min(2).max(80),
    severity: z.enum(SEVERITIES),
    /** How sure a match is: told to auditors, not used in decisions. */
    confidence: z.enum(['high', 'medium', 'low']).default('high'),
    /** Literals that a match starts with (after `back`); the pattern is tried only there. Case counts. */
    keywords: z.array(keyword).min(1).optional(),
    /** Names of the provider (case ignored, `_` also as `-`, space or nothing); the pattern is a value shortly behind (`detector-near.ts`). */
    near: z.array(keyword).min(1).optional(),
    /** `digits`: the finder is tried at every run of digits. */
    trigger: z.enum(['digits']).optional(),
    /** Bounded, linear-time regular expression. With a group, the group is marked; it must end the match. */
    pattern: z.string().min(1).max(600).optional(),
    finder: z.enum(names(FINDERS)).optional(),
    /** A file beside this one with one term a line; every term is found wherever it stands as whole words. */
    dictionary: z
      .string()
      .regex(/^[\w-][\w.-]*\.txt$/, 'a dictionary is the name of a .txt file in this folder')
      .optional(),
    /** A file beside this one, made by `weir fingerprint`: copies of that source code are found. */
    fingerprints: z
      .string()
      .regex(/^[\w-][\w.-]*\.fp$/, 'fingerprints are the name of a .fp file in this folder')
      .optional(),
    ignoreCase: z.boolean().default(false),
    /** How far a match may start before its keyword, and through which characters. */
    back: z.strictObject({ characters: z.string().min(1).max(60), max: z.number().int().min(1).max(128) }).optional(),
    /** `word`: not in the middle of a word; `hyphen`: nor of words joined by hyphens. */
    boundary: z.enum(['word', 'hyphen', 'none']).default('word'),
    end: z.enum(['word', 'none']).default('word'),
    /** Longest match in characters. */
    window: z.number().int().min(8).max(70000).default(600),
    validators: z.array(z.enum(names(VALIDATORS))).default([]),
    /** A match whose check characters are wrong is kept as `low`. */
    checksum: z.enum(names(VALIDATORS)).optional(),
    /** Bits per character. */
    minEntropy: z.number().min(0).max(6).optional(),
    sources: z.array(z.url()).default([]),
    /** Texts with templates (`example-text.ts`), so that no rule file holds a working secret. */
    examples: z
      .strictObject({ match: z.array(z.string()).default([]), noMatch: z.array(z.string()).default([]) })
      .default({ match: [], noMatch: [] }),
  })
  .refine((rule) => countOf(rule.pattern, rule.finder, rule.dictionary, rule.fingerprints) === 1, {
    error: 'give exactly one of `pattern`, `finder`, `dictionary` and `fingerprints`',
    path: ['pattern'],
  })
  .refine((rule) => countOf(rule.keywords, rule.near, rule.trigger) === (isTable(rule) ? 0 : 1), {
    error: 'give exactly one of `keywords`, `near` and `trigger`, and none of them with `dictionary` or `fingerprints`',
    path: ['keywords'],
  })
  .refine((rule) => isTable(rule) || rule.examples.match.length > 0, {
    error: 'give at least one text that must match',
    path: ['examples', 'match'],
  })
  .refine((rule) => rule.near === undefined || rule.pattern !== undefined, {
    error: '`near` needs a `pattern`',
    path: ['near'],
  })
  .refine((rule) => rule.trigger === undefined || rule.finder !== undefined, {
    error: '`trigger` needs a `finder`',
    path: ['trigger'],
  })

export const detectorFileSchema = z.strictObject({ version: z.literal(1), detectors: z.array(detectorSchema) })

export type DetectorRule = z.infer<typeof detectorSchema>
