/** What the configuration says of sinks, `audit.sinks`. Secrets are only ever named by their file. */

interface CommonSettings {
  /** Name of its state file and of its metrics; keeping the name keeps its place. */
  readonly name: string
  /** A name of `EXPORT_FORMATS`. */
  readonly format: string
  /** Where a sink that was never seen before begins. */
  readonly from: 'start' | 'now'
  /** In the language of domain/event-search.ts; `null`: everything. */
  readonly filter: string | null
  /** Send who it was; off: only the pseudonym of the chained line. */
  readonly persons: boolean
  /** Most records of one delivery. */
  readonly batchEvents: number
  /** Most bytes of one delivery; a single larger record goes alone. */
  readonly batchBytes: number
  /** How long records wait for company. */
  readonly batchMs: number
  /** Longest pause of the receiver. */
  readonly timeoutMs: number
}

/** PEM files; `null`: none. */
interface TlsFiles {
  /** Roots for the receiver's certificate instead of the public ones. */
  readonly caFile: string | null
  /** Our own certificate, where the receiver wants one. */
  readonly certFile: string | null
  readonly keyFile: string | null
}

export interface SyslogSettings extends CommonSettings, TlsFiles {
  readonly kind: 'syslog'
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** Facility code of RFC 5424 section 6.2.1. */
  readonly facility: number
  /** `close`: a delivery counts once the receiver has read to the end of its connection; `none`: once it is written. */
  readonly confirm: 'close' | 'none'
}

interface HttpSettings extends CommonSettings, TlsFiles {
  readonly url: string
  readonly tokenFile: string | null
}

export interface HecSettings extends HttpSettings {
  readonly kind: 'hec'
  readonly index: string | null
  readonly sourcetype: string
  /** How long to wait for the indexers when the receiver acknowledges. */
  readonly ackMs: number
}

export interface OtlpSettings extends HttpSettings {
  readonly kind: 'otlp'
}

export interface WebhookSettings extends HttpSettings {
  readonly kind: 'webhook'
  readonly secretFile: string
}

export interface FileSettings extends CommonSettings {
  readonly kind: 'file'
  readonly file: string
  /** Size at which the file is put aside and the next begins. */
  readonly maxBytes: number
  /** Files put aside that are kept; `null`: all. */
  readonly keep: number | null
}

export type HttpSinkSettings = HecSettings | OtlpSettings | WebhookSettings
export type SinkSettings = SyslogSettings | HttpSinkSettings | FileSettings
