/** A log that a test can read. */
import type { Logger } from '../../src/flow/ports.ts'

type Level = keyof Logger
type Line = readonly [level: Level, event: string, fields: Readonly<Record<string, unknown>>]

export function logged(): { readonly log: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const at =
    (level: Level): Logger[Level] =>
    (fields, event) =>
      lines.push([level, event, fields])
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines }
}
