/** Reads command flags by `node:util` parseArgs; a wrong flag is a value, for commands answer it with exit code 2. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { CliIo } from './cli-io.ts'
import { EXIT } from './cli-io.ts'

type FlagOptions = NonNullable<ParseArgsConfig['options']>

/** The flags that every command has. */
export const COMMON_FLAGS = {
  config: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies FlagOptions

type Parsed<T extends FlagOptions> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
>

export type FlagsResult<T extends FlagOptions> =
  | { readonly ok: true; readonly values: Parsed<T>['values']; readonly positionals: readonly string[] }
  /** Already answered: help was shown, or the mistake was told. */
  | { readonly ok: false; readonly exitCode: number }

/** Parse, and answer `--help` and mistakes. `usage` is the whole help text. */
export function readFlags<T extends FlagOptions & typeof COMMON_FLAGS>(
  args: readonly string[],
  options: T,
  { io, usage, maxPositionals }: { readonly io: CliIo; readonly usage: string; readonly maxPositionals: number },
): FlagsResult<T> {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
    const { help } = parsed.values as { help?: boolean }
    if (help === true) {
      io.stdout(usage)
      return { ok: false, exitCode: EXIT.done }
    }
    if (parsed.positionals.length > maxPositionals) {
      io.stderr(`unexpected argument \`${parsed.positionals[maxPositionals] ?? ''}\`\n\n${usage}`)
      return { ok: false, exitCode: EXIT.usage }
    }
    return { ok: true, values: parsed.values, positionals: parsed.positionals }
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : 'wrong flags'
    io.stderr(`${message.charAt(0).toLowerCase()}${message.slice(1)}\n\n${usage}`)
    return { ok: false, exitCode: EXIT.usage }
  }
}
