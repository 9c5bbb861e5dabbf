import fc from 'fast-check'
import t from 'tap'
import { bucketsOf, buildHostIndex, type IndexedEndpoint } from '../../src/catalogue/host-index.ts'
import { type HostPattern, parseHostPattern } from '../../src/catalogue/host-pattern.ts'

const endpoint = (text: string, order: number): IndexedEndpoint => {
  const parsed = parseHostPattern(text)
  const host: HostPattern | undefined = parsed.ok ? parsed.patterns[0] : undefined
  if (host === undefined) throw new Error(text)
  return {
    tool: 'tool',
    order,
    purpose: 'web',
    dialect: 'generic',
    isFallback: false,
    isShared: false,
    ports: [443],
    isUsualPorts: true,
    methods: null,
    path: null,
    host,
    origin: { file: '', path: '' },
  }
}

const patterns = [
  'v.test',
  'a.v.test',
  '*.v.test',
  '*.b.v.test',
  '/^[a-z]\\.v\\.test$/',
  '/^r\\.(?:x|y)\\.w\\.test(?:\\.cn)?$/',
]
const index = buildHostIndex(patterns.map(endpoint))
const found = (host: string): string[] => bucketsOf(index, host).map((bucket) => bucket.endpoints[0]?.host.text ?? '')

t.test('exact goes before longer suffixes, those before shorter ones, regexes come last', (t) => {
  t.same(found('a.v.test'), ['a.v.test', '*.v.test', patterns[4]])
  t.same(found('a.b.v.test'), ['*.b.v.test', '*.v.test'])
  t.same(found('v.test'), ['v.test'])
  t.same(found('r.y.w.test.cn'), [patterns[5]])
  t.same(found('r.x.w.test'), [patterns[5]])
  t.same(found('xv.test'), [])
  t.same(found('localhost'), [])
  t.same(found('::1'), [])
  t.end()
})

t.test('the index finds what going through all patterns finds', (t) => {
  const label = fc.constantFrom('a', 'b', 'v', 'r', 'x', 'w', 'test', 'cn')
  const holds = (text: string, host: string): boolean => {
    if (text.startsWith('/')) return new RegExp(text.slice(1, -1)).test(host)
    return text.startsWith('*.') ? host.endsWith(text.slice(1)) : host === text
  }
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 5 }), (labels) => {
      const host = labels.join('.')
      t.same(found(host).toSorted(), patterns.filter((text) => holds(text, host)).toSorted(), host)
    }),
  )
  t.end()
})
