/** The operational log: JSON lines by pino, which only this file knows. Every field passes `scrub.ts` first. */
import { pino } from 'pino'
import type { Logger } from '../flow/ports.ts'
import { scrubFields } from './scrub.ts'

/** Levels of the log, from loud to silent. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Where lines go: anything with `write`. */
export interface LogDestination {
  readonly write: (line: string) => unknown
}

export interface LogOptions {
  readonly level: LogLevel
  /** Default: standard output, written without blocking and flushed at exit. */
  readonly destination?: LogDestination
  /** Leave client addresses out: where records keep no persons in clear, the log keeps none either. */
  readonly hidesClients?: boolean
}

export interface OperationalLog extends Logger {
  /** The same log with fields on every line, e.g. `{flow}`. */
  readonly child: (fields: Readonly<Record<string, unknown>>) => OperationalLog
  /** After a reload of the configuration; children made before keep their level. */
  readonly setLevel: (level: LogLevel) => void
}

/**
 * Make the operational log. Lines: `{"level":"info","time":"…","event":"listening",…fields}`; the event name is
 * constant text, so that lines can be counted by it.
 */
export function createLogger(options: LogOptions): OperationalLog {
  const settings = {
    level: options.level,
    base: { pid: process.pid },
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: fitFields },
    // `formatters.log` has already turned errors into plain fields.
    serializers: {},
    ...(options.hidesClients === true ? { redact: { paths: ['client'], remove: true } } : {}),
  }
  const destination = options.destination ?? pino.destination({ dest: 1, sync: false })
  return wrap(pino(settings, destination))
}

function wrap(logger: pino.Logger): OperationalLog {
  return {
    debug: (fields, event) => logger.debug(fields, event),
    info: (fields, event) => logger.info(fields, event),
    warn: (fields, event) => logger.warn(fields, event),
    error: (fields, event) => logger.error(fields, event),
    child: (fields) => wrap(logger.child(fitFields(fields))),
    setLevel: (level) => {
      logger.level = level
    },
  }
}

const RESERVED: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'event'])

/** Scrubbed fields that cannot stand for pino's own: JSON with a name twice reads as the last one. */
function fitFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const clean = scrubFields(fields)
  const isFine = Object.keys(clean).every((name) => !RESERVED.has(name))
  if (isFine) return clean
  return Object.fromEntries(
    Object.entries(clean).map(([name, value]) => [RESERVED.has(name) ? `${name}_` : name, value]),
  )
}
