/** What must hold over several turns: going on after a block, and a tool loop of Codex. Each check is one sentence. */
import { facts, inference, isAnswered, isSame, PLANTED_KEY } from './checks.ts'
import type { CliClient } from './clients.ts'
import type { Received } from './fake-upstream.ts'
import { WRITE_IT } from './provider-answers.ts'
import type { Report } from './report.ts'
import { runScenario } from './scenario.ts'

export interface Way {
  readonly hasWebSockets: boolean
}

/** The first question is blocked for what it holds; the second one, in the same conversation, is answered. */
export async function checkGoesOnAfterBlock(report: Report, client: CliClient, way: Way): Promise<void> {
  const result = await runScenario({
    client,
    tier: 'restricted',
    prompt: `the key is ${PLANTED_KEY} and now say hi`,
    next: 'never mind, say ho',
    policy: (text) => text.replace('high: redact', 'high: block'),
    ...way,
  })
  const { run, nextRun, exchanges, received } = result
  const say = (holds: boolean, sentence: string): void =>
    report.check(holds, `${titleOf(client, way)}, blocked for a key: ${sentence}`, {
      first: facts(result),
      next: nextRun?.output.split('\n'),
    })
  const notice = run.output.replaceAll(/\s+/gu, ' ')
  say(run.exitCode !== 0 && notice.includes('Blocked by ACME policy: '), 'the notice is on the terminal')
  say(/sensitive data: aws-access-key \(\w+\[\d+\]/u.test(notice), 'the notice names what was found, and where')
  const reasons = inference(exchanges).map(({ reason }) => reason)
  say(
    reasons.includes('finding') && reasons.includes('history-redacted'),
    'the next turn sends it again, and it is edited',
  )
  say(nextRun !== null && isAnswered(nextRun.stdout) && nextRun.exitCode === 0, 'the conversation goes on')
  say(
    received.every(({ body }) => !body.includes(PLANTED_KEY)) &&
      received.some(
        ({ body }) => /the key is WEIR\w+ and now say hi/u.test(body) && body.includes('never mind, say ho'),
      ),
    'the provider gets the whole conversation, and never the key',
  )
}

/** Codex runs code that writes the key to a file, then code that looks for it there. */
export async function checkCodeLoop(report: Report, client: CliClient, way: Way): Promise<void> {
  const prompt = `the key is ${PLANTED_KEY} ${WRITE_IT}`
  const result = await runScenario({ client, tier: 'restricted', prompt, ...way })
  const { run, received, exchanges } = result
  const say = (holds: boolean, sentence: string): void =>
    report.check(holds, `${titleOf(client, way)}, restricted: ${sentence}`, facts(result))
  const turns = received.flatMap(turnOf)
  say(isAnswered(run.stdout) && run.exitCode === 0 && turns.length === 3, 'three turns, and the answer arrives')
  say(
    received.every(({ body }) => !body.includes(PLANTED_KEY)),
    'the key reaches the provider in no request',
  )
  say(
    turns[2]?.items.some((item) => item.includes('\\"output\\":\\"1\\\\n\\"')) === true,
    'the file that the code wrote holds the real key, as other code finds',
  )
  say(
    turns.slice(1).every((turn, index) => goesOn(turns[index], turn)),
    way.hasWebSockets
      ? 'every turn goes on from the answer before'
      : 'the provider sees what it saw before at the beginning of every turn',
  )
  say(
    received.some(({ coding, path }) => path.endsWith('/responses') && coding === (client.coding ?? 'identity')),
    `bodies go on as they came${client.coding === null ? '' : `, in ${client.coding}`}`,
  )
  say(
    inference(exchanges).some(({ restored }) => Number(restored) > 0),
    'the event counts what was put back',
  )
}

const titleOf = ({ name }: CliClient, { hasWebSockets }: Way): string =>
  hasWebSockets ? `${name}, over WebSocket` : name

interface Turn {
  /** Whose answer it goes on from; `null`: it brings its history. */
  readonly previous: string | null
  /** As text. */
  readonly items: readonly string[]
}

/** Requests with something in them: the one that only warms up has nothing. */
function turnOf({ path, body }: Received): Turn[] {
  if (!path.endsWith('/responses') || body === '') return []
  const { input, previous_response_id: previous } = JSON.parse(body) as {
    readonly input: readonly unknown[]
    readonly previous_response_id?: string
  }
  const items = input.map((item) => JSON.stringify(item))
  return items.length === 0 ? [] : [{ previous: previous ?? null, items }]
}

/** Over WebSocket the answers' ids count up; by POST the whole history comes again. */
function goesOn(before: Turn | undefined, turn: Turn): boolean {
  if (before === undefined) return false
  if (turn.previous !== null) return turn.previous.startsWith('resp_weircode') && turn.previous !== before.previous
  return isSame(turn.items.slice(0, before.items.length), before.items)
}
