import fc from 'fast-check'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { withoutSecrets } from '../../src/config/without-secrets.ts'

t.test('user and password of an address are struck out however they are written', async (t) => {
  for (const [text, shown] of [
    [`parent: "http://weir:pa'ss@p:3128"`, 'parent: "http://[removed]@p:3128"'],
    ['parent: http://weir:p@ssw0rd@p:3128', 'parent: "http://[removed]@p:3128"'],
    ['parent: http://weir:p#ss@p:3128', null],
    ['parent: "http://weir:pa ss@p:3128" # ours', 'parent: "http://[removed]@p:3128" # ours'],
    ['parent: "http:\\/\\/weir:pass@p:3128"', 'parent: "http://[removed]@p:3128"'],
    ['parent: http:weir:pass@p:3128', 'parent: "http://[removed]@p:3128"'],
    ['parent: >-\n  http://weir:pass@p:3128\nx: 1', 'parent: "http://[removed]@p:3128"\nx: 1'],
    ['# parent: http://weir:p@ss@p:3128\nx: 1', '# parent: http://[removed]@p:3128\nx: 1'],
    ['x: | # http://weir:pass@p\n  y', 'x: | # http://[removed]@p\n  y'],
    ['a: &p http://weir:pass@p:3128\nparent: *p', 'a: &p "http://[removed]@p:3128"\nparent: *p'],
  ] as const) {
    const struck = withoutSecrets(`upstream:\n  ${text.replaceAll('\n', '\n  ')}\n`)
    if (shown !== null) t.equal(struck, `upstream:\n  ${shown.replaceAll('\n', '\n  ')}\n`)
    t.notMatch(struck, /pass|pa'ss|ssw0rd|p@ss|pa ss|p#ss/u, text)
  }
})

t.test('of receivers only the address is shown, of the anchor only the program', async (t) => {
  const yaml = `audit:
  anchor: { dir: /anchor, command: [/usr/bin/push, --token, &a 't0p-secret', "--header=Authorization: k3y"] }
  sinks:
    - { name: a, kind: webhook, url: 'https://hooks.test/services/T0/h00k', secretFile: s } # chat
    - name: b
      kind: otlp
      url: https://collector.test:4318/?key=h00k
    - { name: c, kind: hec, url: "https://splunk.test:8088", tokenFile: t }
    # - { name: d, url: https://hooks.test/h00k }
`
  t.equal(
    withoutSecrets(yaml),
    `audit:
  anchor: { dir: /anchor, command: [/usr/bin/push, "[removed]", &a "[removed]", "[removed]"] }
  sinks:
    - { name: a, kind: webhook, url: "https://hooks.test/[removed]", secretFile: s } # chat
    - name: b
      kind: otlp
      url: "https://collector.test:4318/[removed]"
    - { name: c, kind: hec, url: "https://splunk.test:8088", tokenFile: t }
    # - { name: d, url: [removed]
`,
  )
})

t.test('a secret behind a reference is struck where it stands', async (t) => {
  const yaml = `x: &hook https://hooks.test/h00k
y: &args [push, t0k3n]
audit: { sinks: [ { url: *hook } ], anchor: { command: *args } }
`
  t.notMatch(withoutSecrets(yaml), /h00k|t0k3n/u)
})

t.test('text without secrets stays byte for byte, and what is no YAML is not shown', async (t) => {
  const plain = `# see https://docs.test/a/b?c\nproxy: { listen: [ '0.0.0.0:3128' ] }\r\nnotice:\n  askUrl: https://ask.test/x?e={event}\n  contact: it@acme.test\n`
  t.equal(withoutSecrets(plain), plain)
  t.equal(withoutSecrets(''), '')
  t.notMatch(withoutSecrets('a: [ "http://weir:pass@p:3128"'), /pass/u)
})

t.test('no password of an address that can be written is left, and the rest reads as before', async (t) => {
  const password = fc.string({ minLength: 6, maxLength: 20 }).filter((text) => /^[^\s/?#\\\p{C}]+$/u.test(text))
  fc.assert(
    fc.property(password, fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL'), (secret, type) => {
      const yaml = stringify(
        { upstream: { parent: `http://weir:Zq${secret}@p.test:3128`, noProxy: ['a.test'] }, workers: 1 },
        { defaultStringType: type as 'PLAIN', defaultKeyType: 'PLAIN', lineWidth: 0 },
      )
      t.match(parse(withoutSecrets(yaml)), {
        upstream: { parent: /^http:\/\/\[removed\]@p\.test:3128\s*$/u, noProxy: [/^a\.test\s*$/u] },
        workers: 1,
      })
    }),
    { numRuns: 200 },
  )
})
