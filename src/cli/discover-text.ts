/** What `weir discover` prints: one block per host, with the lines to paste. */

/** The answer of the admin API, as far as it is shown. */
interface Host {
  readonly host: string
  readonly score: number
  readonly evidence: readonly string[]
  readonly isRead: boolean
  readonly requests: number
  readonly tunnels: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly clients: number
  readonly firstSeen: string
  readonly lastSeen: string
  readonly dismissed: { readonly reason: string } | null
  readonly draft: { readonly policy: string }
}

/** Hosts of `GET discover`. */
export function hostTable(json: unknown): string {
  const { items } = json as { readonly items: readonly Host[] }
  if (items.length === 0) return 'nothing that looks like AI is outside the catalogue\n'
  const tail = `to give them a tier: weir discover --yaml > rules/catalogue/found.yaml, then their lines under \`assign:\` in rules/policy.yaml\n`
  return `${items.map(block).join('\n')}\n${tail}`
}

function block(host: Host): string {
  const { requests, tunnels, clients, bytesIn, bytesOut, firstSeen, lastSeen, dismissed } = host
  const how = host.isRead ? `${requests} requests read` : 'only its name and its tunnels were seen'
  const seen = tunnels > 0 ? `, ${tunnels} tunnels` : ''
  return [
    `${String(host.score).padStart(3)}  ${host.host}${dismissed === null ? '' : ` (dismissed: ${dismissed.reason})`}`,
    `     ${host.evidence.join(', ')}`,
    `     ${how}${seen}, about ${clients} clients, ${size(bytesIn)} up, ${size(bytesOut)} down, ${firstSeen} to ${lastSeen}`,
    `     ${host.draft.policy}`,
    '',
  ].join('\n')
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1_048_576 ? `${Math.round(bytes / 1024)} KiB` : `${Math.round(bytes / 1_048_576)} MiB`
}

interface DriftAnswer {
  readonly drift: readonly {
    readonly tool: string
    readonly host: string
    readonly windows: number
    readonly lift: number
    readonly share: number
    readonly clients: number
    readonly firstSeen: string
  }[]
  readonly paths: readonly {
    readonly tool: string
    readonly host: string
    readonly path: string
    readonly count: number
  }[]
}

/** Pairs and paths of `GET discover/drift`. */
export function driftTable(json: unknown): string {
  const { drift, paths } = json as DriftAnswer
  const pairs = drift.map(
    ({ tool, host, windows, lift, share, clients, firstSeen }) =>
      `  ${tool} calls ${host}: together in ${windows} windows of two minutes, ${lift} times as often as without it, in ${Math.round(share * 100)} % of its use, about ${clients} clients, since ${firstSeen}\n`,
  )
  const unnamed = paths.map(
    ({ tool, host, path, count }) => `  ${String(count).padStart(7)}  ${tool}  ${host}${path}\n`,
  )
  return [
    pairs.length === 0 ? 'no tool began to call an unknown host\n' : 'hosts that tools began to call:\n',
    ...pairs,
    unnamed.length === 0
      ? 'every path on the hosts of the catalogue has a name\n'
      : 'paths that the catalogue does not name:\n',
    ...unnamed,
  ].join('')
}
