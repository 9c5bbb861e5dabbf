/** What `weir doctor` reports, one line each. */
export interface Finding {
  readonly area: 'config' | 'proxy' | 'variables' | 'trust' | 'tools'
  readonly name: string
  /** `bad`: something will not work; `warn`: something may surprise; `info`: a fact. */
  readonly status: 'ok' | 'info' | 'warn' | 'bad'
  readonly message: string
  /** Commands that would mend it; printed by `--fix`, never run. */
  readonly fix: readonly string[]
}

export type Env = Readonly<Record<string, string | undefined>>
