/**
 * The real command line tools through a real Weir to a fake upstream. Two at a time; one sentence per check; the last
 * line is `N passed, N failed`. Arguments choose clients by a part of their name, for people who mend one.
 */
import './no-names.ts'
import { join } from 'node:path'
import {
  checkApproved,
  checkBlocked,
  checkBlockedAfterRefresh,
  checkCredentials,
  checkMonitored,
  checkMonitoredWebSocket,
  checkNoCredentials,
  checkRestricted,
  checkRestrictedWebSocket,
  checkToolLoop,
  PINNED,
} from './checks.ts'
import {
  type CliClient,
  claude,
  claudeWithExpiredLogin,
  claudeWithTools,
  codex,
  codexWithChatgptLogin,
  codexWithLoginAndTools,
  codexWithTools,
  gemini,
  opencode,
  qwen,
} from './clients.ts'
import { checkCodeLoop, checkGoesOnAfterBlock, type Way } from './conversation-checks.ts'
import { installClients } from './install.ts'
import { createReport, type Report } from './report.ts'
import { endAllClients, versionOf } from './run-client.ts'

const AT_ONCE = 2

interface Job {
  readonly client: CliClient
  readonly run: (report: Report, client: CliClient) => Promise<unknown>
}

type Check = (report: Report, client: CliClient, way: Way) => Promise<unknown>

const overWebSocket =
  (check: Check): Job['run'] =>
  (report, client) =>
    check(report, client, { hasWebSockets: true })
const byPost =
  (check: Check): Job['run'] =>
  (report, client) =>
    check(report, client, { hasWebSockets: false })

const jobs: readonly Job[] = [
  ...[claude, codex, gemini, qwen, opencode].flatMap((client) =>
    [checkBlocked, checkApproved, checkRestricted, checkMonitored].map((run) => ({ client, run })),
  ),
  ...[claude, codex].map((client) => ({ client, run: checkCredentials })),
  // What they say is theirs: the body of a 407 to CONNECT reaches nobody.
  {
    client: claude,
    run: (report, client) => checkNoCredentials(report, client, /proxy refused the tunnel: check its credentials/u),
  },
  {
    client: codex,
    run: (report, client) => checkNoCredentials(report, client, /HTTP CONNECT failed with status 407/u),
  },
  { client: claudeWithTools, run: checkToolLoop },
  { client: claudeWithExpiredLogin, run: checkBlockedAfterRefresh },
  { client: codex, run: checkMonitoredWebSocket },
  { client: codex, run: checkRestrictedWebSocket },
  { client: codexWithChatgptLogin, run: checkRestrictedWebSocket },
  { client: codexWithChatgptLogin, run: checkBlocked },
  { client: codexWithChatgptLogin, run: checkRestricted },
  { client: codexWithTools, run: overWebSocket(checkCodeLoop) },
  { client: codexWithLoginAndTools, run: byPost(checkCodeLoop) },
  { client: claude, run: byPost(checkGoesOnAfterBlock) },
  { client: codex, run: overWebSocket(checkGoesOnAfterBlock) },
  { client: codexWithChatgptLogin, run: byPost(checkGoesOnAfterBlock) },
]

/** The packages that are there in the pinned version. Missing ones fail in CI; elsewhere they are named and left out. */
function installedPackages(report: Report, clients: readonly CliClient[]): ReadonlySet<string> {
  const problem = installClients([...new Set(clients.map(({ packageName }) => packageName))], report.note)
  if (problem !== null) report.note(problem)
  const there = new Set<string>()
  for (const [packageName, client] of new Map(clients.map((client) => [client.packageName, client]))) {
    const wanted = PINNED[packageName] ?? 'in no version'
    const found = versionOf(client) ?? 'nothing that starts'
    if (found === wanted) there.add(packageName)
    if (found === wanted || process.env['CI'] === 'true') {
      report.check(found === wanted, `${packageName} ${wanted} is installed`, `found: ${found}`)
    } else report.note(`NOT TESTED: ${packageName} ${wanted} is not installed (found: ${found})`)
  }
  return there
}

async function runJobs(report: Report, jobs: readonly Job[]): Promise<void> {
  const waiting = [...jobs]
  const worker = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const { client, run } = job
      await run(report, client).catch((error: unknown) =>
        report.check(
          false,
          `${client.name}: the run itself works`,
          error instanceof Error ? error.stack : String(error),
        ),
      )
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endAllClients()
    process.exit(1)
  })
}
process.chdir(join(import.meta.dirname, '..', '..'))
const report = createReport((line) => console.log(line))
const words = process.argv.slice(2).map((word) => word.toLowerCase())
const chosen = jobs.filter(
  ({ client }) => words.length === 0 || words.some((word) => client.name.toLowerCase().includes(word)),
)
const there = installedPackages(
  report,
  chosen.map(({ client }) => client),
)
await runJobs(
  report,
  chosen.filter(({ client }) => there.has(client.packageName)),
)
process.exitCode = report.end()
