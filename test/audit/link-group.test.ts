import t from 'tap'
import { createEventRenderer, lineHash } from '../../src/audit/event-line.ts'
import { linkGroup } from '../../src/audit/link-group.ts'
import { GENESIS } from '../../src/audit/tail-repair.ts'
import { config, intent } from './events.ts'
import { plainPersons } from './plain-persons.ts'

t.test('each line is chained to the one before; only events with a client have a personal line', async (t) => {
  const render = createEventRenderer(plainPersons)
  const group = [intent(), config(), intent()].map((event) => ({ rendered: render(event) }))
  const linked = linkGroup(group, { stream: 's', seq: 7, prevHash: GENESIS })
  const lines = linked.events.toString().split('\n')
  t.equal(lines.pop(), '')
  const fields = lines.map((line) => JSON.parse(line) as { seq: number; prevHash: string })
  t.same(
    fields.map(({ seq, prevHash }) => [seq, prevHash]),
    [
      [7, GENESIS],
      [8, lineHash(lines[0]!)],
      [9, lineHash(lines[1]!)],
    ],
  )
  t.equal(linked.lastHash, lineHash(lines[2]!))
  t.equal(linked.personal.toString().split('\n').length, 3)
})
