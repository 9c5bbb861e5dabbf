/** One run of one client: a fake upstream, a whole Weir with its own policy, the client, and what Weir recorded. */

import type { Tier } from '../../src/domain/tier.ts'
import { makePki } from '../helpers/pki.ts'
import { makeToken, revokeToken } from '../helpers/tokens.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import type { CliClient } from './clients.ts'
import { type Received, startFakeUpstream } from './fake-upstream.ts'
import { type ClientRun, makeClientHome, runClient } from './run-client.ts'

/** Whose token it is. */
export const USER = 'li.wei'

/** The records of one request, intent and outcome as one. */
export type Exchange = Readonly<Record<string, unknown>>

export interface ScenarioResult {
  readonly run: ClientRun
  /** Of the second question; `null` when there was none. */
  readonly nextRun: ClientRun | null
  /** All requests that Weir recorded, in the order of their first record. */
  readonly exchanges: readonly Exchange[]
  readonly received: readonly Received[]
  /** Weir's operational log. */
  readonly log: readonly string[]
  /** Answers 407. */
  readonly challenges: number
  /** Reason and host of what was refused before any request: `proxy-auth-required api.anthropic.com`. */
  readonly refusals: readonly string[]
}

/** What the proxy's URL holds: user and token, as `weir token make` prints them; nothing; or a token that was revoked. */
export type Credentials = 'token' | 'none' | 'revoked'

export interface ScenarioOptions {
  readonly client: CliClient
  readonly tier: Tier
  readonly prompt: string
  /** A second question in the same conversation, by another start of the client. */
  readonly next?: string
  /** Changes the policy further. */
  readonly policy?: (text: string) => string
  /** Does the provider take WebSockets? Only Codex asks. */
  readonly hasWebSockets: boolean
  /** Left out: the proxy asks nobody. */
  readonly credentials?: Credentials
  readonly limitMs?: number
}

export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const { client, tier, limitMs } = options
  const cleanings: (() => unknown)[] = []
  const scope = { teardown: (clean: () => unknown) => cleanings.unshift(clean) }
  try {
    const pki = await makePki(scope)
    const upstream = await startFakeUpstream(scope, pki, { hasWebSockets: options.hasWebSockets })
    const weir = await startWeir(scope, {
      pins: Object.fromEntries(client.hosts.map((host) => [`${host}:443`, upstream.address])),
      roots: [pki.rootPem],
      policy: (text) => (options.policy ?? asItIs)(policyWith(text, client.tool, tier)),
      ...(options.credentials === undefined ? {} : { config: { identity: { authenticate: 'required' } } }),
    })
    const userInfo = await userInfoFor(weir.dir, options.credentials ?? 'none')
    const proxy = { port: weir.port, ca: weir.ca, userInfo, ...(limitMs === undefined ? {} : { limitMs }) }
    const home = makeClientHome(scope, client, weir.ca)
    const run = await runClient(home, client, proxy, client.args(options.prompt))
    const { next } = options
    const nextRun =
      next === undefined || client.argsToGoOn === undefined
        ? null
        : await runClient(home, client, proxy, client.argsToGoOn(next))
    const challenges = await countChallenges(weir.adminPort)
    await weir.stop()
    const events = flowEvents(weir.events())
    const exchanges = mergedExchanges(events)
    const refusals = events.flatMap(({ phase, reason, destination }) =>
      phase === 'tunnel' ? [`${String(reason)} ${String((destination as { host?: unknown }).host)}`] : [],
    )
    return { run, nextRun, exchanges, received: upstream.received, log: weir.log, challenges, refusals }
  } finally {
    for (const clean of cleanings) await clean()
  }
}

const asItIs = (text: string): string => text

/** `user:token@` of the proxy's URL. */
async function userInfoFor(dir: string, credentials: Credentials): Promise<string> {
  if (credentials === 'none') return ''
  const { id, user, token } = await makeToken(dir, USER)
  if (credentials === 'revoked') await revokeToken(dir, id)
  return `${user}:${token}@`
}

async function countChallenges(adminPort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/metrics`)
  const lines = (await answer.text())
    .split('\n')
    .filter((line) => /^weir_errors_total\{.*code="proxy-auth-/u.test(line))
  return lines.reduce((sum, line) => sum + Number(/\} (\d+)/u.exec(line)?.[1] ?? 0), 0)
}

/**
 * The shipped policy with one tool in another tier. Tools that share their provider's host with plain API use are
 * milder than that only where their marks are trusted.
 */
export function policyWith(text: string, tool: string, tier: Tier): string {
  const withoutOwn = text
    .replace(new RegExp(`^ +- \\{ tool: ${tool},.*\\n`, 'mu'), '')
    .replace(new RegExp(`(\\btool: \\[.*?)\\b${tool}, `, 'u'), '$1')
  const policy = withoutOwn
    .replace(/^assign:.*$/mu, `assign:\n  - { tool: ${tool}, tier: ${tier} }`)
    .replace(/^trustMarks:.*$/mu, `trustMarks: [${tool}]`)
  if (!policy.includes(`{ tool: ${tool}, tier: ${tier} }`)) throw new Error('the shipped policy has another form now')
  return policy
}

function mergedExchanges(events: readonly Record<string, unknown>[]): Exchange[] {
  const byFlow = new Map<unknown, Record<string, unknown>>()
  for (const event of events) {
    if (event['phase'] === 'tunnel') continue
    byFlow.set(event['flow'], { ...byFlow.get(event['flow']), ...event })
  }
  return [...byFlow.values()]
}
