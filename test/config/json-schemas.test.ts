import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { jsonSchemaFiles } from '../../src/config/json-schemas.ts'

const folder = new URL('../../rules/schema/', import.meta.url)
// `WRITE_SCHEMAS=1 node test/config/json-schemas.test.ts` writes them anew after a schema has changed.
if (process.env['WRITE_SCHEMAS'] === '1')
  for (const [name, text] of jsonSchemaFiles()) writeFileSync(new URL(name, folder), text)

t.test('the schema files for editors are those of the code', (t) => {
  for (const [name, text] of jsonSchemaFiles()) t.equal(readFileSync(new URL(name, folder), 'utf8'), text, name)
  t.same(readdirSync(folder).toSorted(), [...jsonSchemaFiles().keys()].toSorted())
  t.end()
})

t.test('they refuse unknown keys and name the required ones', (t) => {
  const schema = JSON.parse(jsonSchemaFiles().get('catalogue.json') ?? '{}') as Record<string, unknown>
  t.match(schema, { type: 'object', additionalProperties: false })
  t.same(schema['required'], ['version', 'vendor', 'reviewed', 'tools'])
  const weir = JSON.parse(jsonSchemaFiles().get('weir.json') ?? '{}') as Record<string, unknown>
  t.equal(weir['required'], undefined, 'every key of weir.yaml has a default')
  t.end()
})
