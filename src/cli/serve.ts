/** `weir serve`: run the proxy until a signal asks it to stop. */
import { parseArgs } from 'node:util'
import { type App, type AppAddresses, createApp } from '../app.ts'
import type { Problem } from '../domain/settings.ts'
import { type CliIo, EXIT } from './cli-io.ts'

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
  if (!created.ok) return fail(io, created)
  const { app } = created
  const started = await app.start()
  if (!started.ok) return fail(io, started)
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

function fail(
  io: CliIo,
  failure: { readonly kind: 'bad' | 'unreachable'; readonly problems: readonly Problem[] },
): number {
  for (const problem of failure.problems) io.stderr(`${formatProblem(problem)}\n`)
  io.stderr('weir: not started\n')
  return failure.kind === 'bad' ? EXIT.bad : EXIT.unreachable
}

const formatProblem = ({ severity, file, line, path, message }: Problem): string =>
  `${severity}: ${file}${line === null ? '' : `:${line}`}${path === '' ? '' : `: ${path}`}: ${message}`

function bannerFacts(
  app: App,
  addresses: AppAddresses,
): { proxy: string; admin: string; ca: string; fingerprint: string } {
  const [proxy] = addresses.proxy
  return {
    proxy: proxy === undefined ? '' : `http://${bracketed(proxy.host)}:${proxy.port}`,
    admin: `${app.config.admin.tls === null ? 'http' : 'https'}://${addresses.admin}`,
    ca: app.authority.file(),
    fingerprint: app.authority.fingerprint256(),
  }
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

function banner(app: App, addresses: AppAddresses): string {
  const { proxy, admin, ca, fingerprint } = bannerFacts(app, addresses)
  return `weir is running
  proxy        ${proxy}
  admin        ${admin}   (token: ${app.config.data.dir}/admin.token)
  CA           ${ca}
  fingerprint  sha256 ${fingerprint}

try it, no network needed:
  curl --proxy ${proxy} --cacert ${ca} -H 'user-agent: claude-cli/2.1.330 (external, cli)' --json '{"model":"claude-opus-5-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}' https://api.anthropic.com/v1/messages

`
}

const jsonBanner = (app: App, addresses: AppAddresses): string =>
  `${JSON.stringify({ ...bannerFacts(app, addresses), listen: addresses.proxy })}\n`

function untilStopped(app: App): Promise<void> {
  return new Promise((resolve, reject) => {
    const onReload = (): void => {
      app.reload('signal').catch(reject)
    }
    let isStopping = false
    const onStop = (): void => {
      if (isStopping) return
      isStopping = true
      process.removeListener('SIGHUP', onReload)
      app.stop().then(resolve, reject)
    }
    process.on('SIGHUP', onReload)
    process.once('SIGTERM', onStop)
    process.once('SIGINT', onStop)
  })
}
