import fc from 'fast-check'
import t from 'tap'
import { compileVersionRange } from '../../src/policy/version-range.ts'

const rows: [range: string, inside: string[], outside: string[]][] = [
  ['<0.160.0', ['0.159.9', '0.1.0', '0.160.0-alpha.3', '0.9'], ['0.160.0', '0.160.1', '1.0.0', '0.160']],
  ['<=1.2', ['1.2', '1.2.0', '1.1.9'], ['1.2.1', '2']],
  ['>1.2', ['1.2.1', '1.3', '2.0.0'], ['1.2', '1.2.0', '1.2.0-rc.1']],
  ['>=1.2 <2', ['1.2', '1.2.0', '1.99.3'], ['1.1.9', '2', '2.0.0', '3.1']],
  ['1.4', ['1.4', '1.4.0', '1.4.77'], ['1.5', '1.40', '2.4']],
  ['=2.0.0', ['2.0.0', 'v2.0.0', '2.0.0+build.7'], ['2.0.1']],
  ['=2.0.0-rc.1', ['2.0.0-rc.1'], ['2.0.0', '2.0.0-rc.2']],
  ['<1 || >=3', ['0.9', '3', '4.1.2'], ['1', '2.9.9']],
  ['>=1.0.0-beta', ['1.0.0-beta.2', '1.0.0-rc', '1.0.0'], ['1.0.0-alpha', '0.9']],
  ['>=1.0.0-2', ['1.0.0-10', '1.0.0-alpha'], ['1.0.0-1']],
]

t.test('versions are in the ranges that people expect', async (t) => {
  for (const [range, inside, outside] of rows) {
    const test = compileVersionRange(range)
    for (const version of inside) t.ok(test?.(version), `${version} is in ${range}`)
    for (const version of outside) t.notOk(test?.(version), `${version} is not in ${range}`)
  }
})

t.test('what is no range is refused', async (t) => {
  for (const range of ['', '<', 'latest', '^1.2.0', '~1.2', '1.x', '>=1.2 ||', '< 1', '1..2', '<1.2.3.beta']) {
    t.equal(compileVersionRange(range), null, range)
  }
})

t.test('a version that cannot be read is in no range', async (t) => {
  const test = compileVersionRange('>=0')
  for (const version of ['', 'dev', '1..2', 'x1.0', `1.0.0-${'a'.repeat(65)}`]) t.notOk(test?.(version), version)
})

t.test('every version is either below a bound or not', async (t) => {
  const version = fc.array(fc.nat(300), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'))
  fc.assert(
    fc.property(version, version, (a, b) => {
      const below = compileVersionRange(`<${b}`)?.(a)
      const equal = compileVersionRange(`>=${b} <=${b}`)?.(a)
      const above = compileVersionRange(`>${b}`)?.(a)
      return [below, equal, above].filter((hit) => hit === true).length === 1
    }),
  )
  t.pass('on every pair tried')
})
