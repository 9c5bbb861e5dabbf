/**
 * Metrics: the `Metrics` port over OpenTelemetry, read in Prometheus text format. No server of its own: the admin port
 * serves `scrape`. Counters are plain numbers that OpenTelemetry reads when scraped, so that counting costs a few map
 * look-ups and no allocation; labels are bounded by `metric-names.ts` and `series.ts`.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Histogram, Meter } from '@opentelemetry/api'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import type { Metrics } from '../flow/ports.ts'
import { METRIC_LABELS, METRICS, type MetricRow } from './metric-names.ts'
import { createSeries, type Series, type SeriesLabels } from './series.ts'

/** Metrics and their way out. */
export interface MetricsRegistry extends Metrics {
  /** All metrics in Prometheus text format 0.0.4. */
  readonly scrape: () => Promise<string>
  /** Stops the event loop monitor. */
  readonly stop: () => Promise<void>
}

interface Gauge {
  readonly labels: SeriesLabels
  read: (() => number) | undefined
}

interface Counted {
  readonly labels: SeriesLabels
  value: number
}

/** Upper bounds in seconds: from a decision (0.1 ms) to a long stream (5 min). */
const DURATION_BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300]
/** Series per metric; 131 tools × 4 tiers × 4 actions never happens, since a tool has one tier. */
const MAX_SERIES = 1000
const EVENT_LOOP_RESOLUTION_MS = 20

class PullReader extends MetricReader {
  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }
}

type Collected = Parameters<PrometheusSerializer['serialize']>[0]

/** The exporter pins a patch release of the SDK of its own; the data are the same, TypeScript sees two enums. */
async function collect(reader: MetricReader): Promise<Collected> {
  const collected: unknown = (await reader.collect()).resourceMetrics
  return collected as Collected
}

const isLabel = (name: string): boolean => METRIC_LABELS.has(name)
const helpOf = (name: string): string => (METRICS as Readonly<Record<string, MetricRow>>)[name]?.help ?? name

/** Make a registry. Each has its own provider; nothing global is touched. */
export function createMetrics(): MetricsRegistry {
  const reader = new PullReader()
  const meter = new MeterProvider({ readers: [reader] }).getMeter('weir')
  const serializer = new PrometheusSerializer('', false, undefined, true, true)
  const counters = new Map<string, Series<Counted>>()
  const histograms = new Map<string, { readonly instrument: Histogram; readonly series: Series<SeriesLabels> }>()
  const gauges = new Map<string, Series<Gauge>>()
  const setGauge: Metrics['gauge'] = (name, read, labels) => {
    let gauge = gauges.get(name)
    if (gauge === undefined) gauges.set(name, (gauge = newGauge(meter, name)))
    gauge.find(labels).read = read
  }
  const stopProcessGauges = addProcessGauges(setGauge)
  return {
    count: (name, labels, by = 1) => {
      let series = counters.get(name)
      if (series === undefined) counters.set(name, (series = newCounter(meter, name)))
      series.find(labels).value += by
    },
    observe: (name, value, labels) => {
      let histogram = histograms.get(name)
      if (histogram === undefined) histograms.set(name, (histogram = newHistogram(meter, name)))
      histogram.instrument.record(value, histogram.series.find(labels))
    },
    gauge: setGauge,
    scrape: async () => serializer.serialize(await collect(reader)),
    stop: async () => {
      stopProcessGauges()
      await reader.shutdown()
    },
  }
}

function newCounter(meter: Meter, name: string): Series<Counted> {
  const create = (labels: SeriesLabels): Counted => ({ labels, value: 0 })
  const series = createSeries<Counted>({ create, isLabel, maxSeries: MAX_SERIES })
  meter.createObservableCounter(name, { description: helpOf(name) }).addCallback((result) => {
    for (const counted of series.all()) result.observe(counted.value, counted.labels)
  })
  return series
}

function newGauge(meter: Meter, name: string): Series<Gauge> {
  const create = (labels: SeriesLabels): Gauge => ({ labels, read: undefined })
  const series = createSeries<Gauge>({ create, isLabel, maxSeries: MAX_SERIES })
  meter.createObservableGauge(name, { description: helpOf(name) }).addCallback((result) => {
    for (const { labels, read } of series.all()) {
      const value = readGauge(read)
      if (value !== null) result.observe(value, labels)
    }
  })
  return series
}

function newHistogram(
  meter: Meter,
  name: string,
): { readonly instrument: Histogram; readonly series: Series<SeriesLabels> } {
  const instrument = meter.createHistogram(name, {
    description: helpOf(name),
    advice: { explicitBucketBoundaries: DURATION_BUCKETS },
  })
  return { instrument, series: createSeries({ create: (labels) => labels, isLabel, maxSeries: MAX_SERIES }) }
}

/** A gauge that throws or is not a number is left out of this scrape: one broken part must not hide the others. */
function readGauge(read: (() => number) | undefined): number | null {
  try {
    const value = read?.() ?? Number.NaN
    return Number.isFinite(value) ? value : null
  } catch {
    return null
  }
}

/** Memory, CPU and event loop of this process. Returns how to stop watching. */
function addProcessGauges(gauge: Metrics['gauge']): () => void {
  const delay = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS })
  delay.enable()
  gauge('process_resident_memory_bytes', () => process.memoryUsage.rss())
  gauge('process_heap_used_bytes', () => process.memoryUsage().heapUsed)
  gauge('process_cpu_seconds', () => {
    const usage = process.cpuUsage()
    return (usage.user + usage.system) / 1e6
  })
  gauge('process_uptime_seconds', () => process.uptime())
  // Node measures from tick to tick, so the resolution is part of every sample.
  const lagSeconds = (percentile: number): number =>
    delay.count === 0 ? 0 : Math.max(0, delay.percentile(percentile) / 1e9 - EVENT_LOOP_RESOLUTION_MS / 1000)
  gauge('nodejs_eventloop_lag_p50_seconds', () => lagSeconds(50))
  // Read last: it starts the next period. A percentile since start would hide that things are better now.
  gauge('nodejs_eventloop_lag_p99_seconds', () => {
    const seconds = lagSeconds(99)
    delay.reset()
    return seconds
  })
  return () => {
    delay.disable()
  }
}
