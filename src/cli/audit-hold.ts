/** `weir audit hold`: what a court or a regulator wants kept is kept, whatever retention and erasure say. */
import { jsonLine } from '../audit/export/jsonl.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { readHolds } from '../audit/holds.ts'
import type { HoldFacts } from '../control/ports.ts'
import { findAudit, PLACE_FLAGS } from './audit-folder.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { ADMIN_FLAGS, type AdminFlags, configOf } from './command-config.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { type DeedResult, doDeed, type PersonDeed, refused } from './person-deeds.ts'
import { holdFacts } from './persons-port.ts'
import { readTime } from './relative-time.ts'

const USAGE = `usage: weir audit hold add --reason R [--since T] [--until T] [--subject NAME]
       weir audit hold list
       weir audit hold release ID --reason R

Records under a hold neither expire nor can their persons be erased. Without --subject it holds everybody's.

  --reason R      stays in the records: without names
  --since T       from this time on, RFC 3339 or like 30d
  --until T       before this time
  --subject NAME  of this person only; \`user:NAME\`, \`device:NAME\` or \`addr:NAME\`
  --admin URL     where the admin port is (default: as the configuration says; without a running proxy it is done here)
  --ca FILE       PEM root behind its certificate
  --config FILE   weir.yaml to use
  --data DIR      data folder to list the holds of
  --json          answer as JSON
  --help

Exit codes: 0 done, 1 refused or no such hold, 2 wrong usage, 3 the proxy or the data folder cannot be reached
`

const FLAGS = {
  ...COMMON_FLAGS,
  ...PLACE_FLAGS,
  ...ADMIN_FLAGS,
  reason: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  subject: { type: 'string' },
} as const

interface Values extends AdminFlags {
  readonly json: boolean
  readonly data?: string | undefined
  readonly reason?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly subject?: string | undefined
}

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 3 })
  if (!flags.ok) return flags.exitCode
  const { values, positionals } = flags
  const [, what, id] = positionals
  if (what === 'list') return list(values, io)
  const { reason } = values
  if (reason !== undefined && what === 'add' && id === undefined) {
    const [since, until] = [timeOf(values.since), timeOf(values.until)]
    if (since === null || until === null) {
      io.stderr('write times like 2026-11-22T10:00:00Z, or how long ago: 30d\n')
      return EXIT.usage
    }
    return tell(await asked(values, io, addition({ reason, subject: values.subject, since, until })), values, io)
  }
  if (reason !== undefined && what === 'release' && id !== undefined) {
    return tell(await asked(values, io, release(id, reason)), values, io)
  }
  io.stderr(`say what to do and why: add, list or release\n\n${USAGE}`)
  return EXIT.usage
}

async function list(values: Values, io: CliIo): Promise<number> {
  const place = await findAudit(values, io)
  if (place === null) return EXIT.unreachable
  // A hold of a time before mode `pseudonymous` says one that a name was tied to; of a copy this machine has no mode.
  const config = values.data === undefined ? await configOf(values, io) : null
  const isHidden = config?.audit.privacy === 'pseudonymous'
  const holds = readHolds(place.data).map((hold) => ({ ...holdFacts(hold), ...(isHidden ? { who: null } : {}) }))
  if (values.json) io.stdout(jsonLine({ items: holds }))
  else io.stdout(`${holds.map(holdLine).map(escapeControls).join('\n') || 'no legal holds'}\n`)
  return EXIT.done
}

/** `null`: it is none. */
const timeOf = (text: string | undefined): string | null | undefined =>
  text === undefined ? undefined : readTime(text, Date.now())

interface Addition {
  readonly reason: string
  readonly since: string | undefined
  readonly until: string | undefined
  readonly subject: string | undefined
}

function addition(body: Addition): PersonDeed<HoldFacts> {
  return {
    call: { method: 'POST', path: '/holds', body },
    alone: async ({ persons }, by) => {
      const result = await persons.holds.add({ ...body, by })
      return result.ok ? { ok: true, value: result.hold } : refused(result.detail)
    },
  }
}

const release = (id: string, reason: string): PersonDeed<HoldFacts> => ({
  call: { method: 'POST', path: `/holds/${encodeURIComponent(id)}/release`, body: { reason } },
  alone: async ({ persons }, by) => {
    const hold = await persons.holds.release({ id, reason, by })
    return hold === null ? refused('there is no legal hold with this id') : { ok: true, value: hold }
  },
})

async function asked(values: Values, io: CliIo, deed: PersonDeed<HoldFacts>): Promise<DeedResult<HoldFacts> | null> {
  const config = await configOf(values, io)
  return config === null ? null : doDeed(config, values, deed)
}

function tell(answer: DeedResult<HoldFacts> | null, { json }: Values, io: CliIo): number {
  if (answer === null) return EXIT.bad
  if (!answer.ok) {
    io.stderr(`${answer.problem}\n`)
    return answer.kind === 'refused' ? EXIT.bad : EXIT.unreachable
  }
  io.stdout(json ? jsonLine({ ...answer.value }) : `${escapeControls(holdLine(answer.value))}\n`)
  return EXIT.done
}

const holdLine = ({ id, reason, by, at, since, until, who, hasSubject }: HoldFacts): string =>
  `${id}: ${since ?? 'from the beginning'} to ${until ?? 'for ever'}, ${who ?? (hasSubject ? 'one person' : 'everybody')}: ${reason} (${by}, ${at})`
