/** `weir explain URL`: which tool a request counts as, what would happen to it, by which rule, step by step. Nothing is sent. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type LoadedState, loadState } from '../config/state.ts'
import { seenDialect } from '../discover/seen-dialect.ts'
import { ASSURANCES } from '../domain/client.ts'
import { compileNetworkMap } from '../identity/network-map.ts'
import { type ExplainQuestion, explain } from '../policy/explain.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { bodyFactsOf } from './explain-body.ts'
import { explanationText } from './explain-text.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { problemLine } from './problem-lines.ts'

const USAGE = `weir explain: say what would happen to a request, and why; nothing is sent

usage: weir explain URL [options]

  --method M           request method; left out: POST when that is how the URL is used for inference, else GET
  --header 'k: v'      a request header; may be repeated
  --user U             the user, whatever the address says
  --group G            a group of the user; may be repeated
  --assurance A        how the client is known: none, network, outer-proxy, token, mtls, negotiate
                       (left out: what its address says, network when --user or --group is given)
  --address A          the client's address (default 127.0.0.1)
  --body F             a file with the request body: findings and the model count too
  --fail-on-block      exit with 1 when the request would be blocked
  --config FILE        weir.yaml to use
  --json               answer as JSON
  --help

Exit codes: 0 done, 1 the rules are bad or (with --fail-on-block) the request is blocked, 2 wrong usage, 3 a file cannot be read
`

const FLAGS = {
  ...COMMON_FLAGS,
  method: { type: 'string' },
  header: { type: 'string', multiple: true, short: 'H' },
  user: { type: 'string' },
  group: { type: 'string', multiple: true },
  assurance: { type: 'string' },
  address: { type: 'string' },
  body: { type: 'string' },
  'fail-on-block': { type: 'boolean', default: false },
} as const

interface Asked {
  readonly question: ExplainQuestion
  readonly bodyFile: string | undefined
}

/** Run the command; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 1 })
  if (!flags.ok) return flags.exitCode
  const { values } = flags
  const asked = questionOf(flags.positionals[0], values)
  if (typeof asked === 'string') return refuse(io, EXIT.usage, asked)
  const loaded = await loadState({
    flags: values.config === undefined ? {} : { config: values.config },
    env: io.env,
    cwd: io.cwd,
    compileIdentity: compileNetworkMap,
    nowMs: () => Date.now(),
  })
  if (!loaded.ok) {
    for (const problem of loaded.problems) io.stderr(problemLine(problem))
    return EXIT.bad
  }
  const body = await readBody(asked.bodyFile, io)
  if (typeof body === 'string') return refuse(io, EXIT.unreachable, body)
  const explained = await explainAll(loaded.state, asked, body)
  if (!explained.ok) return refuse(io, EXIT.usage, explained.problem)
  const { explanation } = explained
  io.stdout(
    values.json ? `${JSON.stringify(explanation)}\n` : explanationText(explanation, loaded.state.rules.snapshot.tools),
  )
  return values['fail-on-block'] && explanation['action'] === 'block' ? EXIT.bad : EXIT.done
}

function refuse(io: CliIo, exitCode: number, message: string): number {
  io.stderr(`${message}\n`)
  return exitCode
}

interface Values {
  readonly method?: string | undefined
  readonly header?: string[] | undefined
  readonly user?: string | undefined
  readonly group?: string[] | undefined
  readonly assurance?: string | undefined
  readonly address?: string | undefined
  readonly body?: string | undefined
}

/** A string says what is wrong. */
function questionOf(url: string | undefined, values: Values): Asked | string {
  if (url === undefined) return 'say which URL: weir explain https://host/path'
  const headers: Record<string, string> = {}
  for (const line of values.header ?? []) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    if (colon < 1 || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/u.test(name))
      return `header \`${name}\` is not written as 'name: value'`
    headers[name] = line.slice(colon + 1).trim()
  }
  const { method, user, group, address, body } = values
  const client = assuranceOf(values.assurance)
  if (typeof client === 'string') return client
  const question: ExplainQuestion = {
    url,
    headers,
    ...(method === undefined ? {} : { method: method.toUpperCase() }),
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { groups: group }),
    ...client,
    ...(address === undefined ? {} : { address }),
  }
  return { question, bodyFile: body }
}

/** A string says what is wrong. */
function assuranceOf(given: string | undefined): Pick<ExplainQuestion, 'assurance'> | string {
  const assurance = ASSURANCES.find((each) => each === given)
  if (assurance !== undefined) return { assurance }
  return given === undefined ? {} : `assurance \`${given}\` is none of ${ASSURANCES.join(', ')}`
}

/** `null`: none was given; a string says why it cannot be read. */
async function readBody(file: string | undefined, io: CliIo): Promise<Uint8Array | string | null> {
  if (file === undefined) return null
  try {
    return await readFile(resolve(io.cwd, file))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return `cannot read \`${file}\`: ${code}`
  }
}

type Explained = ReturnType<typeof explain>

async function explainAll(state: LoadedState, asked: Asked, body: Uint8Array | null): Promise<Explained> {
  const { snapshot } = state.rules
  const context = { nowMs: Date.now(), recogniseDialect: seenDialect, clientAt: state.identity.identify }
  const ask = (question: ExplainQuestion): Explained => explain(snapshot, question, context)
  const question = { ...asked.question, method: asked.question.method ?? likelyMethod(asked.question, ask, body) }
  const first = ask(question)
  if (!first.ok) return first
  const request = { method: question.method, url: question.url }
  if (body === null) return { ok: true, explanation: { request, ...first.explanation } }
  const facts = await bodyFactsOf(state, { explanation: first.explanation, headers: question.headers ?? {}, body })
  const second = ask({ ...question, body: facts })
  return second.ok ? { ok: true, explanation: { request, body: facts, ...second.explanation } } : second
}

/** People paste the URL of an API without its method: POST where that is inference, as the API is used. */
function likelyMethod(
  question: ExplainQuestion,
  ask: (question: ExplainQuestion) => Explained,
  body: Uint8Array | null,
): string {
  if (body !== null) return 'POST'
  const isUpgrade = /^wss?:/iu.test(question.url)
  const asPost = ask({ ...question, method: 'POST' })
  const isInference =
    asPost.ok && asPost.explanation['purpose'] === 'inference' && asPost.explanation['unread'] !== 'unnamed-path'
  return isInference && !isUpgrade ? 'POST' : 'GET'
}
