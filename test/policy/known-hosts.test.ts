import t from 'tap'
import { canonicalHostPattern, compileHostList } from '../../src/policy/host-list.ts'
import { DOH_HOSTS, ECH_FRONTS } from '../../src/policy/known-hosts.ts'
import { shippedState } from '../config/shipped.ts'

t.test('every entry is a canonical host or pattern, and stands there once', (t) => {
  for (const list of [DOH_HOSTS, ECH_FRONTS]) {
    for (const entry of list) t.equal(canonicalHostPattern(entry), entry, entry)
    t.equal(new Set(list).size, list.length)
  }
  t.end()
})

t.test('no resolver and no front is an AI host of the shipped catalogue, whose requests would be read', async (t) => {
  const { snapshot } = (await shippedState()).rules
  for (const entry of [...DOH_HOSTS, ...ECH_FRONTS]) {
    t.notOk(snapshot.lookupHost(entry.replace(/^\*/u, 'any'), 443).isKnown, entry)
  }
})

t.test('what browsers switch to by themselves is known, and what only sounds like it is not', (t) => {
  const resolvers = compileHostList(DOH_HOSTS)
  for (const host of [
    ...['chrome.cloudflare-dns.com', 'mozilla.cloudflare-dns.com', 'firefox.dns.nextdns.io', 'chromium.dns.nextdns.io'],
    ...['dns64.dns.google', 'dns11.quad9.net', 'doh.opendns.com', 'protective.joindns4.eu', '2606:4700:4700::1111'],
  ]) {
    t.ok(resolvers.has(host), host)
  }
  for (const host of [
    'www.cloudflare.com',
    'www.google.com',
    'nextdns.io',
    'www.quad9.net',
    'controld.com',
    '1.1.1.4',
  ]) {
    t.notOk(resolvers.has(host), host)
  }
  t.end()
})
