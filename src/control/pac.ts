/**
 * The proxy auto-config file: hosts of AI tools go through Weir, everything else goes direct; where every host is read,
 * everything but the company's own goes through it. Pure text making. The script is ES3, because WinHTTP still runs it
 * in JScript, and uses none of the helper functions: they resolve names. There is no `; DIRECT` behind the proxies: a
 * stopped Weir must not mean unseen AI traffic.
 */
import { formatAuthority, isIpLiteral } from '../domain/destination.ts'

/** One way in: `PROXY` is spoken to plainly, `HTTPS` by TLS. */
export interface PacProxy {
  readonly keyword: 'PROXY' | 'HTTPS' | 'SOCKS5'
  /** Canonical. */
  readonly host: string
  readonly port: number
}

export interface PacInput {
  /** Best first; browsers take the next when one does not answer. */
  readonly proxies: readonly PacProxy[]
  /** Canonical names and `*.` patterns that go through the proxy. Others are left out. */
  readonly hosts: readonly string[]
  /** Expressions for whole canonical names, as the catalogue has them between slashes. What a PAC engine of 1999 might not know is left out. */
  readonly patterns: readonly string[]
  /** Everything goes through the proxy but local names, private addresses and `direct`. */
  readonly isEveryHost: boolean
  /** Names and `*.` patterns that go direct where every host is read. */
  readonly direct: readonly string[]
}

const NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/u
/** Anchored, no look-around, no named or lazy anything: ES3 reads it as we do. */
const OLD_PATTERN = /^\^(?!.*\(\?[^:])[a-z0-9\\.[\]+*?{},|():_-]+\$$/u

const isSafeHost = (host: string): boolean =>
  host.length <= 253 && (NAME.test(host) || (isIpLiteral(host) && /^[0-9a-f:.]+$/u.test(host)))

/** Host keys carry a prefix, so that no name can hit a property that every object has. */
const table = (hosts: readonly string[]): string =>
  `{${[...new Set(hosts)]
    .sort()
    .map((host) => `${JSON.stringify(`h:${host}`)}:1`)
    .join(',\n')}}`

const exactOf = (hosts: readonly string[]): string[] =>
  hosts.filter((host) => !host.startsWith('*.') && isSafeHost(host))
const suffixesOf = (hosts: readonly string[]): string[] =>
  hosts
    .filter((host) => host.startsWith('*.'))
    .map((host) => host.slice(2))
    .filter(isSafeHost)

function proxyList(proxies: readonly PacProxy[]): string {
  if (proxies.length === 0) throw new Error('no proxy to name')
  const words = proxies.map(({ keyword, host, port }) => {
    if (!isSafeHost(host) || !Number.isInteger(port)) throw new Error('a proxy address is not host:port')
    return `${keyword} ${formatAuthority(host, port)}`
  })
  return JSON.stringify([...new Set(words)].join('; '))
}

/** Plain names, names that are never public, and private, shared, link-local and loopback addresses. */
const LOCAL = `
function isLocal(name) {
  if (name.indexOf(":") !== -1) return /^(::1?$|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/.test(name);
  if (name.indexOf(".") === -1) return true;
  if (/^\\d+\\.\\d+\\.\\d+\\.\\d+$/.test(name)) {
    return /^(0|10|127|169\\.254|192\\.168|172\\.(1[6-9]|2\\d|3[01])|100\\.(6[4-9]|[7-9]\\d|1[01]\\d|12[0-7]))\\./.test(name);
  }
  return /\\.(local|localhost|internal|lan|home\\.arpa)$/.test(name);
}`

/** The PAC script. Throws when a proxy address could not be written into it safely. */
export function renderPac({ proxies, hosts, patterns, isEveryHost, direct }: PacInput): string {
  const known = patterns.filter((pattern) => OLD_PATTERN.test(pattern))
  const rest = isEveryHost
    ? '  return isLocal(name) || has(direct, name) || isUnder(directUnder, name) ? "DIRECT" : proxies;'
    : '  return "DIRECT";'
  const tables = isEveryHost
    ? `\nvar direct = ${table(exactOf(direct))};\nvar directUnder = ${table(suffixesOf(direct))};${LOCAL}`
    : ''
  return `// Weir: ${isEveryHost ? "everything but the company's own" : 'AI tools'} through the company proxy, the rest direct. Made from the catalogue; do not edit.
var proxies = ${proxyList(proxies)};
var exact = ${table(exactOf(hosts))};
var suffixes = ${table(suffixesOf(hosts))};
var patterns = [${[...new Set(known)]
    .sort()
    .map((pattern) => `new RegExp(${JSON.stringify(pattern)})`)
    .join(',\n')}];${tables}
function has(set, name) { return Object.prototype.hasOwnProperty.call(set, "h:" + name); }
function isUnder(set, name) {
  for (var dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
    if (dot > 0 && has(set, name.substring(dot + 1))) return true;
  }
  return false;
}
function isMatch(name) {
  for (var index = 0; index < patterns.length; index++) if (patterns[index].test(name)) return true;
  return false;
}
function FindProxyForURL(url, host) {
  var name = String(host).toLowerCase();
  if (name.charAt(0) === "[") name = name.substring(1, name.length - 1);
  if (name.charAt(name.length - 1) === ".") name = name.substring(0, name.length - 1);
  if (has(exact, name) || isUnder(suffixes, name) || isMatch(name)) return proxies;
${rest}
}
`
}
