import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { buildFingerprintTable, fingerprintsOf, SHORTEST_COPY } from '../../src/inspect/fingerprints.ts'

const own = (name: string): string => readFileSync(new URL(`../../src/inspect/${name}`, import.meta.url), 'utf8')
const never = (): boolean => false

function found(sources: readonly string[], text: string): string[] {
  const all: string[] = []
  buildFingerprintTable(Uint32Array.from(sources.flatMap((source) => [...fingerprintsOf(source)]))).scan(
    text,
    never,
    (start, end) => all.push(text.slice(start, end)),
  )
  return all
}

const source = own('automaton.ts')

t.test('a pasted file is recognised in the text around it', async (t) => {
  const [copy, ...more] = found([source], `Please explain this:\n\n${source}\n\nThank you very much indeed.`)
  t.strictSame(more, [])
  t.ok((copy?.length ?? 0) > source.length * 0.9)
  t.notMatch(copy, /Please|Thank/)
})

t.test('other white space, comments and case do not hide it', async (t) => {
  const changed = source
    .split('\n')
    .map((line) => `\t${line.trim()}  `)
    .join('\r\n// a new comment\r\n')
    .replace(/\/\*\*[^]*?\*\//g, '')
  t.ok(found([source], changed).join('').length > changed.length * 0.5)
})

t.test('a copy is known by a part of it, also with lines edited', async (t) => {
  const lines = source.split('\n')
  const part = lines.slice(30, 60)
  t.equal(found([source], part.join('\n')).length, 1)
  part.splice(10, 1, 'const somethingElse = 42')
  t.equal(found([source], part.join('\n')).length, 1, 'one place, in spite of the edit')
})

t.test('other code of the same house and style is not taken for it', async (t) => {
  for (const name of ['text-view.ts', 'overlap.ts', 'placeholder.ts', 'linear-pattern.ts', 'engine.ts']) {
    t.strictSame(found([source], own(name)), [], name)
  }
})

t.test('less than a few lines is anybody\u2019s', async (t) => {
  t.strictSame(found([source], source.replace(/\s/g, '').slice(600, 600 + SHORTEST_COPY - 40)), [])
})

t.test('an empty table finds nothing', async (t) => {
  t.strictSame(found([], source), [])
})

t.test('a long text is left when time is up', async (t) => {
  let hits = 0
  const text = `${'z'.repeat(200_000)}${source}`
  buildFingerprintTable(fingerprintsOf(source)).scan(
    text,
    () => true,
    () => (hits += 1),
  )
  t.equal(hits, 0)
})

t.test('a shared run is found wherever it stands', async () => {
  const word = fc.string({ unit: fc.constantFrom(...'abcdefgh;=(){}'.split('')), minLength: 300, maxLength: 600 })
  fc.assert(
    fc.property(word, word, word, (before, shared, after) => {
      // A text of one letter has one hash: nothing tells its places apart.
      if (new Set(shared).size < 6) return true
      const hits = found([shared], `${before}${shared}${after}`)
      return hits.some((hit) => shared.includes(hit.slice(20, -20)) || hit.includes(shared.slice(40, -40)))
    }),
  )
})
