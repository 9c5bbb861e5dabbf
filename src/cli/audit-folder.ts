/** Where the events of a `weir audit` command stand: the data folder of the configuration, or the one that was named. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadConfig } from '../config/load.ts'
import type { CliIo } from './cli-io.ts'

/** Flags that name the place; every verb takes them. */
export const PLACE_FLAGS = { data: { type: 'string' } } as const

export interface AuditPlace {
  /** The data folder. */
  readonly data: string
  /** Its event files. */
  readonly dir: string
  /** The store beside them. */
  readonly store: string
}

/** Find the place; `null`: there is none, which was said. */
export async function findAudit(
  values: { readonly data?: string | undefined; readonly config?: string | undefined },
  io: CliIo,
): Promise<AuditPlace | null> {
  const data = await dataFolder(values, io)
  if (data === null) return null
  const dir = join(data, 'audit')
  return isThere(dir, io) ? { data, dir, store: join(data, 'store.sqlite') } : null
}

/** Is the folder there? If not, that is said. */
export function isThere(dir: string, io: CliIo): boolean {
  if (existsSync(dir)) return true
  io.stderr(`cannot read \`${dir}\`: no such folder: has Weir run here? --data names another data folder\n`)
  return false
}

async function dataFolder(
  values: { readonly data?: string | undefined; readonly config?: string | undefined },
  io: CliIo,
): Promise<string | null> {
  if (values.data !== undefined) return resolve(io.cwd, values.data)
  const flags = values.config === undefined ? {} : { config: values.config }
  const loaded = await loadConfig({ flags, env: io.env, cwd: io.cwd })
  if (loaded.ok) return loaded.config.data.dir
  const problems = loaded.problems.map(({ file, line, path, message }) =>
    [file, line, path]
      .filter((part) => part !== null && part !== '')
      .join(':')
      .concat(`: ${message}`),
  )
  io.stderr(`the configuration cannot be used; --data names the data folder without it\n${problems.join('\n')}\n`)
  return null
}
