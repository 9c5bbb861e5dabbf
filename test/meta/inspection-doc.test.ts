/** `docs/inspection.md` says what the shape of detector files, the code they may name and the shipped files are, and its examples work. */
import { globSync } from 'node:fs'
import { basename } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import { compileDetectors } from '../../src/inspect/compile-detectors.ts'
import { detectorFileSchema } from '../../src/inspect/detector-schema.ts'
import { FINDERS, VALIDATORS } from '../../src/inspect/detectors/registry.ts'
import { expandExample } from '../../src/inspect/example-text.ts'
import { quoted, ROOT, read, tableRows } from './project.ts'

const page = read('docs/inspection.md')

interface KeySchema {
  readonly default?: string | number | boolean | object
}

t.test('every key of a detector is in the table with its default, and no other', async (t) => {
  const { properties } = z.toJSONSchema(detectorFileSchema, { io: 'input' }) as unknown as {
    readonly properties: {
      readonly detectors: { readonly items: { readonly properties: Readonly<Record<string, KeySchema>> } }
    }
  }
  const inCode = Object.entries(properties.detectors.items.properties).map(([key, { default: value }]) => [
    key,
    value === undefined || typeof value === 'object' ? '' : String(value),
  ])
  const documented = tableRows('docs/inspection.md', /^## Write a detector/u).map(([key = '', , value = '']) => {
    const [shown = ''] = quoted(value)
    return [quoted(key)[0], shown === '[]' ? '' : shown]
  })
  t.strictSame(documented.sort(), inCode.sort())
})

t.test('every finder and validator that a rule may name is named, and no other', async (t) => {
  const rows = new Map(
    tableRows('docs/inspection.md', /^## Write a detector/u).map(([key = '', text = '']) => [quoted(key)[0], text]),
  )
  t.strictSame([...quoted(rows.get('finder') ?? '')].sort(), [...FINDERS.keys()].sort())
  t.strictSame([...quoted(rows.get('validators') ?? '')].sort(), [...VALIDATORS.keys()].sort())
})

t.test('every shipped file is in the table, and no other', async (t) => {
  const documented = tableRows('docs/inspection.md', /^## What ships/u).map(([file = '']) => quoted(file)[0])
  const shipped = globSync('rules/detectors/*.yaml', { cwd: ROOT }).map((path) => basename(path))
  t.strictSame(documented.sort(), shipped.sort())
})

t.test('the templates of examples are filled in', async (t) => {
  const [, text = ''] = /\*\*Templates in examples\*\*([\s\S]*?)\n\n/u.exec(page) ?? []
  const alphabets = quoted(text).filter((word) => /^[A-Za-z0-9]+$/u.test(word))
  t.ok(alphabets.length > 10)
  for (const alphabet of alphabets) t.not(expandExample(`<${alphabet}:8>`, 'x'), `<${alphabet}:8>`, alphabet)
})

t.test('the detectors of the page pass the check, examples and all', async (t) => {
  const [, example = ''] = /```yaml\n(# rules\/detectors\/acme\.yaml\n[\s\S]*?)```/u.exec(page) ?? []
  const source = { file: 'acme.yaml', document: parse(example) as unknown, lineOf: () => null }
  t.strictSame(compileDetectors([source], { checkExamples: true }).problems, [])
})

t.test('patterns that the page calls slow are refused', async (t) => {
  for (const pattern of ['(a{1,9}){1,9}', '[a-z0-9]{20,140}[a-z0-9]{20,140}', 'a+', 'a{20,}']) {
    const rule = { id: 'x-y', name: 'xy', severity: 'high', keywords: ['a'], pattern, examples: { match: ['aaaa'] } }
    const source = { file: 'x.yaml', document: { version: 1, detectors: [rule] }, lineOf: () => null }
    t.equal(compileDetectors([source]).ok, false, pattern)
  }
})
