/** `weir audit sinks`: where records are sent on to, how far that is, and whether a receiver takes a test event. */
import { join } from 'node:path'
import { createIdSource } from '../audit/event-id.ts'
import { jsonLine } from '../audit/export/jsonl.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { createSink } from '../audit/sinks/create-sink.ts'
import { type SinkLag, sinkLags } from '../audit/sinks/lag.ts'
import { createRenderer } from '../audit/sinks/render.ts'
import type { SendResult } from '../audit/sinks/sink.ts'
import type { SinkState } from '../audit/sinks/state-file.ts'
import { loadConfig } from '../config/load.ts'
import type { WeirConfig } from '../config/schema.ts'
import { sinkFileProblems } from '../config/sink-files.ts'
import type { Problem } from '../domain/settings.ts'
import { sinksFolder } from './audit-trail.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { problemLine } from './problem-lines.ts'

const USAGE = `usage: weir audit sinks             where records are sent on to, and how far that is
       weir audit sinks test NAME   send one marked event now, and say what came back

options:
  --config FILE   weir.yaml to use
  --json          answer as JSON
  --help

Exit codes: 0 done, 1 a sink does not take records, 2 wrong usage, 3 configuration or files cannot be read
`

type Sinks = WeirConfig['audit']['sinks']

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, COMMON_FLAGS, { io, usage: USAGE, maxPositionals: 3 })
  if (!flags.ok) return flags.exitCode
  const [, what, name] = flags.positionals
  if ((what !== undefined && what !== 'test') || (what === 'test' && name === undefined)) {
    io.stderr(`say \`weir audit sinks\` or \`weir audit sinks test NAME\`\n\n${USAGE}`)
    return EXIT.usage
  }
  const { config: file, json } = flags.values
  const loaded = await loadConfig({ flags: file === undefined ? {} : { config: file }, env: io.env, cwd: io.cwd })
  if (!loaded.ok) {
    io.stderr(`the configuration cannot be used\n${loaded.problems.map(problemLine).join('')}`)
    return EXIT.unreachable
  }
  const { audit, data } = loaded.config
  try {
    return name === undefined ? list(audit.sinks, data.dir, json, io) : await test(audit.sinks, name, json, io)
  } catch (error) {
    io.stderr(`cannot be read: ${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT.unreachable
  }
}

function list(sinks: Sinks, data: string, isJson: boolean, io: CliIo): number {
  const lags = sinkLags(
    join(data, 'audit'),
    sinksFolder(data),
    sinks.map(({ name }) => name),
  )
  const files = sinks.map((sink) => sinkFileProblems([sink]))
  if (isJson)
    for (const [index, lag] of lags.entries())
      io.stdout(jsonLine({ ...lag, ...aboutSink(sinks[index]), files: files[index] }))
  else if (sinks.length === 0) io.stdout('records are sent nowhere: `audit.sinks` names no receiver\n')
  else
    for (const [index, lag] of lags.entries())
      io.stdout(`${[...lagLines(lag, sinks[index]), ...fileLines(files[index])].map(escapeControls).join('\n')}\n`)
  const isUnfit = files.flat().some(({ severity }) => severity === 'error')
  return isUnfit || lags.some(({ state }) => state?.failure != null) ? EXIT.bad : EXIT.done
}

/** Never a secret: those stand in files of their own. */
function aboutSink(sink: Sinks[number] | undefined): {
  kind?: string
  to?: string
  format?: string
  filter?: string | null
} {
  if (sink === undefined) return {}
  const { kind, format, filter } = sink
  if (sink.kind === 'file') return { kind, format, filter, to: sink.file }
  return { kind, format, filter, to: sink.kind === 'syslog' ? `${sink.host}:${sink.port}` : new URL(sink.url).origin }
}

function lagLines({ name, state, behindEvents }: SinkLag, sink: Sinks[number] | undefined): string[] {
  const { kind = '', to = '', format = '', filter = null } = aboutSink(sink)
  const head = `${name}: ${kind} ${to} (${format}${filter === null ? '' : `, only ${filter}`})`
  if (state === null) return [head, '  nothing delivered yet']
  const { delivered, deliveredAt, failure } = state
  return [
    `${head}${failure === null ? '' : '  FAILING'}`,
    `  ${behindEvents ?? '?'} behind, ${delivered} delivered, last ${deliveredAt ?? 'never'}`,
    ...(failure === null ? [] : [`  since ${failure.since}: ${failure.why}`]),
    ...notDelivered(name, state),
  ]
}

const fileLines = (problems: readonly Problem[] = []): string[] =>
  problems.map(({ severity, file, message }) => `  ${severity}: ${file}: ${message}`)

/** What the receiver will never get, and why. */
function notDelivered(name: string, { leftOut, setAside, lost }: SinkState): string[] {
  return [
    ...(leftOut === 0 ? [] : [`  ${leftOut} not wanted by its filter`]),
    ...(setAside === 0 ? [] : [`  ${setAside} refused for good: data/sinks/${name}.refused.jsonl names them`]),
    ...(lost === 0 ? [] : [`  ${lost} LOST: removed before they were delivered`]),
  ]
}

async function test(sinks: Sinks, name: string, isJson: boolean, io: CliIo): Promise<number> {
  const settings = sinks.find((sink) => sink.name === name)
  if (settings === undefined) {
    const known = sinks.map((sink) => sink.name).join(', ') || 'none'
    io.stderr(`no sink is called \`${escapeControls(name)}\`; there are: ${known}\n`)
    return EXIT.usage
  }
  const sink = createSink(settings)
  const [record, id] = testRecord(name)
  const result = await sink.send(createRenderer(settings.format)(record))
  await sink.close()
  io.stdout(isJson ? jsonLine({ name, id, ...result }) : `${escapeControls(testText(name, id, result))}\n`)
  return result.kind === 'delivered' ? EXIT.done : EXIT.bad
}

/** Stands in no event file: its operation says what it is. */
function testRecord(name: string): [Parameters<ReturnType<typeof createRenderer>>[0], string] {
  const id = createIdSource()()
  const about = { id, time: new Date().toISOString(), phase: 'admin' }
  const deed = { actor: 'cli', operation: 'sink.test', target: name, before: null, after: null }
  return [{ ...about, record: { v: 1, ...about, flow: id, ...deed } }, id]
}

function testText(name: string, id: string, result: SendResult): string {
  if (result.kind === 'delivered') return `${name} took the test event ${id} (admin, operation sink.test)`
  return `${name} did not take the test event: ${result.why}${result.said === undefined ? '' : `: ${result.said}`}`
}
