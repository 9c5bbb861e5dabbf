/** A time in which no record could be written, counted while it lasts, so that the records themselves tell of it afterwards. */
import type { AuditEvent } from '../domain/audit-event.ts'
import type { Logger } from '../flow/ports.ts'

/** What is known of such a time once it is over. */
export interface AuditGap {
  readonly stream: string
  /** RFC 3339: the first write that failed, and the one that succeeded again. */
  readonly from: string
  readonly to: string
  /** What the system said first, e.g. `ENOSPC: no space left on device, write`. */
  readonly why: string
  /** Records that waited in memory; they are written by now. */
  readonly waited: number
  /** Records for which memory had no room: they are not in the trail. */
  readonly lost: number
  /** Records that could not be written when somebody waited for them: their requests were refused, or went on as their tier says. */
  readonly refused: number
}

/** Counts one gap. */
export class WriteGap {
  readonly #fromMs: number
  readonly #why: string
  waited = 0
  lost = 0
  refused = 0

  constructor(fromMs: number, why: string) {
    this.#fromMs = fromMs
    this.#why = why
  }

  end(stream: string, toMs: number): AuditGap {
    const { waited, lost, refused } = this
    const [from, to] = [this.#fromMs, toMs].map((ms) => new Date(ms).toISOString())
    return { stream, from: from ?? '', to: to ?? '', why: this.#why, waited, lost, refused }
  }
}

/** Was something refused? Its record is worth more than others when room is scarce. */
export const isBlock = (event: AuditEvent): boolean => 'action' in event && event.action === 'block'

/**
 * While a block cannot be written, the operational log has it: a refusal must be found somewhere even if the process
 * ends before the disk is back. No request text and no person but the pseudonym `who`, as in the chained line.
 */
export function logUnwrittenBlock(log: Logger | undefined, event: AuditEvent, who: string | null): void {
  if (!('destination' in event)) return
  const { id, flow, destination, tool, tier, rule, reason } = event
  log?.error({ record: id, flow, who, host: destination.host, tool, tier, rule, reason }, 'audit.block-unwritten')
}
