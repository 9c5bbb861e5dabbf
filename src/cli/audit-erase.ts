/** `weir audit erase`: a person vanishes from all records, for good; chain and proofs stay as they are. */
import { jsonLine } from '../audit/export/jsonl.ts'
import { escapeControls } from '../audit/export/printable.ts'
import type { ErasedPerson, SubjectFacts } from '../control/ports.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { ADMIN_FLAGS, configOf } from './command-config.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { type DeedResult, doDeed, type OwnTrail, refused } from './person-deeds.ts'

const USAGE = `usage: weir audit erase --subject NAME --reason R
       weir audit erase --who P --reason R

Drops the key that a person's records are encrypted with: user, groups, device and address can be read by nobody any
more, in no file. Records, chain and proofs stay. Nobody can undo it; copies elsewhere (sinks, exports, backups of
\`keys/\`) are yours to erase. A legal hold wins.

  --subject NAME  a user, device or address; \`user:NAME\`, \`device:NAME\` or \`addr:NAME\` when only that is meant
  --who P         the pseudonym of an event, \`p_…\`
  --reason R      stays in the records: without the name
  --admin URL     where the admin port is (default: as the configuration says; without a running proxy it is done here)
  --ca FILE       PEM root behind its certificate
  --config FILE   weir.yaml to use
  --json          answer as JSON
  --help

Exit codes: 0 done, 1 nobody of this name, or held, 2 wrong usage, 3 the proxy or the data folder cannot be reached
`

const FLAGS = {
  ...COMMON_FLAGS,
  ...ADMIN_FLAGS,
  subject: { type: 'string' },
  who: { type: 'string' },
  reason: { type: 'string' },
} as const

type Answer = Omit<Extract<ErasedPerson, { ok: true }>, 'ok'>

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 1 })
  if (!flags.ok) return flags.exitCode
  const { values } = flags
  const { who, reason } = values
  const subject = values.subject ?? who
  if (subject === undefined || reason === undefined || (values.subject !== undefined && who !== undefined)) {
    io.stderr(`say who and why: --subject NAME --reason R, or --who P --reason R\n\n${USAGE}`)
    return EXIT.usage
  }
  const config = await configOf(values, io)
  if (config === null) return EXIT.bad
  const answer = await doDeed<Answer>(config, values, {
    call: { method: 'POST', path: '/persons/erase', body: { subject, reason } },
    alone: (own, actor) => eraseAlone(own, { subject, reason, actor }),
  })
  if (!answer.ok) {
    io.stderr(`${answer.problem}\n`)
    return answer.kind === 'refused' ? EXIT.bad : EXIT.unreachable
  }
  if (values.json) io.stdout(jsonLine(answer.value))
  else io.stdout(`${linesOf(answer.value).map(escapeControls).join('\n')}\n`)
  return EXIT.done
}

async function eraseAlone(
  { persons }: OwnTrail,
  asked: Parameters<OwnTrail['persons']['erase']>[0],
): Promise<DeedResult<Answer>> {
  const result = await persons.erase(asked)
  return result.ok ? { ok: true, value: { erased: result.erased, left: result.left } } : refused(result.detail)
}

function linesOf({ erased, left }: Answer): string[] {
  return [
    ...erased.map(({ identity, who, records }) =>
      records === null
        ? `${nameOf({ identity, who })}: erased; the store did not answer: stop Weir and delete store.sqlite, it is built again without the person`
        : `${nameOf({ identity, who })}: erased from ${records} records`,
    ),
    ...left.map(({ identity, who }) => `may be left: ${nameOf({ identity, who })} has records of its own`),
    'look too for other names of the same person, and at copies: sinks, exports, backups',
  ]
}

/** `user:alice (p_…)`, or what is known of it. */
const nameOf = ({ identity, who }: SubjectFacts): string =>
  identity !== null && who !== null ? `${identity} (${who})` : (identity ?? who ?? 'one person')
