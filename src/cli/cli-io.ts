/** What a command sees of the world; commands never touch `process` themselves. */
export interface CliIo {
  readonly stdout: (text: string) => void
  /** The same stream, for what is no text. Absent: there is no place for bytes. */
  readonly stdoutBytes?: (bytes: Uint8Array) => void
  /** Somebody reads standard output on a screen. */
  readonly isTerminal?: boolean
  readonly stderr: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/** Exit codes of every command (contracts section 7). */
export const EXIT = { done: 0, bad: 1, usage: 2, unreachable: 3 } as const
