/** One run of one client: a fake upstream, a whole Weir with its own policy, the client, and what Weir recorded. */

import type { Tier } from '../../src/domain/tier.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import type { CliClient } from './clients.ts'
import { type Received, startFakeUpstream } from './fake-upstream.ts'
import { type ClientRun, runClient } from './run-client.ts'

/** The records of one request, intent and outcome as one. */
export type Exchange = Readonly<Record<string, unknown>>

export interface ScenarioResult {
  readonly run: ClientRun
  /** All requests that Weir recorded, in the order of their first record. */
  readonly exchanges: readonly Exchange[]
  readonly received: readonly Received[]
  /** Weir's operational log. */
  readonly log: readonly string[]
}

export interface ScenarioOptions {
  readonly client: CliClient
  readonly tier: Tier
  readonly prompt: string
  /** Does the provider take WebSockets? Only Codex asks. */
  readonly hasWebSockets: boolean
}

export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const { client, tier } = options
  const cleanings: (() => unknown)[] = []
  const scope = { teardown: (clean: () => unknown) => cleanings.unshift(clean) }
  try {
    const pki = await makePki(scope)
    const upstream = await startFakeUpstream(scope, pki, { hasWebSockets: options.hasWebSockets })
    const weir = await startWeir(scope, {
      pins: Object.fromEntries(client.hosts.map((host) => [`${host}:443`, upstream.address])),
      roots: [pki.rootPem],
      policy: (text) => policyWith(text, client.tool, tier),
    })
    const run = await runClient(scope, client, { port: weir.port, ca: weir.ca }, options.prompt)
    await weir.stop()
    return { run, exchanges: mergedExchanges(flowEvents(weir.events())), received: upstream.received, log: weir.log }
  } finally {
    for (const clean of cleanings) await clean()
  }
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
