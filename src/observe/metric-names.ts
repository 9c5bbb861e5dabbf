/**
 * The metrics that Weir promises: name, type, help and labels, once. `docs/admin-api.md` lists them.
 * A name outside this table still counts, without help; a label outside `METRIC_LABELS` is dropped, so that
 * hosts, users and paths can never become labels.
 */

export interface MetricRow {
  readonly type: 'counter' | 'histogram' | 'gauge'
  readonly help: string
  readonly labels: readonly string[]
}

/** Every metric by its Prometheus name. Times in seconds, sizes in bytes, as Prometheus asks. */
export const METRICS = {
  weir_requests_total: {
    type: 'counter',
    help: 'Requests decided, by tool, tier and action.',
    labels: ['tool', 'tier', 'action'],
  },
  weir_tunnels_total: {
    type: 'counter',
    help: 'Tunnels answered, by answer and reason.',
    labels: ['answer', 'reason'],
  },
  weir_bytes_total: {
    type: 'counter',
    help: 'Bytes relayed, by direction (in: from the client) and kind of flow.',
    labels: ['direction', 'kind'],
  },
  weir_errors_total: { type: 'counter', help: 'Flows that failed, by error code and side.', labels: ['code', 'side'] },
  weir_audit_failures_total: {
    type: 'counter',
    help: 'Audit records that could not be written; mode: what the tier does then.',
    labels: ['mode'],
  },
  weir_directory_failures_total: {
    type: 'counter',
    help: 'Questions to the LDAP directory that failed.',
    labels: [],
  },
  weir_restored_total: { type: 'counter', help: 'Values put back in answers.', labels: [] },
  weir_restore_misses_total: {
    type: 'counter',
    help: 'Placeholders in answers whose value is not known.',
    labels: [],
  },
  weir_discovery_hosts: { type: 'gauge', help: 'Hosts that look like AI, counted and not yet written.', labels: [] },
  weir_discovery_failures_total: {
    type: 'counter',
    help: 'Counts of discovery that could not be written.',
    labels: [],
  },
  weir_connections: { type: 'gauge', help: 'Client connections now.', labels: [] },
  weir_audit_spooled_bytes: { type: 'gauge', help: 'Bytes of audit records that wait in memory.', labels: [] },
  weir_audit_writable: { type: 'gauge', help: '1 while audit records can be written, else 0.', labels: [] },
  weir_audit_lost_records: {
    type: 'gauge',
    help: 'Audit records since start for which neither disk nor memory had room.',
    labels: [],
  },
  weir_inspecting_bytes: { type: 'gauge', help: 'Bytes held for inspection now.', labels: [] },
  weir_sink_behind_events: { type: 'gauge', help: 'Records that a receiver has not got yet.', labels: ['sink'] },
  weir_sink_behind_seconds: {
    type: 'gauge',
    help: 'Age of the oldest record that a receiver has not got yet.',
    labels: ['sink'],
  },
  weir_sink_delivered_events: {
    type: 'gauge',
    help: 'Records delivered to a receiver, over restarts.',
    labels: ['sink'],
  },
  weir_sink_retries: {
    type: 'gauge',
    help: 'Deliveries to a receiver that failed and were tried again, over restarts.',
    labels: ['sink'],
  },
  weir_sink_left_out_events: {
    type: 'gauge',
    help: 'Records that the filter of a receiver did not want, over restarts.',
    labels: ['sink'],
  },
  weir_sink_refused_events: {
    type: 'gauge',
    help: 'Records that a receiver refused for good, over restarts.',
    labels: ['sink'],
  },
  weir_sink_lost_events: {
    type: 'gauge',
    help: 'Records that were removed before a receiver had them, over restarts.',
    labels: ['sink'],
  },
  weir_sink_failing: { type: 'gauge', help: '1 while a receiver takes nothing, else 0.', labels: ['sink'] },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory of the process.', labels: [] },
  process_heap_used_bytes: { type: 'gauge', help: 'JavaScript heap in use.', labels: [] },
  process_cpu_seconds: { type: 'gauge', help: 'User and system CPU time since start.', labels: [] },
  process_uptime_seconds: { type: 'gauge', help: 'Seconds since start.', labels: [] },
  nodejs_eventloop_lag_p50_seconds: {
    type: 'gauge',
    help: 'Median delay of the event loop since the last scrape.',
    labels: [],
  },
  nodejs_eventloop_lag_p99_seconds: {
    type: 'gauge',
    help: '99th percentile of the delay of the event loop since the last scrape.',
    labels: [],
  },
} as const satisfies Record<string, MetricRow>

/** The only label names that reach the exposition. Their values are bounded sets, or ids that IT gave. */
export const METRIC_LABELS: ReadonlySet<string> = new Set([
  ...Object.values(METRICS).flatMap((row: MetricRow) => row.labels),
  'severity',
  'detector',
  'phase',
  'what',
  'result',
  'purpose',
  'dialect',
  'rule',
  'mode',
  'status',
  'scope',
])
