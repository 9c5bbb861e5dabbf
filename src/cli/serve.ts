/** `weir serve`: run the proxy until a signal asks it to stop. */
import { parseArgs } from 'node:util'
import { type App, type AppAddresses, createApp } from '../app.ts'
import { formatAuthority } from '../domain/destination.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { problemCount, problemLine } from './problem-lines.ts'
import type { StartFailure } from './start-parts.ts'

const HELP = `usage: weir serve [--listen HOST:PORT]... [--admin HOST:PORT] [--observe] [--config FILE] [--json]

Runs the proxy. SIGHUP reads configuration and rules again, SIGTERM and SIGINT stop it gracefully.

  --listen HOST:PORT  where the proxy listens (proxy.listen); may be given more than once
  --admin HOST:PORT   where the admin port listens (admin.listen)
  --observe           decide and record, but change and block nothing
  --config FILE       configuration file, default weir.yaml
  --json              print the banner as JSON
`

/** Resolves with the exit code once the proxy has stopped, or at once when it cannot start. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = parseFlags(args)
  if (typeof flags === 'string') {
    io.stderr(`weir serve: ${flags}\n\n${HELP}`)
    return EXIT.usage
  }
  if (flags.help === true) {
    io.stdout(HELP)
    return EXIT.done
  }
  const { config, listen, admin, observe } = flags
  const created = await createApp({
    flags: {
      ...(config === undefined ? {} : { config }),
      ...(listen === undefined ? {} : { listen }),
      ...(admin === undefined ? {} : { admin }),
      ...(observe === undefined ? {} : { observe }),
    },
    env: io.env,
    cwd: io.cwd,
  })
  if (!created.ok) return fail(io, created, flags.json === true)
  const { app } = created
  const started = await app.start()
  if (!started.ok) return fail(io, started, flags.json === true)
  if (app.warnings.length > 0) io.stderr(`${app.warnings.length} warnings: \`weir check\` lists them\n`)
  io.stdout(flags.json === true ? jsonBanner(app, started.addresses) : banner(app, started.addresses))
  await untilStopped(app)
  return EXIT.done
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        config: { type: 'string' },
        listen: { type: 'string', multiple: true },
        admin: { type: 'string' },
        observe: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function fail(io: CliIo, { kind, problems }: StartFailure, isJson: boolean): number {
  if (isJson) io.stdout(`${JSON.stringify({ ok: false, problems })}\n`)
  else {
    for (const problem of problems) io.stderr(problemLine(problem))
    io.stderr(`weir: not started: ${problemCount(problems)}\n`)
  }
  return kind === 'bad' ? EXIT.bad : EXIT.unreachable
}

function bannerFacts(
  app: App,
  addresses: AppAddresses,
): { proxy: string; admin: string; ca: string; fingerprint: string } {
  const [proxy] = addresses.proxy
  return {
    proxy: proxy === undefined ? '' : `http://${formatAuthority(proxy.host, proxy.port)}`,
    admin: `${app.config.admin.tls === null ? 'http' : 'https'}://${addresses.admin}`,
    ca: app.authority.file(),
    fingerprint: app.authority.fingerprint256(),
  }
}

function banner(app: App, addresses: AppAddresses): string {
  const { proxy, admin, ca, fingerprint } = bannerFacts(app, addresses)
  // curl reads no PKCS#12.
  const isPem = app.config.certs.pkcs12 === null
  const fetchRoot = isPem ? '' : `  curl -o weir-root.pem ${admin}/ca.pem\n`
  return `weir is running
  proxy        ${proxy}
${moreWaysIn(addresses)}  admin        ${admin}   (token: ${app.config.data.dir}/admin.token)
  CA           ${ca}
  fingerprint  sha256 ${fingerprint}

try it, no network needed:
${fetchRoot}  curl --proxy ${proxy} --cacert ${isPem ? ca : 'weir-root.pem'} -H 'user-agent: claude-cli/2.1.330 (external, cli)' --json '{"model":"claude-opus-5-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}' https://api.anthropic.com/v1/messages

`
}

/** A line for every SOCKS5 and every redirected address. */
const moreWaysIn = ({ socks, transparent }: AppAddresses): string =>
  [
    ...socks.map(({ host, port }) => `  SOCKS5       socks5h://${formatAuthority(host, port)}\n`),
    ...transparent.map(({ host, port, entry }) => {
      const meant = entry.kind === 'transparent' && entry.port !== null ? `port ${entry.port}` : 'ports 443 and 80'
      return `  transparent  ${formatAuthority(host, port)}   (redirected connections to ${meant})\n`
    }),
  ].join('')

const jsonBanner = (app: App, addresses: AppAddresses): string =>
  `${JSON.stringify({ ...bannerFacts(app, addresses), listen: addresses.proxy })}\n`

/** Resolves once a signal has stopped the app. A second signal ends the process at once, as Node does by itself. */
function untilStopped(app: App): Promise<void> {
  return new Promise((resolve, reject) => {
    const onReload = (): void => {
      // It never rejects.
      app.reload('signal').catch(reject)
    }
    const onStop = (): void => {
      // From now on a second SIGTERM or SIGINT is not waited for; SIGHUP must not end a draining process.
      process.removeListener('SIGTERM', onStop)
      process.removeListener('SIGINT', onStop)
      app.stop().then(resolve, reject)
    }
    // A fault in one listener must not take the records of all other requests with it.
    process.once('uncaughtException', (error) => {
      app.fault(error)
      app.stop().then(() => reject(error), reject)
    })
    process.on('SIGHUP', onReload)
    process.on('SIGTERM', onStop)
    process.on('SIGINT', onStop)
  })
}
