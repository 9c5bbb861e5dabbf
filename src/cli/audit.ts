/** `weir audit`: one file per verb, each loaded only when it is called. */
import { escapeControls } from '../audit/export/printable.ts'
import { type CliIo, EXIT } from './cli-io.ts'

interface Verb {
  readonly summary: string
  readonly load: () => Promise<{ readonly run: (args: readonly string[], io: CliIo) => Promise<number> }>
}

const VERBS: Readonly<Record<string, Verb>> = {
  query: { summary: 'the newest events that match', load: () => import('./audit-query.ts') },
  export: { summary: 'all events that match, for other programs', load: () => import('./audit-export.ts') },
  open: { summary: 'what is sealed of an exchange, for the auditors', load: () => import('./audit-open.ts') },
  share: { summary: "an auditor's share of what was opened", load: () => import('./audit-share.ts') },
  read: { summary: 'shares put together: the sealed text', load: () => import('./audit-read.ts') },
  'auditor-key': { summary: 'a pair of keys for an auditor', load: () => import('./audit-auditor-key.ts') },
  report: { summary: 'an evidence pack of a range, for an auditor', load: () => import('./audit-report.ts') },
  erase: { summary: 'a person vanishes from all records', load: () => import('./audit-erase.ts') },
  hold: { summary: 'legal holds: what must be kept', load: () => import('./audit-hold.ts') },
  'privacy-key': { summary: 'a pair of keys for mode pseudonymous', load: () => import('./audit-privacy-key.ts') },
  reidentify: { summary: 'who stands behind a pseudonym, with that key', load: () => import('./audit-reidentify.ts') },
  sinks: { summary: 'where records are sent on to, and how far that is', load: () => import('./audit-sinks.ts') },
  facets: { summary: 'how often each tool, tier, user … occurs', load: () => import('./audit-count.ts') },
  histogram: { summary: 'how events spread over time', load: () => import('./audit-count.ts') },
  verify: { summary: 'is every record there, unchanged and signed?', load: () => import('./audit-verify.ts') },
  prove: { summary: 'a proof that a record is what was signed', load: () => import('./audit-prove.ts') },
  key: { summary: 'the key that others check checkpoints with', load: () => import('./audit-key.ts') },
  tiles: { summary: 'the signed log with its entries, for other tools', load: () => import('./audit-tiles.ts') },
}

const HELP = `weir audit: query and export the events, verify their chain

usage: weir audit <verb> [options]

${Object.entries(VERBS)
  .map(([name, { summary }]) => `  ${name.padEnd(13)}${summary}`)
  .join('\n')}

weir audit <verb> --help says more. Every verb takes --config FILE, --data DIR and --json.
`

/** Run the command; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const [name] = args
  if (name?.startsWith('-') !== false) {
    const isHelp = args.includes('--help') || args.includes('-h')
    if (isHelp) io.stdout(HELP)
    else {
      const instead = name === undefined ? '' : `, not \`${escapeControls(name)}\``
      io.stderr(`say what to do first${instead}: ${Object.keys(VERBS).join(', ')}\n\n${HELP}`)
    }
    return isHelp ? EXIT.done : EXIT.usage
  }
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined
  if (verb === undefined) {
    io.stderr(`unknown \`weir audit ${escapeControls(name)}\`\n\n${HELP}`)
    return EXIT.usage
  }
  const { run: runVerb } = await verb.load()
  return runVerb(args, io)
}
