/** What must hold for every client in each tier; each check is one sentence. */
import { readFileSync } from 'node:fs'
import type { CliClient } from './clients.ts'
import type { Received } from './fake-upstream.ts'
import { ANSWER, TOKENS, WRITE_IT } from './provider-answers.ts'
import type { Report } from './report.ts'
import { type Exchange, runScenario, type ScenarioResult } from './scenario.ts'

/** Looks like an AWS access key, is none; in two parts, so that no scanner of this repository takes it for one. */
export const PLANTED_KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')

interface Pinned {
  readonly devDependencies: Readonly<Record<string, string>>
}

/** Versions that package.json pins, by package. */
export const PINNED = (JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as Pinned)
  .devDependencies

/** Conversations: not MCP, which Codex also speaks with its provider. */
export const inference = (exchanges: readonly Exchange[]): Exchange[] =>
  exchanges.filter(({ purpose, dialect }) => purpose === 'inference' && dialect !== 'mcp')

const callsOf = (exchanges: readonly Exchange[]): string[] =>
  exchanges.map(({ method, path }) => `${String(method)} ${String(path)}`)

export const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index])

/** All that helps to see why a run failed. */
export const facts = ({ run, exchanges, received, log }: ScenarioResult): unknown => ({
  exitCode: run.exitCode,
  isTimedOut: run.isTimedOut,
  output: run.output.split('\n'),
  exchanges: exchanges.map((exchange) =>
    ['method', 'path', 'tool', 'purpose', 'action', 'status', 'unread'].map((key) => String(exchange[key])).join(' '),
  ),
  log,
  received: received.map(({ kind, method, host, path, bytes }) => `${kind} ${method} ${host}${path} ${bytes}`),
})

/** Requests that only a retry storm makes; a normal blocked run stays far below. */
const STORM = 60

export async function checkBlocked(report: Report, client: CliClient): Promise<ScenarioResult> {
  const result = await runScenario({ client, tier: 'prohibited', prompt: 'say hi', hasWebSockets: true })
  const { run, exchanges, received } = result
  const asked = inference(exchanges)
  const say = (holds: boolean, sentence: string): void =>
    report.check(holds, `${client.name}, prohibited: ${sentence}`, facts(result))
  say(
    isSame(callsOf(asked), client.callsWhenBlocked),
    `asks ${client.callsWhenBlocked.length === 1 ? 'once' : `exactly: ${client.callsWhenBlocked.join(', then ')}`}`,
  )
  say(
    asked.length > 0 &&
      asked.every(({ action, method, status }) => action === 'block' && status === (method === 'GET' ? 426 : 400)),
    'every inference request is blocked with 400, an upgrade with 426',
  )
  say(
    asked.every(({ path }) => !received.some((seen) => seen.path === path)),
    'no inference request reaches the provider',
  )
  say(exchanges.length < STORM, 'no retry storm, side calls included')
  say(isNoticeShown(client, run.output, asked), 'the notice is on the terminal, with the id of the event')
  say(
    !/log ?in\b|sign ?in\b|authenticat/iu.test(lastLines(run.output)),
    'the terminal does not end with the advice to log in',
  )
  say(run.exitCode !== null && run.exitCode !== 0, 'ends by itself, with an exit code that is not 0')
  return result
}

/** How long a client that never gives up is watched. */
const WATCHED_MS = 30_000

/** Where the proxy asks who it is: user and token stand in its URL, and all is as where nobody is asked. */
export async function checkCredentials(report: Report, client: CliClient): Promise<void> {
  const tier = client.tool === 'claude-code' ? 'prohibited' : 'monitored'
  const options = { client, tier, prompt: 'say hi', hasWebSockets: false, credentials: 'token' } as const
  const result = await runScenario(options)
  const { run, exchanges } = result
  const asked = inference(exchanges)
  const say = (holds: boolean, sentence: string): void =>
    report.check(holds, `${client.name}, user and token in the URL of the proxy: ${sentence}`, facts(result))
  if (tier === 'prohibited') say(isNoticeShown(client, run.output, asked), 'the notice is on the terminal')
  else say(isAnswered(run.stdout) && run.exitCode === 0, 'the answer arrives, and it exits with 0')
  say(
    asked.length > 0 && exchanges.every(({ assurance, who }) => assurance === 'token' && typeof who === 'string'),
    'every request is known by the token',
  )
  say(result.challenges <= 1, 'nothing is sent again and again to be let in')
}

/** Where the proxy asks and the client has nothing to say: its terminal names the proxy, and nothing passes. */
export async function checkNoCredentials(report: Report, client: CliClient, said: RegExp): Promise<void> {
  for (const credentials of ['none', 'revoked'] as const) {
    const options = { client, tier: 'monitored', prompt: 'say hi', hasWebSockets: false, credentials } as const
    const result = await runScenario({ ...options, limitMs: WATCHED_MS })
    const { run, exchanges, received, challenges, refusals } = result
    const say = (holds: boolean, sentence: string): void =>
      report.check(holds, `${client.name}, ${TITLES[credentials]}: ${sentence}`, {
        ...asRecord(facts(result)),
        challenges,
        refusals,
      })
    say(said.test(run.output), `the terminal says ${said.source}`)
    say(exchanges.length === 0 && received.length === 0, 'nothing passes')
    say(challenges > 0 && challenges < STORM, `fewer than ${STORM} answers 407 in ${WATCHED_MS / 1000} s`)
    const reason = credentials === 'none' ? 'proxy-auth-required' : 'proxy-auth-failed'
    say(
      refusals.some(
        (refusal) => refusal.startsWith(reason) && client.hosts.some((host) => refusal.endsWith(` ${host}`)),
      ),
      `the event says ${reason} and names the host`,
    )
  }
}

const TITLES = { none: 'no credentials', revoked: 'a revoked token' } as const

const asRecord = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})

/** A refused refresh would make it say "log in", and the notice would never be seen. */
export async function checkBlockedAfterRefresh(report: Report, client: CliClient): Promise<void> {
  const result = await checkBlocked(report, client)
  report.check(
    result.received.some(({ host, path }) => host === 'platform.claude.com' && path === '/v1/oauth/token'),
    `${client.name}, prohibited: the refresh of the login reaches the provider`,
    facts(result),
  )
}

/** The last blocked request's id stands in the notice, so that the developer can ask about it. */
function isNoticeShown(client: CliClient, output: string, asked: readonly Exchange[]): boolean {
  const text = output.replaceAll(/\s+/gu, ' ')
  return (
    text.includes(`Blocked by ACME policy: ${client.toolName} is prohibited (`) &&
    text.includes('Ask for access: ') &&
    asked.some(({ flow }) => text.includes(`(event ${String(flow)})`))
  )
}

const lastLines = (output: string): string => output.trimEnd().split('\n').slice(-3).join('\n')

export async function checkApproved(report: Report, client: CliClient, hasWebSockets = true): Promise<void> {
  const result = await runScenario({ client, tier: 'approved', prompt: 'say hi', hasWebSockets })
  const { run, exchanges } = result
  const asked = inference(exchanges)
  const say = (holds: boolean, sentence: string): void =>
    report.check(holds, `${client.name}, approved: ${sentence}`, facts(result))
  say(isAnswered(run.stdout) && run.exitCode === 0, "the provider's answer arrives unchanged, and it exits with 0")
  say(asked.length > 0 && asked.every(({ action }) => action === 'allow'), 'every inference request is allowed')
  say(
    asked.every(
      ({ bytesUnchanged, error, findings }) => bytesUnchanged === true && error === null && isEmpty(findings),
    ),
    'nothing is read and nothing is changed',
  )
}

const isEmpty = (list: unknown): boolean => Array.isArray(list) && list.length === 0

export const isAnswered = (stdout: string): boolean => stdout.split('\n').some((line) => line.trim() === ANSWER)

export async function checkRestricted(report: Report, client: CliClient): Promise<void> {
  const prompt = `the key is ${PLANTED_KEY} and now say hi`
  const result = await runScenario({ client, tier: 'restricted', prompt, hasWebSockets: false })
  checkRedacted(report, client, result, 'restricted')
  const { received } = result
  if (client.coding !== null) {
    report.check(
      received.some(({ body, coding }) => body.includes('the key is WEIR') && coding === client.coding),
      `${client.name}, restricted: the edited body goes on in the coding it came in, ${client.coding}`,
      facts(result),
    )
  }
}

/** Codex over WebSocket: the same, message by message. */
export async function checkRestrictedWebSocket(report: Report, client: CliClient): Promise<void> {
  const prompt = `the key is ${PLANTED_KEY} and now say hi`
  const result = await runScenario({ client, tier: 'restricted', prompt, hasWebSockets: true })
  checkRedacted(report, client, result, 'restricted, over WebSocket')
  const { exchanges, received } = result
  const asked = inference(exchanges)
  const connection = asked.find(({ parent, status }) => parent === undefined && status === 101)
  const say = (holds: boolean, sentence: string): void =>
    report.check(holds, `${client.name}, restricted, over WebSocket: ${sentence}`, facts(result))
  say(
    received.some(({ kind, body }) => kind === 'message' && body.includes('the key is WEIR')) &&
      asked.every(({ method }) => method === 'GET'),
    'the prompt goes over the WebSocket, and no POST is needed',
  )
  const messages = asked.filter(({ parent }) => parent === connection?.['flow'])
  say(
    connection !== undefined && messages.length === received.filter(({ kind }) => kind === 'message').length,
    'every request message is an exchange of its own, with the connection as its parent',
  )
  say(
    messages.some((message) => hasFinding(message, 'aws-access-key') && message['bytesUnchanged'] === false) &&
      messages.some(({ bytesUnchanged }) => bytesUnchanged === true) &&
      messages.every(({ complete, status }) => complete === true && status === 200),
    'only the message with the key was changed, and each was answered',
  )
}

/** Three turns in which a tool writes the key to a file and another finds it there: the provider never sees it. */
export async function checkToolLoop(report: Report, client: CliClient): Promise<void> {
  const prompt = `the key is ${PLANTED_KEY} ${WRITE_IT}`
  const result = await runScenario({ client, tier: 'restricted', prompt, hasWebSockets: false })
  const { run, received, exchanges } = result
  const say = (holds: boolean, sentence: string): void =>
    report.check(holds, `${client.name}, restricted: ${sentence}`, facts(result))
  const turns = received.flatMap(({ path, body }) =>
    path === '/v1/messages' && body.includes(WRITE_IT) && body.includes('"name":"Write"') ? [messagesOf(body)] : [],
  )
  say(isAnswered(run.stdout) && run.exitCode === 0 && turns.length === 3, 'three turns, and the answer arrives')
  say(
    received.every(({ body }) => !body.includes(PLANTED_KEY)),
    'the key reaches the provider in no request',
  )
  say(
    turns[2]?.some((message) => message.includes('"content":"1"')) === true,
    'the file that the tool wrote holds the real key, as another tool finds',
  )
  say(
    turns.slice(1).every((messages, index) => isSame(messages.slice(0, turns[index]?.length), turns[index] ?? [])),
    'the provider sees what it saw before at the beginning of every turn',
  )
  say(
    inference(exchanges).some(({ restored }) => Number(restored) > 0),
    'the event counts what was put back',
  )
}

/** Each message as text. Cache marks move to the newest block, and the client's own reminders change their form with it. */
function messagesOf(body: string): string[] {
  const { messages } = JSON.parse(body) as { messages: readonly { role?: unknown; content?: unknown }[] }
  return messages
    .filter(({ role }) => role !== 'system')
    .map((message) => JSON.stringify(message, (key, value: unknown) => (key === 'cache_control' ? undefined : value)))
}

function checkRedacted(report: Report, client: CliClient, result: ScenarioResult, title: string): void {
  const { run, exchanges, received } = result
  const asked = inference(exchanges)
  const say = (holds: boolean, sentence: string): void =>
    report.check(holds, `${client.name}, ${title}: ${sentence}`, facts(result))
  say(isAnswered(run.stdout) && run.exitCode === 0, 'the answer arrives, and it exits with 0')
  say(
    received.every(({ body }) => !body.includes(PLANTED_KEY)),
    'a key in the prompt reaches the provider in no request',
  )
  say(
    received.some(({ body }) => /the key is WEIR\w+ and now say hi/u.test(body)),
    'the rest of the prompt reaches the provider, a placeholder instead of the key',
  )
  say(
    asked.some((exchange) => exchange['action'] === 'redact' && hasFinding(exchange, 'aws-access-key')),
    'the event says what was found and that it was redacted',
  )
  say(
    run.stdout.includes(`Your key: ${PLANTED_KEY}`) && asked.some(({ restored }) => Number(restored) > 0),
    'where the provider says the placeholder again, the developer reads his own key',
  )
}

const hasFinding = ({ findings }: Exchange, detector: string): boolean =>
  Array.isArray(findings) && findings.some((finding: { detector?: unknown }) => finding.detector === detector)

export async function checkMonitored(report: Report, client: CliClient): Promise<void> {
  const prompt = `the key is ${PLANTED_KEY} and now say hi`
  const result = await runScenario({ client, tier: 'monitored', prompt, hasWebSockets: false })
  const { run, exchanges, received } = result
  const [event] = inference(exchanges).filter(({ method, status }) => method === 'POST' && status === 200)
  const say = (holds: boolean, sentence: string): void =>
    report.check(holds, `${client.name}, monitored: ${sentence}`, facts(result))
  say(isAnswered(run.stdout) && run.exitCode === 0, 'the answer arrives, and it exits with 0')
  say(
    event?.['tool'] === client.tool && event['toolVersion'] === PINNED[client.packageName] && event['action'] === 'log',
    'the event names the tool and its version',
  )
  say(
    received.some((seen) => seen.kind === 'request' && seen.path === event?.['path'] && isAskedFor(event, seen)),
    'the event names the model that was asked',
  )
  say(
    event !== undefined && event['unread'] === null && isSized(event, received),
    'the event has the size of request and answer, and the tokens',
  )
  say(
    event !== undefined && hasFinding(event, 'aws-access-key'),
    'the event tells of a key in the prompt, which passes',
  )
}

/** The model stands in the body, or in the path with Gemini. */
const isAskedFor = ({ model }: Exchange, { body, path }: Received): boolean =>
  typeof model === 'string' && (body.includes(`"model":"${model}"`) || path.includes(`/models/${model}:`))

function isSized({ bytesIn, bytesOut, tokens, path }: Exchange, received: readonly Received[]): boolean {
  const { in: tokensIn, out: tokensOut } = (tokens ?? {}) as { in?: unknown; out?: unknown }
  return (
    received.some((seen) => seen.path === path && seen.kind === 'request' && seen.bytes === bytesIn) &&
    Number(bytesOut) > ANSWER.length &&
    tokensIn === TOKENS.in &&
    tokensOut === TOKENS.out
  )
}

/** Codex over WebSocket where that is only logged: every request message is recorded, from a copy. */
export async function checkMonitoredWebSocket(report: Report, client: CliClient): Promise<void> {
  const prompt = `the key is ${PLANTED_KEY} and now say hi`
  const result = await runScenario({ client, tier: 'monitored', prompt, hasWebSockets: true })
  const { run, exchanges, received } = result
  const asked = inference(exchanges)
  const [connection] = asked
  const messages = asked.filter(({ parent }) => parent !== undefined && parent === connection?.['flow'])
  const sent = received.filter(({ kind }) => kind === 'message')
  const say = (holds: boolean, sentence: string): void =>
    report.check(holds, `${client.name}, monitored, over WebSocket: ${sentence}`, facts(result))
  say(isAnswered(run.stdout) && run.exitCode === 0, 'the answer arrives, and it exits with 0')
  say(connection?.['status'] === 101 && connection['unread'] === null, 'one upgrade is recorded with 101, and read')
  say(
    messages.length === sent.length && messages.length === asked.length - 1 && sent.length > 0,
    'every request message is an exchange of its own',
  )
  say(
    messages.every(
      ({ tool, toolVersion, action }) =>
        tool === client.tool && toolVersion === PINNED[client.packageName] && action === 'log',
    ),
    'their events name the tool and its version',
  )
  const last = messages.at(-1)
  const { in: tokensIn, out: tokensOut } = (last?.['tokens'] ?? {}) as { in?: unknown; out?: unknown }
  say(
    typeof last?.['model'] === 'string' &&
      sent.some(({ body }) => body.includes(`"model":"${String(last['model'])}"`)) &&
      tokensIn === TOKENS.in &&
      tokensOut === TOKENS.out &&
      sent.some(({ body }) => Buffer.byteLength(body) === last['bytesIn']),
    'the event of the prompt has model, size and tokens',
  )
  say(
    last !== undefined && hasFinding(last, 'aws-access-key') && sent.some(({ body }) => body.includes(PLANTED_KEY)),
    'the event tells of a key in the prompt, which passes',
  )
  const { in: messagesIn, out: messagesOut } = (connection?.['messages'] ?? {}) as { in?: unknown; out?: unknown }
  say(
    messagesIn === sent.length && Number(messagesOut) > sent.length,
    'the connection counts the messages of both directions',
  )
}
