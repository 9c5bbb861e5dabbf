/** `docs/audit-event.md` names every field that a line can have, with its phases, and no other. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { chainedLine, createEventRenderer } from '../../src/audit/event-line.ts'
import { openDirect } from '../../src/audit/keys/jwe.ts'
import { keyOf, newEntry } from '../../src/audit/keys/subject-entry.ts'
import { createPersons } from '../../src/audit/personal-line.ts'
import { admin, config, followingOutcome, intent, singleOutcome, tunnel } from '../audit/events.ts'

const doc = readFileSync(new URL('../../docs/audit-event.md', import.meta.url), 'utf8')
const entry = newEntry('user:alice', Buffer.alloc(32))
const render = createEventRenderer(createPersons({ subjects: () => ({ who: entry.who, entry }) }))
const error = { code: 'x', side: 'weir' } as const
/** One of each kind, with every optional field. `before` and `after` of an admin event are free values. */
const events = [
  intent(),
  followingOutcome({ error, findings: intent().findings }),
  singleOutcome({
    error,
    messages: { in: 1, out: 1 },
    close: { by: 'weir', code: 1009 },
    restored: 1,
    restoreMisses: 1,
    unrestored: 'dialect',
    sealed: [{ part: 'request', digest: '00' }],
  }),
  tunnel({ error, count: 2, alert: 'unknown_ca' }),
  intent({ tenants: ['anthropic'], parent: '01PARENT', score: 90 }),
  singleOutcome({ error, tenants: ['anthropic'], parent: '01PARENT', score: 90 }),
  config(),
  admin({ before: 1, after: 2 }),
]
const PHASES = ['intent', 'outcome', 'tunnel', 'config', 'admin']

/** `a.b`, `list[].c` of every leaf. */
function leaves(value: unknown, path: string): string[] {
  if (Array.isArray(value)) {
    const inner = value.flatMap((item: unknown) => leaves(item, `${path}[]`))
    return inner.every((leaf) => leaf === `${path}[]`) ? [path] : inner
  }
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`))
}

t.test('every field of a chained line is documented with its phases, and no other', async (t) => {
  const written = new Map<string, Set<string>>()
  for (const event of events) {
    const line = chainedLine(render(event), { stream: 's', seq: 1, prevHash: '0' })
    for (const leaf of leaves(JSON.parse(line), '')) {
      written.set(leaf, (written.get(leaf) ?? new Set()).add(event.phase))
    }
  }
  const documented = new Map(
    [...doc.matchAll(/^\| `([^`]+)` \| ([a-z ]+) \| [^|]+ \|$/gm)].map(([, name, phases]) => [
      name!,
      phases === 'all' ? PHASES : phases!.split(' '),
    ]),
  )
  const sorted = (fields: ReadonlyMap<string, Iterable<string>>) =>
    Object.fromEntries([...fields].sort().map(([name, phases]) => [name, [...phases].sort()]))
  t.strictSame(sorted(documented), sorted(written))
})

t.test('every field of a personal line is documented, and no other', async (t) => {
  const [, table] = doc.split('| personal field | meaning |')
  const documented = [...table!.split('\n\n')[0]!.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name)
  const line = JSON.parse(render(intent()).personal!) as { jwe: string }
  const person = openDirect(line.jwe, keyOf(entry))!
  t.strictSame(documented, [...Object.keys(line), ...Object.keys(JSON.parse(person.text) as object)])
})
