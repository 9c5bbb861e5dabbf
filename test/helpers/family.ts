/** Weir behind Weir: a child whose `upstream.parent` is another whole Weir that wants a personal token. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { personTextOf } from './persons.ts'
import type { Scope } from './scope.ts'
import { type MadeToken, makeToken } from './tokens.ts'
import { flowEvents, startWeir, type TestWeir } from './weir.ts'

export interface FamilyOptions {
  /** What the parent knows of destinations, `host:port` → `127.0.0.1:port`. */
  readonly pins: Record<string, string>
  readonly roots?: readonly string[]
  readonly noProxy?: readonly string[]
  readonly childPins?: Record<string, string>
  readonly parentConfig?: Record<string, Record<string, unknown>>
  readonly parentPolicy?: (text: string) => string
  /** In place of the token. */
  readonly password?: string
}

export interface Family {
  readonly child: TestWeir
  readonly parent: TestWeir
  readonly token: MadeToken
}

export async function startFamily(t: Scope, options: FamilyOptions): Promise<Family> {
  const { pins, roots = [], noProxy = [], childPins = {}, parentConfig = {}, parentPolicy } = options
  const parent = await startWeir(t, {
    pins,
    roots: [...roots],
    config: { audit: { tunnels: 'all' }, ...parentConfig, identity: { authenticate: 'required' } },
    ...(parentPolicy === undefined ? {} : { policy: parentPolicy }),
  })
  const token = await makeToken(parent.dir, 'branch-office')
  const child = await startWeir(t, {
    pins: childPins,
    roots: [...roots, parent.ca],
    config: {
      audit: { tunnels: 'all' },
      upstream: {
        parent: `http://branch-office:${options.password ?? token.token}@127.0.0.1:${parent.port}`,
        noProxy: [...noProxy],
      },
    },
  })
  return { child, parent, token }
}

/** Everything that a Weir wrote: log, events, personal fields. */
export function written({ dir, log }: TestWeir): string {
  const folder = join(dir, 'data', 'audit')
  const files = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
  return [...log, ...files, personTextOf(dir)].join('\n')
}

/** Neither has written the token anywhere. */
export function noSecret(t: Test, { child, parent, token }: Family): void {
  for (const weir of [child, parent]) {
    const text = written(weir)
    for (const secret of [token.token, token.credential.replace('Basic ', '')]) t.notOk(text.includes(secret))
  }
}

/** Events of this phase, as soon as there are so many. */
export const waitForPhase = async (weir: TestWeir, phase: string, count = 1): Promise<Record<string, unknown>[]> => {
  const of = (all: Record<string, unknown>[]): Record<string, unknown>[] =>
    flowEvents(all).filter((event) => event['phase'] === phase)
  return of(await weir.waitForEvents((all) => of(all).length >= count))
}
