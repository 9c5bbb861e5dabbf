/**
 * Hosts that matter for ways around the proxy: well-known resolvers and ECH fronts. Data only, not complete; a policy adds its own
 * under `knownHosts`. Looked up on 2026-11-23 in:
 *   [C] chromium, net/dns/public/doh_provider_entry.cc at 0297de7c: what Chrome switches to by itself
 *   [D] github dibdot/DoH-IP-blocklists, doh-domains.txt at 0024f988: names that answered when its job last asked
 *   [A] github AdguardTeam/KnowledgeBaseDNS, docs/general/dns-providers.md at 00650221
 *   [P] several public resolver lists that agree, e.g. github drewjoh gist "Public DNS Servers" (2026-04)
 * A letter behind a line says where its entries stand; wildcards are the per-customer names of a service named there.
 */

/** Resolvers that answer DNS over HTTPS or TLS: whoever asks them learns addresses, and keys for ECH, past the company's own. */
export const DOH_HOSTS: readonly string[] = [
  // Cloudflare [C D]
  ...[
    'cloudflare-dns.com',
    '*.cloudflare-dns.com',
    'dns.cloudflare.com',
    'one.one.one.one',
    '*.cloudflare-gateway.com',
  ],
  ...['1.1.1.1', '1.0.0.1', '1.1.1.2', '1.0.0.2', '1.1.1.3', '1.0.0.3', '2606:4700:4700::1111', '2606:4700:4700::1001'],
  ...['2606:4700:4700::1112', '2606:4700:4700::1002', '2606:4700:4700::1113', '2606:4700:4700::1003'],
  // Google [C D]
  ...['dns.google', '*.dns.google', 'dns.google.com', '8888.google', '8.8.8.8', '8.8.4.4', '2001:4860:4860::8888'],
  ...['2001:4860:4860::8844', '2001:4860:4860::64', '2001:4860:4860::6464'],
  // Quad9 [C; dns12, dns13, dns-nosec D]
  ...['dns.quad9.net', 'dns9.quad9.net', 'dns10.quad9.net', 'dns11.quad9.net', 'dns12.quad9.net', 'dns13.quad9.net'],
  ...['dns-nosec.quad9.net', '9.9.9.9', '9.9.9.10', '9.9.9.11', '149.112.112.112', '149.112.112.10', '149.112.112.11'],
  ...['2620:fe::fe', '2620:fe::9', '2620:fe::10', '2620:fe::fe:10', '2620:fe::11', '2620:fe::fe:11'],
  // Cisco OpenDNS and Umbrella [C D]
  ...['doh.opendns.com', 'doh.familyshield.opendns.com', 'doh.sandbox.opendns.com', 'dns.opendns.com'],
  ...['familyshield.opendns.com', 'sandbox.opendns.com', 'doh.umbrella.com', 'dns.umbrella.com', '208.67.222.222'],
  ...['208.67.220.220', '208.67.222.123', '208.67.220.123', '2620:119:35::35', '2620:119:53::53'],
  ...['2620:119:35::123', '2620:119:53::123'],
  // NextDNS [C D]
  ...['dns.nextdns.io', '*.dns.nextdns.io', 'dns1.nextdns.io', 'dns2.nextdns.io', 'steering.nextdns.io'],
  // AdGuard [A D]
  ...['dns.adguard.com', 'dns-family.adguard.com', 'dns-unfiltered.adguard.com', 'dns.adguard-dns.com'],
  ...['family.adguard-dns.com', 'unfiltered.adguard-dns.com', 'd.adguard-dns.com', '*.d.adguard-dns.com'],
  ...['94.140.14.14', '94.140.15.15', '94.140.14.15', '94.140.15.16', '94.140.14.140', '94.140.14.141'],
  ...['2a10:50c0::ad1:ff', '2a10:50c0::ad2:ff', '2a10:50c0::bad1:ff', '2a10:50c0::bad2:ff', '2a10:50c0::1:ff'],
  ...['2a10:50c0::2:ff'],
  // CleanBrowsing [C D]
  ...['doh.cleanbrowsing.org', 'family-filter-dns.cleanbrowsing.org', 'adult-filter-dns.cleanbrowsing.org'],
  ...['security-filter-dns.cleanbrowsing.org', '185.228.168.9', '185.228.169.9', '185.228.168.10', '185.228.169.11'],
  ...['185.228.168.168', '185.228.169.168', '2a0d:2a00:1::', '2a0d:2a00:2::', '2a0d:2a00:1::1', '2a0d:2a00:2::1'],
  ...['2a0d:2a00:1::2', '2a0d:2a00:2::2'],
  // Control D [D; addresses P]
  ...[
    'freedns.controld.com',
    '*.freedns.controld.com',
    'dns.controld.com',
    '*.dns.controld.com',
    '76.76.2.0',
    '76.76.10.0',
  ],
  // Mullvad [D; addresses P]
  ...[
    'dns.mullvad.net',
    '*.dns.mullvad.net',
    'doh.mullvad.net',
    'adblock.doh.mullvad.net',
    '194.242.2.2',
    '194.242.2.3',
  ],
  ...['194.242.2.4', '194.242.2.5', '194.242.2.6', '194.242.2.9'],
  // DNS.SB [C D]
  ...['doh.dns.sb', 'dns.sb', 'doh.sb', '*.doh.sb', '185.222.222.222', '45.11.45.11', '2a09::', '2a11::'],
  // China and Taiwan: AliDNS [A D], DNSPod and 360 [D], Quad101 [D]
  ...[
    'dns.alidns.com',
    '223.5.5.5',
    '223.6.6.6',
    '2400:3200::1',
    '2400:3200:baba::1',
    'doh.pub',
    '*.doh.pub',
    'dns.pub',
  ],
  ...['dot.pub', 'doh.360.cn', 'dot.360.cn', 'doh.onedns.net', 'dns.twnic.tw'],
  // Japan [C D]
  ...['public.dns.iij.jp', 'jp.tiar.app', 'jp.tiarap.org', 'doh.tiar.app', 'dot.tiar.app', 'doh.tiarap.org'],
  // European Union: DNS4EU [C D]; dns0.eu has ended but its names still answered [D]
  ...['protective.joindns4.eu', 'unfiltered.joindns4.eu', 'child.joindns4.eu', 'noads.joindns4.eu'],
  ...['child-noads.joindns4.eu', '86.54.11.1', '86.54.11.201', '2a13:1001::86:54:11:1', '2a13:1001::86:54:11:201'],
  ...['dns0.eu', '*.dns0.eu'],
  // Yandex [D]
  ...['dns.yandex.ru', '*.dns.yandex.ru', '*.dot.dns.yandex.net'],
  // Apple's and those of vendors of VPNs and virus scanners [D]
  ...['doh.dns.apple.com', 'dns.surfshark.com', 'dns.surfsharkdns.com', 'dns1.nordvpn.com', 'dns2.nordvpn.com'],
  ...['dns-cybersec.nordthreatprotection.com', 'dns-malwaresec.nordthreatprotection.com', 'dns.bitdefender.net'],
  ...['secure.avastdns.com', 'doh.disconnect.app'],
  // Internet providers [C; telekom, bt and aa D]
  ...['doh.xfinity.com', 'dot.xfinity.com', 'doh.cox.net', 'dot.cox.net', 'doh-01.spectrum.com', 'doh-02.spectrum.com'],
  ...['odvr.nic.cz', 'dns.levonet.sk', 'doh.quickline.ch', 'dot.quickline.ch', 'dns.telekom.de', 'doh.bt.com'],
  ...['dns.aa.net.uk', '75.75.75.75', '75.75.76.76', '185.43.135.1', '193.17.47.1'],
  // Associations, universities and private persons with a public service [D]
  ...['doh.libredns.gr', 'dot.libredns.gr', 'doh.applied-privacy.net', 'dot1.applied-privacy.net', 'dnsforge.de'],
  ...[
    '*.dnsforge.de',
    'dns.digitale-gesellschaft.ch',
    'dns1.digitale-gesellschaft.ch',
    'dns2.digitale-gesellschaft.ch',
  ],
  ...['doh.ffmuc.net', 'dot.ffmuc.net', 'doh.li', 'dns.switch.ch', 'dns.njal.la', 'dns.comss.one', 'doh.crypto.sx'],
  ...['odoh.crypto.sx', 'doh.powerdns.org', '*.blahdns.com', 'max.rethinkdns.com', 'sky.rethinkdns.com'],
  ...[
    'basic.rethinkdns.com',
    'wikimedia-dns.org',
    'private.canadianshield.cira.ca',
    'protected.canadianshield.cira.ca',
  ],
  ...['family.canadianshield.cira.ca', 'ordns.he.net', 'anycast.uncensoreddns.org', 'unicast.uncensoreddns.org'],
  ...[
    'anycast.censurfridns.dk',
    'unicast.censurfridns.dk',
    'doh.dns4all.eu',
    '*.dnscry.pt',
    'ns0.fdn.fr',
    'ns1.fdn.fr',
  ],
  ...['dns.hostux.net', 'doh.bortzmeyer.fr', 'doh.lacontrevoie.fr', 'dns.watch'],
]

/**
 * Public names of real ECH configurations (RFC 9849 section 4): a hello that shows one of them and has the extension
 * hides another name. Under any other name the extension is GREASE or cannot be told from it. Looked up on 2026-11-23:
 * cloudflare-ech.com in an HTTPS record (github net4people/bbs, issue 393: one configuration for all its sites),
 * public.tls-ech.dev in the record of tls-ech.dev that several test suites hold, cover.defo.ie in curl's docs/ECH.md.
 */
export const ECH_FRONTS: readonly string[] = ['cloudflare-ech.com', 'public.tls-ech.dev', 'cover.defo.ie']
