/** The kinds of sinks, each in a file of its own. */
import { createFileSink } from './file.ts'
import { createHecSink } from './hec.ts'
import { createOtlpSink } from './otlp.ts'
import type { SinkSettings } from './settings.ts'
import type { Sink } from './sink.ts'
import { createSyslogSink } from './syslog.ts'
import { createWebhookSink } from './webhook.ts'

/** Nothing is opened before the first delivery. */
export function createSink(settings: SinkSettings): Sink {
  switch (settings.kind) {
    case 'syslog':
      return createSyslogSink(settings)
    case 'hec':
      return createHecSink(settings)
    case 'otlp':
      return createOtlpSink(settings)
    case 'webhook':
      return createWebhookSink(settings)
    case 'file':
      return createFileSink(settings)
  }
}
