/** What a summary is made of. */
import type { DamagedFile } from './damaged-files.ts'
import type { PolicyIndex } from './policy-files.ts'
import type { PrivacyMode, Statistics } from './statistics.ts'
import type { TrailGap } from './trail-records.ts'

/** What the pack says of its proofs. */
export type ProofState =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'tree'
      readonly signer: string
      /** Leaves under the checkpoint. */
      readonly size: number
      /** Records of the pack that it covers, and that are newer. */
      readonly covered: number
      readonly newer: number
    }

export interface SummaryInput {
  readonly statistics: Statistics
  readonly policies: PolicyIndex
  readonly gaps: readonly TrailGap[]
  readonly gapCount: number
  readonly damaged: readonly DamagedFile[]
  readonly proof: ProofState
  readonly company: string
  readonly privacy: PrivacyMode
  readonly records: number
  /** RFC 3339. */
  readonly from: string
  readonly to: string
  readonly made: string
  readonly filter: string | null
  readonly version: string
  /** Name of the signing key; `null`: unsigned. */
  readonly signer: string | null
}
