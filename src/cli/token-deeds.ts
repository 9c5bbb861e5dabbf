/**
 * Carries what `weir token` and `weir audit report` did into the audit trail of the running proxy, which alone may write
 * there. What else somebody wrote into that table is told in the log, and not recorded.
 */
import type { AdminEvent } from '../domain/audit-event.ts'
import type { Logger } from '../flow/ports.ts'
import type { TokenDeed, TokenStore } from '../state/token-store.ts'

type Deed = Pick<AdminEvent, 'actor' | 'operation' | 'target' | 'before' | 'after'>

export interface TokenDeedsOptions {
  readonly tokens: Pick<TokenStore, 'version' | 'deeds' | 'forgetDeed'>
  /** Resolves once the deed is on disk. */
  readonly record: (deed: Deed) => Promise<void>
  readonly log: Pick<Logger, 'error'>
  readonly everyMs?: number
}

export interface TokenDeeds {
  /** Stop, and wait for what is being recorded. */
  readonly close: () => Promise<void>
}

const EVERY_MS = 500
const deedOf = ({ actor, operation, target, before, after }: TokenDeed): Deed => ({
  actor,
  operation,
  target,
  before,
  after,
})

/** Look now and then whether another process has written. A deed that could not be recorded stays for the next time. */
export function watchTokenDeeds({ tokens, record, log, everyMs = EVERY_MS }: TokenDeedsOptions): TokenDeeds {
  let seen = -1
  let running: Promise<void> | null = null
  const carry = async (): Promise<void> => {
    for (const each of tokens.deeds()) {
      if ('isForeign' in each) log.error({ detail: `deed ${each.seq}` }, 'identity.foreign-deed')
      else await record(deedOf(each))
      tokens.forgetDeed(each.seq)
    }
  }
  const failed = (error: unknown): void => {
    seen = -1
    log.error({ err: error }, 'identity.token-deeds-failed')
  }
  const look = (): void => {
    if (running !== null) return
    try {
      const version = tokens.version()
      if (version === seen) return
      seen = version
      running = carry()
        .catch(failed)
        .finally(() => {
          running = null
        })
    } catch (error) {
      failed(error)
    }
  }
  look()
  const timer = setInterval(look, everyMs)
  timer.unref()
  return {
    close: async () => {
      clearInterval(timer)
      await running
    },
  }
}
