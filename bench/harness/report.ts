/** RESULTS.md: one section per bench, replaced when it is run again. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

const FILE = fileURLToPath(new URL('../RESULTS.md', import.meta.url))

const PREAMBLE = `# Measured

Written by \`npm run bench <name>…\`; each section is replaced by its next run. Single figures are noisy: what counts is the ratio to
the peer of the same run, medians of interleaved rounds. Peers that are not installed are left out, and that is said.
\`npm install --no-package-lock\` in \`bench/\` installs the npm peers; Squid is Debian's \`squid-openssl\`, the origin Debian's \`nginx\`.
Processor time is user + system of the proxy's whole process tree, as the kernel accounts it; the load and the origin are not counted.
`

export interface Section {
  readonly name: string
  readonly title: string
  /** Markdown. */
  readonly body: string
}

const machine = (): string => {
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${gib} GiB, Linux ${release()}, Node ${process.versions.node}`
}

/** The commit that was measured; a changed tree is said. */
function revision(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim()
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', 'src') === '' ? '' : ' with changes'}`
  } catch {
    return 'unknown'
  }
}

/** Put the section into the file, in place of its earlier self. */
export function writeSection({ name, title, body }: Section): void {
  const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : PREAMBLE
  const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`]
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ')
  const section = `${start}\n## ${title}\n${date} UTC, commit ${revision()}; ${machine()}. Again: \`npm run bench ${name}\`.\n\n${body.trim()}\n${end}`
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  const next =
    from === -1 ? `${text.trimEnd()}\n\n${section}\n` : text.slice(0, from) + section + text.slice(to + end.length)
  writeFileSync(FILE, next)
}

/** A markdown table. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
