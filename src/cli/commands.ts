/** The commands of `weir`, each loaded only when it is called. */
import { type CliIo, EXIT } from './cli-io.ts'

interface Command {
  readonly summary: string
  readonly load: () => Promise<{ readonly run: (args: readonly string[], io: CliIo) => Promise<number> }>
}

const COMMANDS: Readonly<Record<string, Command>> = {
  serve: { summary: 'run the proxy', load: () => import('./serve.ts') },
  check: { summary: 'check the configuration and the rules', load: () => import('./check.ts') },
  explain: { summary: 'say what would happen to a request, and why', load: () => import('./explain.ts') },
  ca: { summary: 'show, export or rotate the certificate authority', load: () => import('./ca.ts') },
  audit: { summary: 'query, export or verify the events', load: () => import('./audit.ts') },
  redact: { summary: 'redact a request body as the proxy would', load: () => import('./redact.ts') },
  token: { summary: 'make, list or revoke personal proxy tokens', load: () => import('./token.ts') },
  fingerprint: { summary: 'index source code, so that copies are recognised', load: () => import('./fingerprint.ts') },
  feedback: { summary: 'report or allow what was found and is no finding', load: () => import('./feedback.ts') },
  discover: { summary: 'list AI that is in no catalogue yet', load: () => import('./discover.ts') },
  doctor: { summary: 'check this machine: proxy, trust, tools', load: () => import('./doctor.ts') },
}

const HELP = `weir: a corporate forward proxy that enforces a company's rules for AI tools

usage: weir <command> [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(13)}${summary}`)
  .join('\n')}

weir <command> --help says more. Every command takes --config FILE and --json.
`

/** Run `weir ARGS`; resolves with the exit code. */
export async function runCommand(args: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = args
  if (name === '--help' || name === '-h' || name === 'help') {
    io.stdout(HELP)
    return EXIT.done
  }
  const command = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name]
  if (command === undefined) {
    io.stderr(name === undefined ? HELP : `weir: unknown command \`${name}\`\n\n${HELP}`)
    return EXIT.usage
  }
  const { run } = await command.load()
  return run(rest, io)
}
