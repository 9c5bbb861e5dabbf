/**
 * The real command line tools through a real Weir to a fake upstream. Two at a time; one sentence per check; the last
 * line is `N passed, N failed`. Arguments choose clients by a part of their name, for people who mend one.
 */
import './no-names.ts'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import {
  checkApproved,
  checkBlocked,
  checkMonitored,
  checkMonitoredWebSocket,
  checkRestricted,
  PINNED,
} from './checks.ts'
import {
  type CliClient,
  claude,
  claudeWithExpiredLogin,
  codex,
  codexWithChatgptLogin,
  gemini,
  opencode,
  qwen,
} from './clients.ts'
import { createReport, type Report } from './report.ts'

const AT_ONCE = 2

interface Job {
  readonly client: CliClient
  readonly run: (report: Report, client: CliClient) => Promise<void>
}

const jobs: readonly Job[] = [
  ...[claude, codex, gemini, qwen, opencode].flatMap((client) =>
    [checkBlocked, checkApproved, checkRestricted, checkMonitored].map((run) => ({ client, run })),
  ),
  { client: claudeWithExpiredLogin, run: checkBlocked },
  { client: codex, run: checkMonitoredWebSocket },
  { client: codexWithChatgptLogin, run: checkBlocked },
  { client: codexWithChatgptLogin, run: checkRestricted },
]

/** The version that the installed client says it is; `null` when it does not start. */
function installedVersion({ bin }: CliClient): string | null {
  try {
    const output = execFileSync(join(import.meta.dirname, 'node_modules', '.bin', bin), ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return /\d+\.\d+\.\d+/u.exec(output)?.[0] ?? null
  } catch {
    return null
  }
}

/** Is the pinned version there? Missing clients fail in CI; elsewhere they are named and left out. */
function isInstalled(report: Report, client: CliClient): boolean {
  const wanted = PINNED[client.packageName]
  const found = installedVersion(client)
  const isThere = found === wanted
  const sentence = `${client.packageName} ${wanted ?? ''} is installed`
  if (isThere || process.env['CI'] === 'true')
    report.check(isThere, sentence, `found: ${found ?? 'nothing that starts'}`)
  else
    report.note(
      `NOT TESTED: ${client.packageName} ${wanted ?? ''} could not be installed (found: ${found ?? 'nothing that starts'})`,
    )
  return isThere
}

async function runJobs(report: Report, waiting: Job[]): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const { client, run } = job
      await run(report, client).catch((error: unknown) =>
        report.check(false, `${client.name}: the run itself works`, error instanceof Error ? error.stack : error),
      )
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

process.chdir(join(import.meta.dirname, '..', '..'))
const report = createReport((line) => console.log(line))
const wanted = process.argv.slice(2).map((word) => word.toLowerCase())
const chosen = jobs.filter(
  ({ client }) => wanted.length === 0 || wanted.some((word) => client.name.toLowerCase().includes(word)),
)
const byPackage = new Map(chosen.map(({ client }) => [client.packageName, client]))
const there = new Set(
  [...byPackage.values()].filter((client) => isInstalled(report, client)).map(({ packageName }) => packageName),
)
await runJobs(
  report,
  chosen.filter(({ client }) => there.has(client.packageName)),
)
process.exitCode = report.end()
