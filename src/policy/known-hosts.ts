/**
 * Hosts that matter for ways around the proxy. Data only: names and addresses of well-known resolvers and ECH fronts,
 * written down from general knowledge, neither complete nor checked one by one. A policy adds its own under `knownHosts`.
 */

/** Resolvers that answer DNS over HTTPS or TLS: whoever asks them learns addresses, and keys for ECH, past the company's own. */
export const DOH_HOSTS: readonly string[] = [
  ...['cloudflare-dns.com', '*.cloudflare-dns.com', 'one.one.one.one', '*.cloudflare-gateway.com'],
  ...['1.1.1.1', '1.0.0.1', '1.1.1.2', '1.0.0.2', '1.1.1.3', '1.0.0.3', '2606:4700:4700::1111', '2606:4700:4700::1001'],
  ...['dns.google', '*.dns.google', 'dns.google.com', '8888.google', '8.8.8.8', '8.8.4.4'],
  ...['2001:4860:4860::8888', '2001:4860:4860::8844'],
  ...['dns.quad9.net', 'dns9.quad9.net', 'dns10.quad9.net', 'dns11.quad9.net', 'dns12.quad9.net'],
  ...['9.9.9.9', '9.9.9.10', '9.9.9.11', '149.112.112.112', '2620:fe::fe', '2620:fe::9'],
  ...['doh.opendns.com', 'doh.familyshield.opendns.com', 'dns.opendns.com', 'doh.umbrella.com'],
  ...['208.67.222.222', '208.67.220.220'],
  ...['dns.nextdns.io', '*.dns.nextdns.io', 'doh.nextdns.io', 'anycast.dns.nextdns.io'],
  ...['dns.adguard.com', 'dns-family.adguard.com', 'dns-unfiltered.adguard.com', 'dns.adguard-dns.com'],
  ...['family.adguard-dns.com', 'unfiltered.adguard-dns.com', 'd.adguard-dns.com', '*.d.adguard-dns.com'],
  ...['94.140.14.14', '94.140.15.15'],
  ...['doh.cleanbrowsing.org', 'family-filter-dns.cleanbrowsing.org', 'security-filter-dns.cleanbrowsing.org'],
  ...['freedns.controld.com', 'dns.controld.com', '*.dns.controld.com'],
  ...['dns.mullvad.net', '*.dns.mullvad.net', 'doh.mullvad.net'],
  ...['doh.dns.sb', 'dns.sb', 'doh.sb', '185.222.222.222', '45.11.45.11'],
  ...['dns.alidns.com', '*.alidns.com', '223.5.5.5', '223.6.6.6', 'doh.pub', 'dns.pub', '*.doh.pub', 'doh.360.cn'],
  ...['dns.twnic.tw', 'public.dns.iij.jp', 'jp.tiar.app', 'doh.tiar.app', 'doh.tiarap.org'],
  ...['dns0.eu', '*.dns0.eu', 'unfiltered.joindns4.eu', 'protective.joindns4.eu'],
  ...['doh.libredns.gr', 'doh.applied-privacy.net', 'dns.digitale-gesellschaft.ch', 'doh.ffmuc.net', 'dnsforge.de'],
  ...['doh.li', 'dns.switch.ch', 'odvr.nic.cz', 'dns.njal.la', 'dns.comss.one', 'doh.crypto.sx', 'doh.powerdns.org'],
  ...['*.blahdns.com', 'max.rethinkdns.com', 'sky.rethinkdns.com', 'basic.rethinkdns.com', 'wikimedia-dns.org'],
  ...['private.canadianshield.cira.ca', 'protected.canadianshield.cira.ca', 'family.canadianshield.cira.ca'],
  ...['doh.xfinity.com', 'doh.cox.net', 'chromium.dns.nextdns.io', 'dns64.dns.google'],
]

/**
 * Public names of real ECH configurations (RFC 9849 section 4): a hello that shows one of them and has the extension
 * hides another name. Under any other name the extension is GREASE or cannot be told from it.
 */
export const ECH_FRONTS: readonly string[] = ['cloudflare-ech.com', 'public.tls-ech.dev', 'cover.defo.ie']
