/** The tool that a request was found to belong to; made by `pick-tool.ts`, read by rules and decisions. */
import type { DialectId, IdentificationConfidence, Purpose, ToolId } from '../domain/tool.ts'

export interface ToolPick {
  readonly isTool: true
  readonly tool: ToolId
  readonly toolVersion: string | null
  readonly via: ToolId | null
  readonly purpose: Purpose
  readonly dialect: DialectId
  /** `false`: the catalogue names no such path on this host. */
  readonly isPathNamed: boolean
  readonly evidence: readonly string[]
  readonly confidence: IdentificationConfidence
  /** Only of what is on a host outside the catalogue. */
  readonly score?: number
  readonly why: string
}

/** Not an AI request as far as anybody can see. */
export interface NoTool {
  readonly isTool: false
  readonly reason: 'not-ai' | 'shared-path' | 'sanctioned-host'
}
