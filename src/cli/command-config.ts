/** What commands share that go by `weir.yaml`, or ask the running proxy that it names. */
import { loadConfig } from '../config/load.ts'
import type { WeirConfig } from '../config/schema.ts'
import { type AdminAnswer, type AdminCall, askAdmin } from './admin-client.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { problemLine } from './problem-lines.ts'

/** Flags of every command that asks the running proxy. */
export const ADMIN_FLAGS = { admin: { type: 'string' }, ca: { type: 'string' } } as const

export interface ConfigFlag {
  readonly config?: string | undefined
}

export interface AdminFlags extends ConfigFlag {
  readonly admin?: string | undefined
  readonly ca?: string | undefined
}

/** The configuration of a command; `null`: it cannot be used, which was said. */
export async function configOf(values: ConfigFlag, io: CliIo): Promise<WeirConfig | null> {
  const flags = values.config === undefined ? {} : { config: values.config }
  const loaded = await loadConfig({ flags, env: io.env, cwd: io.cwd })
  if (loaded.ok) return loaded.config
  for (const problem of loaded.problems) io.stderr(problemLine(problem))
  return null
}

/** What the running proxy answers; `null`: the configuration cannot be used, which was said. Never rejects. */
export async function askProxy(values: AdminFlags, call: AdminCall, io: CliIo): Promise<AdminAnswer | null> {
  const config = await configOf(values, io)
  return config === null ? null : askAdmin({ config, url: values.admin, caFile: values.ca }, call)
}

/** Shows the answer and gives the exit code; what went wrong is said after `name`. */
export function tellAnswer(
  answer: AdminAnswer | null,
  { name, show, io }: { readonly name: string; readonly show: (json: unknown) => string; readonly io: CliIo },
): number {
  if (answer === null) return EXIT.bad
  if (answer.ok) {
    io.stdout(show(answer.json))
    return EXIT.done
  }
  io.stderr(`${name}: ${answer.problem}\n`)
  return failureCode(answer)
}

/** The exit code of an answer that is none. */
export const failureCode = ({ kind }: Extract<AdminAnswer, { ok: false }>): number =>
  kind === 'refused' ? EXIT.bad : EXIT.unreachable
