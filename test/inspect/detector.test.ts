import t from 'tap'
import { compiled, hits, scan, sourceOf } from '../helpers/detectors.ts'

const set = (rule: Record<string, unknown>) =>
  compiled([sourceOf([{ id: 'rr', name: 'Rule', severity: 'high', examples: { match: ['x'] }, ...rule }])])

t.test('a keyword rule starts at its keyword, not inside a word', async (t) => {
  const rule = set({ keywords: ['tk_'], pattern: 'tk_[a-z0-9]{4}' })
  t.strictSame(hits(rule, 'tk_a1b2'), ['rr=tk_a1b2'])
  t.strictSame(hits(rule, '="tk_a1b2"'), ['rr=tk_a1b2'])
  t.strictSame(hits(rule, 'xtk_a1b2 tk_a1b2x TK_a1b2 tk_a1b'), [])
  t.strictSame(hits(rule, '\\ntk_a1b2 %3Dtk_a1b2'), ['rr=tk_a1b2', 'rr=tk_a1b2'], 'a written escape is no word')
  t.strictSame(hits(rule, '\\\\ntk_a1b2'), [], 'an escaped backslash is')
})

t.test('boundaries can be set', async (t) => {
  t.strictSame(hits(set({ keywords: ['tk_'], pattern: 'tk_[a-z]{2}', boundary: 'none', end: 'none' }), 'xtk_abc'), [
    'rr=tk_ab',
  ])
  const hyphen = set({ keywords: ['tk_'], pattern: 'tk_[a-z]{2}', boundary: 'hyphen' })
  t.strictSame(hits(hyphen, 'x-tk_ab tk_cd'), ['rr=tk_cd'])
})

t.test('a group is what is marked', async (t) => {
  t.strictSame(hits(set({ keywords: ['key='], pattern: 'key=([a-z]{4})' }), 'key=wxyz&'), ['rr=wxyz'])
})

t.test('a match may start before its keyword', async (t) => {
  const rule = set({ keywords: [':AA'], pattern: '\\d{4,6}:AA[a-z]{3}', back: { characters: '0-9', max: 6 } })
  t.strictSame(hits(rule, 'bot 12345:AAxyz'), ['rr=12345:AAxyz'])
  t.strictSame(hits(rule, 'b12345:AAxyz'), [], 'but not inside a word')
  t.strictSame(hits(rule, '1234567:AAxyz'), [], 'nor further than told')
})

t.test('a near rule reads what is assigned to a name, however it is written', async (t) => {
  const rule = set({ near: ['acme'], pattern: '[a-f0-9]{8}' })
  const found = [
    'ACME_API_KEY=1f2e3d4c',
    'acme.key: "1f2e3d4c"',
    '"acmeToken": "1f2e3d4c"',
    '{\\"acme_secret\\":\\"1f2e3d4c\\"}',
    "acme_key => '1f2e3d4c'",
    'acme_key := `1f2e3d4c`',
    'setenv("ACME_PASSWORD", "1f2e3d4c")',
    '--acme-token 1f2e3d4c',
    'acme-auth: Bearer 1f2e3d4c',
    'the acme api key is 1f2e3d4c',
    'process.env.ACME_KEY || "1f2e3d4c"',
  ]
  for (const text of found) t.strictSame(hits(rule, text), ['rr=1f2e3d4c'], text)
  const passed = [
    'acme_commit = 1f2e3d4c',
    'acme: 1f2e3d4c',
    'ACME_API_KEY=1f2e3d4c5',
    'ACME_API_KEY=$KEY',
    'key=1f2e3d4c',
  ]
  for (const text of passed) t.strictSame(hits(rule, text), [], text)
})

t.test('made-up values, low entropy and failing validators are passed over', async (t) => {
  const rule = set({ keywords: ['tk_'], pattern: 'tk_\\w{12,40}', minEntropy: 3, validators: ['has-digit'] })
  t.strictSame(hits(rule, 'tk_8Kq2Zp7Lm4Xw'), ['rr=tk_8Kq2Zp7Lm4Xw'])
  for (const text of [
    'tk_xxxxxxxxxxxx',
    'tk_your_key_here_12',
    'tk_aaaabbbbaaaabbbb1',
    'tk_qwerzuiopasd',
    'tk_123456789012',
  ]) {
    t.strictSame(hits(rule, text), [], text)
  }
})

t.test('a wrong checksum makes a match low, not absent', async (t) => {
  const rule = set({ keywords: ['np_'], pattern: 'np_[A-Za-z0-9]{36}', checksum: 'crc32-base62' })
  const { matches } = scan(rule, 'np_k3Jd82hfQpLz91mXcVbN4sRtYwE6uI0oAAAA')
  t.strictSame(
    matches.map((match) => match.severity),
    ['low'],
  )
})
