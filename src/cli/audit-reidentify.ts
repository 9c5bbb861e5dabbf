/** `weir audit reidentify`: who stands behind a pseudonym, for the data protection officer. Recorded before anything is shown. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { jsonLine } from '../audit/export/jsonl.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { findPersons } from '../audit/find-persons.ts'
import { readPrivacyKey } from '../audit/keys/privacy-key.ts'
import type { PersonFields } from '../audit/person.ts'
import type { WeirConfig } from '../config/schema.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { ADMIN_FLAGS, type AdminFlags, configOf } from './command-config.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { doDeed } from './person-deeds.ts'

const USAGE = `usage: weir audit reidentify WHO --key FILE --reason R

Shows who stands behind a pseudonym of mode \`pseudonymous\`. That is recorded first, with the reason. Run it where the
data folder is; the key is read here and goes nowhere.

  --key FILE     the private half of \`weir audit privacy-key\`
  --reason R     why it must be known; stays in the records
  --admin URL    where the admin port is (default: as the configuration says; without a running proxy it is recorded here)
  --ca FILE      PEM root behind its certificate
  --config FILE  weir.yaml to use
  --json         answer as JSON
  --help

Exit codes: 0 done, 1 erased, unknown, or another key, 2 wrong usage, 3 the proxy or a file cannot be reached
`

const FLAGS = { ...COMMON_FLAGS, ...ADMIN_FLAGS, key: { type: 'string' }, reason: { type: 'string' } } as const

interface Question {
  readonly who: string
  readonly key: ReturnType<typeof readPrivacyKey>
  readonly reason: string
}

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const { values, positionals } = flags
  const [, who] = positionals
  const { key: file, reason } = values
  if (who === undefined || file === undefined || reason === undefined) {
    io.stderr(`say who, with which key and why: WHO --key FILE --reason R\n\n${USAGE}`)
    return EXIT.usage
  }
  const config = await configOf(values, io)
  if (config === null) return EXIT.bad
  try {
    const key = readPrivacyKey(readFileSync(resolve(io.cwd, file), 'utf8'))
    return await show({ who, key, reason }, { config, values }, io)
  } catch (error) {
    io.stderr(`\`${file}\` cannot be used: ${(error as Error).message}\n`)
    return EXIT.unreachable
  }
}

async function show(
  { who, key, reason }: Question,
  { config, values }: { readonly config: WeirConfig; readonly values: AdminFlags & { readonly json: boolean } },
  io: CliIo,
): Promise<number> {
  const recorded = await doDeed(config, values, {
    call: { method: 'POST', path: '/persons/reidentify', body: { who, reason } },
    alone: async ({ record }, actor) => {
      await record({ actor, operation: 'person.reidentify', target: who, before: null, after: { reason } })
      return { ok: true, value: { who } }
    },
  })
  if (!recorded.ok) {
    io.stderr(`${recorded.problem}\n`)
    return recorded.kind === 'refused' ? EXIT.bad : EXIT.unreachable
  }
  const found = await findPersons({ data: config.data.dir, dir: join(config.data.dir, 'audit') }, who, key)
  if (found.persons.length === 0) {
    io.stderr(
      `${found.isErased ? 'erased, or never seen' : found.isRightKey ? 'no records are left' : 'another key'}: nobody can be shown\n`,
    )
    return EXIT.bad
  }
  if (values.json) io.stdout(jsonLine({ who, persons: found.persons }))
  else io.stdout(`${found.persons.map(personLine).map(escapeControls).join('\n')}\n`)
  return EXIT.done
}

const personLine = ({ user, device, addr, groups, network }: PersonFields): string =>
  `user ${user ?? '-'}, device ${device ?? '-'}, address ${addr}, network ${network ?? '-'}, groups ${groups.join(', ') || '-'}`
