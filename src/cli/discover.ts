/** `weir discover`: AI that is in no catalogue yet, what tools began to call, and drafts to give it a tier. Asks the running proxy. */
import type { AdminCall } from './admin-client.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { ADMIN_FLAGS, askProxy, tellAnswer } from './command-config.ts'
import { driftTable, hostTable } from './discover-text.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { readTime } from './relative-time.ts'

const USAGE = `weir discover: AI on hosts that are not in the catalogue

  weir discover                      hosts with score, evidence and counts, the surest first
  weir discover --yaml               a catalogue file for all of them, to be looked through: > rules/catalogue/found.yaml
  weir discover HOST --yaml          the same for one
  weir discover --drift              hosts that tools began to call, and paths that the catalogue does not name
  weir discover dismiss HOST --reason R
                                     put one aside: no longer listed; the reason is kept and recorded

  --since T         seen since then: 7d, 24h, or 2026-11-22T10:00:00Z
  --min-score N     0 to 100 (default 50; from 60 on a request gets the tier \`unlisted\`)
  --all             what was dismissed too
  --admin URL       where the admin port is (default: as the configuration says)
  --ca FILE         PEM root behind its certificate
  --config FILE     weir.yaml to use
  --json            answer as JSON
  --help

Exit codes: 0 done, 1 refused or nothing to draft, 2 wrong usage, 3 the proxy cannot be reached
`

const FLAGS = {
  ...COMMON_FLAGS,
  ...ADMIN_FLAGS,
  since: { type: 'string' },
  'min-score': { type: 'string' },
  reason: { type: 'string' },
  yaml: { type: 'boolean', default: false },
  drift: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
} as const

interface Values {
  readonly since?: string | undefined
  readonly 'min-score'?: string | undefined
  readonly reason?: string | undefined
  readonly yaml: boolean
  readonly drift: boolean
  readonly all: boolean
}

interface Asked {
  readonly call: AdminCall
  readonly show: (json: unknown) => string
}

/** Run the command; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const { values } = flags
  const asked = readAsked(flags.positionals, values)
  if (typeof asked === 'string') {
    io.stderr(`weir discover: ${asked}\n`)
    return EXIT.usage
  }
  const show = values.json ? (json: unknown) => `${JSON.stringify(json)}\n` : asked.show
  return tellAnswer(await askProxy(values, asked.call, io), { name: 'weir discover', show, io })
}

function readAsked(positionals: readonly string[], values: Values): Asked | string {
  const [first, second] = positionals
  if (first === 'dismiss') return readDismiss(second, values)
  if (second !== undefined) return `unexpected argument \`${second}\``
  if (values.drift)
    return first === undefined ? { call: get('/discover/drift'), show: driftTable } : '--drift takes no host'
  const filters = readFilters(values)
  if (typeof filters === 'string') return filters
  if (values.yaml) {
    if (first !== undefined) filters.set('host', first.toLowerCase())
    return { call: get('/discover/draft', filters), show: (json) => (json as { yaml: string }).yaml }
  }
  return first === undefined
    ? { call: get('/discover', filters), show: hostTable }
    : 'a host goes with --yaml, or with `dismiss`'
}

function readDismiss(host: string | undefined, { reason }: Values): Asked | string {
  if (host === undefined) return 'name the host: weir discover dismiss HOST --reason R'
  if (reason === undefined) return 'say why: --reason R'
  const body = { host: host.toLowerCase(), reason }
  return { call: { method: 'POST', path: '/discover/dismiss', body }, show: () => `${body.host} is put aside\n` }
}

function readFilters({ since, 'min-score': minScore, all }: Values): URLSearchParams | string {
  const filters = new URLSearchParams()
  if (since !== undefined) {
    const time = readTime(since, Date.now())
    if (time === null) return `\`${since}\` is no time: write 7d, 24h or 2026-11-22T10:00:00Z`
    filters.set('since', time)
  }
  if (minScore !== undefined) {
    if (!/^(?:\d{1,2}|100)$/u.test(minScore)) return '--min-score is a number from 0 to 100'
    filters.set('minScore', minScore)
  }
  if (all) filters.set('all', 'true')
  return filters
}

const get = (path: string, filters = new URLSearchParams()): AdminCall => ({
  method: 'GET',
  path: filters.size === 0 ? path : `${path}?${filters.toString()}`,
})
