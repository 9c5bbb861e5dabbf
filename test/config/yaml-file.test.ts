import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { parseYaml, pathKeys, readYamlFile, type YamlSource } from '../../src/config/yaml-file.ts'

const source = (text: string): YamlSource => {
  const parsed = parseYaml('f.yaml', text)
  if (!parsed.ok) throw new Error(parsed.problems[0]?.message)
  return parsed.source
}

t.test('a path leads to the line of its key or item, and else to its nearest parent', (t) => {
  const { lineOf, lineAt, document } = source(
    'a: 1\nlist:\n  - x: 1\n    y: 2\n  - x: 3\n"k.1": v\nflow: { p: 1,\n  q: [1,\n   2] }\n',
  )
  t.match(document, { a: 1, list: [{ x: 1 }, { x: 3 }] })
  t.equal(lineOf('a'), 1)
  t.equal(lineOf('list[0].y'), 4)
  t.equal(lineOf('list[1]'), 5)
  t.equal(lineOf('list[1].missing'), 5)
  t.equal(lineOf('list[9].x'), 2)
  t.equal(lineOf('["k.1"]'), 6)
  t.equal(lineOf('flow.q[1]'), 9)
  t.equal(lineAt(['flow', 'q']), 8)
  t.equal(lineOf(''), 1)
  t.end()
})

t.test('paths are split into keys', (t) => {
  t.same(pathKeys('tools[3].endpoints[0].host'), ['tools', '3', 'endpoints', '0', 'host'])
  t.same(pathKeys('upstream.resolve["a.b:443"]'), ['upstream', 'resolve', 'a.b:443'])
  t.same(pathKeys(''), [])
  t.end()
})

t.test('every fault of the syntax has its line', (t) => {
  const broken = parseYaml('f.yaml', 'a: 1\na: 2\nb: [1\n')
  t.equal(broken.ok, false)
  t.match(!broken.ok && broken.problems[0], { file: 'f.yaml', line: 2, severity: 'error' })
  t.ok(!broken.ok && broken.problems.length >= 2)
  t.end()
})

t.test('a bomb of aliases is refused', (t) => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let level = 1; level < 9; level += 1)
    lines.push(
      `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    )
  t.equal(parseYaml('f.yaml', lines.join('\n')).ok, false)
  t.end()
})

t.test('files that cannot be read are told, and unchanged ones are not parsed again', async (t) => {
  const dir = t.testdir({ 'a.yaml': 'a: 1\n', 'latin.yaml': Buffer.from([0x61, 0x3a, 0x20, 0xe9]), folder: {} })
  t.match(await readYamlFile(join(dir, 'none.yaml'), 'none.yaml'), {
    ok: false,
    isMissing: true,
    problems: [{ file: 'none.yaml', message: /ENOENT/ }],
  })
  t.match(await readYamlFile(join(dir, 'folder')), { ok: false, isMissing: false })
  t.match(await readYamlFile(join(dir, 'latin.yaml')), { ok: false, problems: [{ message: /UTF-8/ }] })
  const first = await readYamlFile(join(dir, 'a.yaml'))
  const again = await readYamlFile(join(dir, 'a.yaml'), 'a.yaml', first.ok ? first.source : null)
  t.equal(first.ok && again.ok && first.source === again.source, true)
})

t.test('no text makes it throw', (t) => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, path) => {
      const parsed = parseYaml('f.yaml', text)
      if (parsed.ok) parsed.source.lineOf(path)
    }),
    { numRuns: 1000 },
  )
  t.end()
})
