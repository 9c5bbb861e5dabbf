/** The compiled catalogue: what identification reads. Immutable; swapped whole on reload. */
import type { Tool, ToolId } from '../domain/tool.ts'
import type { HostIndex } from './host-index.ts'
import type { MarkIndex } from './mark-index.ts'

export interface Catalogue {
  /** In the order of the files. */
  readonly tools: ReadonlyMap<ToolId, Tool>
  readonly hosts: HostIndex
  readonly marks: MarkIndex
  /** How many endpoint entries there are, all tools together. */
  readonly endpoints: number
  /** Exact hosts and `*.` patterns that are not shared, sorted, for the PAC file. */
  readonly pacHosts: readonly string[]
  /** Expressions for hosts that are not shared, without their slashes, sorted, for the PAC file. */
  readonly pacPatterns: readonly string[]
}
