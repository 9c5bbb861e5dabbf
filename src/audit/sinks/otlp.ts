/**
 * OpenTelemetry logs over HTTP, in the JSON encoding (opentelemetry.io, "OTLP Specification", OTLP/HTTP; field names are
 * those of opentelemetry/proto/logs/v1). The id is `log.record.uid`, as the semantic conventions have it.
 */
import { hostname } from 'node:os'
import { createPoster } from './http-post.ts'
import { jsonOf, resultOf } from './http-result.ts'
import type { OtlpSettings } from './settings.ts'
import { retry, type SendResult, type Sink, type SinkMessage, type SinkSeverity, shorten } from './sink.ts'
import { readSecret } from './tls-files.ts'

const DEFAULT_PATH = '/v1/logs'
/** `SeverityNumber` of the log data model. */
const SEVERITY: Readonly<Record<SinkSeverity, number>> = { info: 9, notice: 10, warning: 13, error: 17 }

const attribute = (key: string, value: string): object => ({ key, value: { stringValue: value } })

function logRecord({ id, time, phase, severity, text }: SinkMessage): object {
  // 64-bit numbers are strings in the JSON encoding.
  const nanoseconds = `${Date.parse(time)}000000`
  return {
    timeUnixNano: nanoseconds,
    observedTimeUnixNano: nanoseconds,
    severityNumber: SEVERITY[severity],
    severityText: severity.toUpperCase(),
    eventName: `weir.${phase}`,
    body: { stringValue: text },
    attributes: [attribute('log.record.uid', id), attribute('weir.phase', phase)],
  }
}

/** The body of an `ExportLogsServiceRequest`. */
export const otlpBody = (batch: readonly SinkMessage[]): string =>
  JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: [attribute('service.name', 'weir'), attribute('host.name', hostname())] },
        scopeLogs: [{ scope: { name: 'weir.audit' }, logRecords: batch.map(logRecord) }],
      },
    ],
  })

export function createOtlpSink(settings: OtlpSettings): Sink {
  const poster = createPoster(settings)
  const url = new URL(settings.url)
  if (url.pathname === '/') url.pathname = DEFAULT_PATH
  const send = async (batch: readonly SinkMessage[]): Promise<SendResult> => {
    try {
      const authorization =
        settings.tokenFile === null ? {} : { authorization: `Bearer ${readSecret(settings.tokenFile)}` }
      const answer = await poster.post(
        url.href,
        { 'content-type': 'application/json', ...authorization },
        otlpBody(batch),
      )
      const result = resultOf(answer, Date.now())
      return result.kind === 'delivered' ? (partialRefusal(jsonOf(answer)) ?? result) : result
    } catch (error) {
      return retry(error)
    }
  }
  return {
    send,
    close: () => {
      poster.close()
      return Promise.resolve()
    },
  }
}

/** "Partial success": some records were not taken, and the answer does not say which. */
function partialRefusal({ partialSuccess }: Readonly<Record<string, unknown>>): SendResult | null {
  if (typeof partialSuccess !== 'object' || partialSuccess === null) return null
  const { rejectedLogRecords, errorMessage } = partialSuccess as Readonly<Record<string, unknown>>
  const count = Number(rejectedLogRecords ?? 0)
  if (!(count > 0)) return null
  const said = typeof errorMessage === 'string' ? shorten(errorMessage) : ''
  return { kind: 'refused', why: `${count} records rejected`, ...(said === '' ? {} : { said }) }
}
