/**
 * The proxy auto-config file: catalogue hosts go through Weir, everything else goes direct. Pure text making.
 * The script is ES3, because WinHTTP still runs it in JScript. There is no `; DIRECT` behind the proxy: a stopped
 * Weir must not mean unseen AI traffic.
 */
import { isIpLiteral } from '../domain/destination.ts'

export interface PacInput {
  /** `host:port` of the proxy. */
  readonly proxyAddress: string
  /** Canonical names and `*.` patterns. Others (regex entries) are left out, they cannot be said in a PAC file safely. */
  readonly hosts: readonly string[]
}

const NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/u
const PROXY = /^(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+):\d{1,5}$/iu

const isSafeHost = (host: string): boolean => host.length <= 253 && (NAME.test(host) || isIpLiteral(host))

/** Host keys carry a prefix, so that no name can hit a property that every object has. */
const table = (hosts: readonly string[]): string =>
  `{${[...new Set(hosts)]
    .sort()
    .map((host) => `${JSON.stringify(`h:${host}`)}:1`)
    .join(',\n')}}`

/** The PAC script. Throws when the proxy address could not be written into it safely. */
export function renderPac(input: PacInput): string {
  if (!PROXY.test(input.proxyAddress)) throw new Error('the proxy address is not host:port')
  const exact = input.hosts.filter((host) => !host.startsWith('*.') && isSafeHost(host))
  const suffixes = input.hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(2))
  return `// Weir: AI tools go through the company proxy, everything else direct. Made from the catalogue; do not edit.
var exact = ${table(exact)};
var suffixes = ${table(suffixes.filter(isSafeHost))};
function has(set, name) { return Object.prototype.hasOwnProperty.call(set, "h:" + name); }
function FindProxyForURL(url, host) {
  var name = String(host).toLowerCase();
  if (name.charAt(0) === "[") name = name.substring(1, name.length - 1);
  if (name.charAt(name.length - 1) === ".") name = name.substring(0, name.length - 1);
  if (has(exact, name)) return "PROXY ${input.proxyAddress}";
  for (var dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
    if (dot > 0 && has(suffixes, name.substring(dot + 1))) return "PROXY ${input.proxyAddress}";
  }
  return "DIRECT";
}
`
}
