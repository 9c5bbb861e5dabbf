/** `weir feedback`: reports of false positives, and the allowlist that IT makes of them. Asks the running proxy. */
import type { AdminCall } from './admin-client.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { ADMIN_FLAGS, askProxy, tellAnswer } from './command-config.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'

const USAGE = `weir feedback: what was found and is no finding

  weir feedback EVENT          report it: EVENT is the id in the notice, in \`x-weir-event\` or in the audit trail
  weir feedback EVENT --allow  and let it pass from now on, for everybody; takes effect at once
  weir feedback list           reports that wait for a decision
  weir feedback take-back ID   take what a report allows off the list again, or put an open one aside

  --reason R        why; for whoever decides
  --allow           put the values found in the event on the allowlist, as keyed hashes
  --detector D      allow only what this detector found; may be repeated
  --field F         allow only what stood in this field (as in the event); may be repeated
  --all             list: decided reports too
  --admin URL       where the admin port is (default: as the configuration says)
  --ca FILE         PEM root behind its certificate
  --config FILE     weir.yaml to use
  --json            answer as JSON
  --help

Needs the admin token (\`admin.token\` of \`data.dir\`), and so a person of IT: nobody can allow anything through the proxy.
Exit codes: 0 done, 1 refused or no such event, 2 wrong usage, 3 the proxy cannot be reached
`

const FLAGS = {
  ...COMMON_FLAGS,
  ...ADMIN_FLAGS,
  reason: { type: 'string' },
  allow: { type: 'boolean', default: false },
  detector: { type: 'string', multiple: true },
  field: { type: 'string', multiple: true },
  all: { type: 'boolean', default: false },
} as const

interface Values {
  readonly reason?: string | undefined
  readonly allow: boolean
  readonly detector?: string[] | undefined
  readonly field?: string[] | undefined
  readonly all: boolean
}

interface Asked {
  readonly call: AdminCall
  /** What to print of the answer. */
  readonly show: (json: unknown) => string
}

/** Run the command; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const { values, positionals } = flags
  const asked = readAsked(positionals, values)
  if (typeof asked === 'string') {
    io.stderr(`weir feedback: ${asked}\n`)
    return EXIT.usage
  }
  const show = values.json ? (json: unknown) => `${JSON.stringify(json)}\n` : asked.show
  return tellAnswer(await askProxy(values, asked.call, io), { name: 'weir feedback', show, io })
}

/** What the arguments ask for; a string says what is wrong with them. */
function readAsked([first, second]: readonly string[], values: Values): Asked | string {
  if (first === undefined) return 'say which event, or `list`, or `take-back ID`'
  if (first === 'list') {
    if (second !== undefined) return `unexpected argument \`${second}\``
    return { call: { method: 'GET', path: `/feedback?limit=1000${values.all ? '' : '&status=open'}` }, show: table }
  }
  if (first === 'take-back') {
    if (second === undefined) return 'say which report: take-back ID'
    return { call: { method: 'POST', path: `/feedback/${encodeURIComponent(second)}/take-back` }, show: line }
  }
  return second === undefined ? readReport(first, values) : `unexpected argument \`${second}\``
}

function readReport(event: string, values: Values): Asked | string {
  const { reason, allow, detector, field } = values
  if (!allow && (detector !== undefined || field !== undefined)) return '--detector and --field go with --allow'
  const body = {
    ...(reason === undefined ? {} : { reason }),
    ...(allow ? { allow } : {}),
    ...(detector === undefined ? {} : { detectors: detector }),
    ...(field === undefined ? {} : { fields: field }),
  }
  return { call: { method: 'POST', path: `/events/${encodeURIComponent(event)}/feedback`, body }, show: line }
}

/** What the admin API answers, as far as it is shown. */
interface Report {
  readonly id: string
  readonly event: string
  readonly detectors: readonly string[]
  readonly at: string
  readonly reason: string | null
  readonly status: string
  readonly allowed: readonly { readonly detector: string; readonly placeholder: string }[]
  readonly remembered?: boolean
}

function line(json: unknown): string {
  const { id, event, detectors, status, allowed, remembered } = json as Report
  const old =
    remembered === false ? 'its values are no longer remembered, so they cannot be allowed by this event\n' : ''
  const values = status === 'allowed' ? `${allowed.map(each).join('\n')}\n` : ''
  return `${id} ${status}: event ${event}, ${detectors.join(', ')}\n${values}${old}`
}

const each = ({ detector, placeholder }: Report['allowed'][number]): string => `  ${detector} ${placeholder}`

function table(json: unknown): string {
  const { items } = json as { readonly items: readonly Report[] }
  if (items.length === 0) return 'no reports\n'
  return items
    .map(({ id, event, detectors, at, reason, status }) =>
      [id, status, at, event, detectors.join(','), reason ?? '-'].join('  '),
    )
    .join('\n')
    .concat('\n')
}
