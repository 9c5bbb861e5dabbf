import fc from 'fast-check'
import t from 'tap'
import { ecsDocument, ecsRow } from '../../../src/audit/export/ecs.ts'
import { goldenCases, runGolden, written } from './golden.ts'
import { anyEvent } from './hostile-events.ts'

t.test('the table of cases', async (t) => {
  runGolden(t, goldenCases('ecs.yaml', 'cases'), ecsDocument)
})

/** Fields by their dotted names, as an index maps them; lists by their items. */
function fields(value: unknown, path = ''): [string, unknown][] {
  if (Array.isArray(value)) return value.flatMap((item) => fields(item, path))
  if (typeof value !== 'object' || value === null) return [[path, value]]
  return Object.entries(value).flatMap(([name, member]) => fields(member, path === '' ? name : `${path}.${name}`))
}

const IP = /^[\da-f.:]+$/iu

t.test('any event is one line of JSON whose fields keep one type each, so that no index refuses it', async () => {
  const types = new Map<string, string>()
  fc.assert(
    fc.property(anyEvent, fc.boolean(), (event, isErased) => {
      const row = ecsRow(written(event, isErased).record)
      // biome-ignore lint: control characters are what is looked for
      if (/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/u.test(row.slice(0, -1))) return false
      for (const [name, value] of fields(JSON.parse(row))) {
        if (value === null) continue // no value, to an index
        const type = typeof value
        if ((types.get(name) ?? type) !== type) throw new Error(`${name}: ${type} and ${types.get(name) ?? ''}`)
        types.set(name, type)
        if (/(?:^|\.)ip$/u.test(name) && !IP.test(JSON.stringify(value).slice(1, -1))) throw new Error(name)
      }
      return true
    }),
    { numRuns: 500 },
  )
})
