/** A draft of a catalogue file for hosts that were discovered: whole and valid, for somebody to look through and name. */
import { createHash } from 'node:crypto'
import type { DialectId, ToolId } from '../domain/tool.ts'

export interface DraftHost {
  readonly host: string
  readonly score: number
  readonly evidence: readonly string[]
  readonly dialects: readonly DialectId[]
}

const MAX_ID = 40

/** An id for the tool at a host: the same whenever it is asked for. */
export function draftId(host: string): ToolId {
  const words = `found-${host.replace('*.', 'all-').replaceAll(/[^a-z0-9]+/gu, '-')}`.replace(/-$/u, '')
  if (words.length <= MAX_ID) return words
  return `${words.slice(0, MAX_ID - 9).replace(/-$/u, '')}-${createHash('sha256').update(host).digest('hex').slice(0, 8)}`
}

/** The line for `assign:` of the policy. */
export const draftPolicyLine = (host: string): string => `- { tool: ${draftId(host)}, tier: restricted }`

/** The file. `day`: `YYYY-MM-DD`; it makes the vendor's id, so that drafts of two days do not get into each other's way. */
export function draftFile(hosts: readonly DraftHost[], day: string): string {
  return [
    '# A draft of `weir discover`: look through it, give vendor and tools their names, then put it into rules/catalogue.',
    'version: 1',
    `vendor: { id: discovered-${day}, name: Discovered ${day}, country: ZZ }`,
    `reviewed: ${day}`,
    'tools:',
    ...hosts.flatMap((host) => draftTool(host, day)),
    '',
  ].join('\n')
}

function draftTool({ host, score, evidence, dialects }: DraftHost, day: string): string[] {
  const [only] = dialects
  const dialect = only !== undefined && dialects.length === 1 ? only : 'generic'
  const because = `weir discover ${day}: score ${score}, ${evidence.join(', ')}`
  return [
    `  - id: ${draftId(host)}`,
    `    name: ${JSON.stringify(host.slice(0, 100))}`,
    '    kinds: [relay-gateway]',
    '    confidence: guess',
    `    sources: [${JSON.stringify(because)}]`,
    '    endpoints:',
    `      - { host: ${JSON.stringify(host)}, methods: [POST, PUT, PATCH], purpose: inference, dialect: ${dialect} }`,
    `      - { host: ${JSON.stringify(host)}, purpose: web }`,
  ]
}
