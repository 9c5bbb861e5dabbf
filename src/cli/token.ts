/** `weir token make|list|revoke`: personal proxy tokens. The secret is printed once and kept nowhere; a running proxy follows at once. */
import type { WeirConfig } from '../config/schema.ts'
import { hashSecret } from '../identity/token-hash.ts'
import { formatToken, makeTokenText } from '../identity/token-text.ts'
import { openTokenStore, type TokenStore } from '../state/token-store.ts'
import { accountName } from './account-name.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { tokenFile } from './client-identity.ts'
import { configOf } from './command-config.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { readExpiry } from './token-expiry.ts'
import { proxyUrl, stateOf, tokenFacts, tokenTable } from './token-text.ts'

const USAGE = `weir token: personal tokens, by which a person is known to the proxy

  weir token make --user U     a new token; printed once, only its hash is kept
  weir token list              who has tokens, until when, and when they were last used
  weir token revoke ID...      take tokens back; a running proxy refuses them at once
  weir token revoke --user U   take back all tokens of a user

  --user U          the user the token stands for; with list and revoke: only this user's
  --group G         a group of the user, for rules of the policy; may be repeated
  --device D        the device the token is for
  --expires T       90d, 12h, 4w, a date, or never (default 90d)
  --note N          what it is for
  --all             list: expired and revoked ones too
  --config FILE     weir.yaml to use
  --json            answer as JSON
  --help

Tokens count when \`identity.authenticate\` is \`optional\` or \`required\`.
Exit codes: 0 done, 1 no such token, 2 wrong usage, 3 the token store cannot be read or written
`

const FLAGS = {
  ...COMMON_FLAGS,
  user: { type: 'string' },
  group: { type: 'string', multiple: true },
  device: { type: 'string' },
  expires: { type: 'string' },
  note: { type: 'string' },
  all: { type: 'boolean', default: false },
} as const

interface Values {
  readonly user?: string | undefined
  readonly group?: string[] | undefined
  readonly device?: string | undefined
  readonly expires?: string | undefined
  readonly note?: string | undefined
  readonly all: boolean
  readonly json: boolean
  readonly config?: string | undefined
}

const ACTIONS = ['make', 'list', 'revoke'] as const
type Action = (typeof ACTIONS)[number]

interface Asked {
  readonly action: Action
  readonly ids: readonly string[]
  readonly values: Values
}

interface Work extends Asked {
  readonly io: CliIo
  readonly config: WeirConfig
  readonly store: TokenStore
  readonly nowMs: number
}

const MAX_REVOKED = 1000
const MAX_GROUPS = 100
const MAX_TEXT = 200

/** Run the command; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: MAX_REVOKED })
  if (!flags.ok) return flags.exitCode
  const nowMs = Date.now()
  const asked = readAsked(flags.positionals, flags.values, nowMs)
  if (typeof asked === 'string') {
    io.stderr(`weir token: ${asked}\n`)
    return EXIT.usage
  }
  const config = await configOf(asked.values, io)
  if (config === null) return EXIT.bad
  return withStore(config, io, (store) => act({ ...asked, io, config, store, nowMs }))
}

/** What the arguments ask for; a string says what is wrong with them. */
function readAsked([action, ...ids]: readonly string[], values: Values, nowMs: number): Asked | string {
  if (!ACTIONS.some((each) => each === action)) return 'say one of `make`, `list`, `revoke`'
  const asked: Asked = { action: action as Action, ids, values }
  if (action !== 'revoke' && ids.length > 0) return `unexpected argument \`${ids[0] ?? ''}\``
  if (action === 'revoke' && ids.length > 0 === (values.user !== undefined))
    return 'say which tokens: ID... or --user U'
  return action === 'make' ? (makeProblem(values, nowMs) ?? asked) : asked
}

function makeProblem({ user, group = [], device, note, expires }: Values, nowMs: number): string | null {
  if (user === undefined) return 'say whose it is: --user U'
  if (user.includes(':')) return 'a user name holds no colon: it ends the name in a proxy URL'
  const texts = [user, ...group, ...[device, note].flatMap((text) => text ?? [])]
  if (!texts.every(isPlain)) return `names and notes are 1 to ${MAX_TEXT} plain characters`
  if (group.length > MAX_GROUPS) return `at most ${MAX_GROUPS} groups`
  const expiry = readExpiry(expires ?? DEFAULT_EXPIRY, nowMs)
  return expiry.ok ? null : expiry.problem
}

const DEFAULT_EXPIRY = '90d'

/** No control, format or separator characters: they would steer terminals and hide in lists. */
const isPlain = (text: string): boolean =>
  text.length > 0 && text.length <= MAX_TEXT && text.trim() === text && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text)

async function withStore(
  config: WeirConfig,
  io: CliIo,
  work: (store: TokenStore) => number | Promise<number>,
): Promise<number> {
  let store: TokenStore | null = null
  try {
    store = openTokenStore(tokenFile(config), { waitMs: 5000 })
    return await work(store)
  } catch (error) {
    io.stderr(
      `the token store \`${tokenFile(config)}\` cannot be used: ${error instanceof Error ? error.message : ''}\n`,
    )
    return EXIT.unreachable
  } finally {
    store?.close()
  }
}

function act(work: Work): number | Promise<number> {
  switch (work.action) {
    case 'make':
      return make(work)
    case 'list':
      return list(work)
    case 'revoke':
      return revoke(work)
  }
}

async function make({ io, config, store, nowMs, values }: Work): Promise<number> {
  const { user = '', group = [], device = null, note = null } = values
  const text = makeTokenText()
  const token = formatToken(text)
  const expiry = readExpiry(values.expires ?? DEFAULT_EXPIRY, nowMs)
  const expiresMs = expiry.ok ? expiry.atMs : nowMs
  const hash = await hashSecret(text.secret)
  const groups = [...new Set(group)]
  const kept = { id: text.id, user, groups, device, note, hash, createdMs: nowMs, expiresMs }
  const expires = expiresMs === null ? null : new Date(expiresMs).toISOString()
  store.add(kept, { ...deedOn(text.id, 'make'), before: null, after: { expires } })
  if (config.identity.authenticate === 'off') {
    io.stderr('warning: `identity.authenticate` is `off`: tokens count when it is `optional` or `required`\n')
  }
  const url = proxyUrl(config, user, token)
  if (values.json) {
    const facts = tokenFacts({ ...kept, lastUsedMs: null, revokedMs: null }, nowMs)
    io.stdout(`${JSON.stringify({ ...facts, token, proxy: url })}\n`)
    return EXIT.done
  }
  io.stdout(`token ${text.id} of ${user}, ${expires === null ? 'never expires' : `good until ${expires}`}; shown once:

  ${user}:${token}

as programs take it:

  export HTTPS_PROXY=${url}

take it back with: weir token revoke ${text.id}
`)
  return EXIT.done
}

function list({ io, store, nowMs, values }: Work): number {
  const tokens = store.list(values.user).filter((token) => values.all || stateOf(token, nowMs) === 'good')
  if (values.json) io.stdout(`${JSON.stringify(tokens.map((token) => tokenFacts(token, nowMs)))}\n`)
  else io.stdout(tokens.length === 0 ? 'no tokens\n' : tokenTable(tokens, nowMs))
  return EXIT.done
}

function revoke({ io, store, nowMs, ids, values }: Work): number {
  const targets = values.user === undefined ? ids : goodOnes(store, values.user)
  const results = targets.map((id) => {
    const deed = { ...deedOn(id, 'revoke'), before: null, after: { revoked: true } }
    return { id, result: store.revoke(id, nowMs, deed) }
  })
  if (values.json) io.stdout(`${JSON.stringify({ revoked: results })}\n`)
  else for (const { id, result } of results) tell(io, id, result)
  if (results.length === 0 && !values.json) io.stderr(`no tokens of \`${values.user ?? ''}\`\n`)
  return results.length === 0 || results.some(({ result }) => result === 'unknown') ? EXIT.bad : EXIT.done
}

const goodOnes = (store: TokenStore, user: string): string[] =>
  store.list(user).flatMap(({ id, revokedMs }) => (revokedMs === null ? [id] : []))

function tell(io: CliIo, id: string, result: ReturnType<TokenStore['revoke']>): void {
  if (result === 'unknown') io.stderr(`no token \`${id}\`: \`weir token list\` shows ids\n`)
  else io.stdout(result === 'revoked' ? `${id} is revoked\n` : `${id} was revoked before\n`)
}

/** The audit trail names the token and not its user: `weir token list` knows whose it is. */
const deedOn = (id: string, what: 'make' | 'revoke') => ({
  actor: `cli:${accountName()}`,
  operation: `token.${what}`,
  target: `token:${id}`,
})
