/** What threads need of the rules folder: plain values, no functions. */
import type { TableSources } from '../inspect/read-tables.ts'
import type { RuleSources } from './messages.ts'

interface RuleFiles {
  readonly detectors: readonly { readonly file: string; readonly document: unknown }[]
  readonly tables: TableSources
}

export const ruleSourcesOf = ({ detectors, tables }: RuleFiles): RuleSources => ({
  documents: detectors.map(({ file, document }) => ({ file, document })),
  tables,
})
