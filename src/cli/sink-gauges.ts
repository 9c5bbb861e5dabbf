/** The sinks as metrics and as a word in `/readyz`: information, never a reason to be not ready. */
import type { AuditSinks } from '../audit/sinks/sinks.ts'
import type { SinkStatus } from '../audit/sinks/sinks-protocol.ts'
import type { Metrics } from '../flow/ports.ts'

const GAUGES: readonly (readonly [name: string, valueOf: (status: SinkStatus) => number])[] = [
  ['weir_sink_behind_events', ({ behindEvents }) => behindEvents],
  ['weir_sink_behind_seconds', ({ behindSeconds }) => behindSeconds],
  ['weir_sink_delivered_events', ({ delivered }) => delivered],
  ['weir_sink_retries', ({ retried }) => retried],
  ['weir_sink_left_out_events', ({ leftOut }) => leftOut],
  ['weir_sink_refused_events', ({ setAside }) => setAside],
  ['weir_sink_lost_events', ({ lost }) => lost],
  ['weir_sink_failing', ({ failure }) => (failure === null ? 0 : 1)],
]

/**
 * One series per sink of the list that was told last; none before its thread has reported. Who is not on the list any
 * more counts 0: a series cannot be taken back, and its last value would raise alarms for ever.
 */
export function createSinkGauges(
  metrics: Pick<Metrics, 'gauge'>,
  sinks: Pick<AuditSinks, 'status'>,
): (names: readonly string[]) => void {
  let listed: ReadonlySet<string> = new Set()
  return (names) => {
    listed = new Set(names)
    for (const sink of names) {
      for (const [gauge, valueOf] of GAUGES) {
        const read = (): number => {
          if (!listed.has(sink)) return 0
          const status = sinks.status().find(({ name }) => name === sink)
          return status === undefined ? Number.NaN : valueOf(status)
        }
        metrics.gauge(gauge, read, { sink })
      }
    }
  }
}

/** How many sinks are well and how many are not; `null` when there is none. */
export function sinkCounts(sinks: AuditSinks): { readonly well: number; readonly failing: number } | null {
  const status = sinks.status()
  const failing = status.filter(({ failure }) => failure !== null).length
  return status.length === 0 ? null : { well: status.length - failing, failing }
}
