import fc from 'fast-check'
import t from 'tap'
import {
  advertised,
  cidr,
  hostPattern,
  listenAddress,
  parseListenAddress,
  path,
  pin,
  privateAllowance,
  secretUrl,
} from '../../src/config/value-schemas.ts'

const rows: readonly [string, { safeParse: (value: unknown) => { success: boolean } }, string[], string[]][] = [
  [
    'listen',
    listenAddress,
    ['127.0.0.1:3128', '[::1]:0', '0.0.0.0:65535', 'localhost:1'],
    ['3128', ':3128', '1.2.3.4', '::1:80', '1.2.3.4:65536', 'a b:1', ''],
  ],
  ['cidr', cidr, ['10.0.0.0/8', 'fd00::/8', '0.0.0.0/0'], ['10.0.0.0', '10.0.0.0/33', 'x/8', '']],
  [
    'host pattern',
    hostPattern,
    ['a.example.com', '*.example.com', '10.0.0.1'],
    ['A.example.com', 'a.*.com', 'https://a.com', 'a.com:443', ''],
  ],
  [
    'advertised address',
    advertised,
    ['proxy.example:3128', 'https://proxy.example:3443', 'socks5://[2001:db8::1]:1080', '10.0.0.1:3128'],
    ['proxy.example', 'socks4://p.example:1', 'http://u:p@p.example:1', 'p.example:1/path', 'p"; x:1', ''],
  ],
  ['pin', pin, ['127.0.0.1:9443', '[::1]:9443', '10.0.0.1'], ['localhost:9443', 'a.com:1', '127.0.0.1:0', '']],
  ['private', privateAllowance, ['10.0.0.0/16', 'gpu.corp:8080', '127.0.0.1:9443'], ['gpu.corp', '10.0.0.1', '']],
  [
    'url',
    secretUrl,
    ['http://p.example:8080', 'https://u:p@p.example'],
    ['p.example:8080', 'ftp://p.example', 'socks5://p', ''],
  ],
  ['path', path, ['certs', '/etc/x'], ['']],
]

for (const [title, schema, good, bad] of rows) {
  t.test(`${title}: what is taken and what is not`, (t) => {
    for (const text of good) t.equal(schema.safeParse(text).success, true, text)
    for (const text of bad) t.equal(schema.safeParse(text).success, false, text)
    t.end()
  })
}

t.test('a listen address falls into host and port', (t) => {
  t.same(parseListenAddress('127.0.0.1:3128'), { host: '127.0.0.1', port: 3128 })
  t.same(parseListenAddress('[::1]:0'), { host: '::1', port: 0 })
  t.equal(parseListenAddress('nowhere'), null)
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 65_535 }), (host, port) => {
      t.same(parseListenAddress(`${host}:${port}`), { host, port })
    }),
  )
  fc.assert(fc.property(fc.string(), (text) => parseListenAddress(text) === null || text.includes(':')))
  t.end()
})
