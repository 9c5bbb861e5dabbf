/** What checking a folder of event files finds. Pure. */

/** What was done to it. */
export type ProblemKind =
  /** A record is another one than was signed. */
  | 'changed'
  | 'removed'
  | 'inserted'
  | 'reordered'
  /** Records and tiles fit each other but not what was signed: both were made again. */
  | 'rewritten'
  | 'tile'
  | 'checkpoint'
  | 'person'
  /** A file cannot be read. */
  | 'unreadable'
  /** The lines do not follow one another, where no checkpoint covers them yet. */
  | 'chain'

export interface Problem {
  readonly kind: ProblemKind
  /** Number of the first record concerned; `null`: no single one. */
  readonly seq: number | null
  /** Name of the file; `null`: it is gone, or it is about no file. */
  readonly file: string | null
  /** From 1. */
  readonly line: number | null
  readonly message: string
}

/** What is known of one stream after the check. */
export interface StreamReport {
  readonly stream: string
  /** Name in its checkpoints; `null`: it has none. */
  readonly origin: string | null
  readonly lines: number
  readonly firstSeq: number | null
  readonly lastSeq: number | null
  /** Hex SHA-256 of its last line. */
  readonly head: string | null
  /** Records under the newest good checkpoint, and how many good checkpoints there are. */
  readonly signed: number
  readonly checkpoints: number
  /**
   * `erased`: of lines whose key was dropped; `null`: without the key store they count as present. `expired`: records
   * whose persons went because they were old.
   */
  readonly persons: { readonly present: number; readonly erased: number | null; readonly expired: number }
  /** The first one is the first record that is wrong. */
  readonly problems: readonly Problem[]
  readonly notes: readonly string[]
}
