import t from 'tap'
import { createFindingMemory, FLOW_MARKS, MEMORY_MARKS } from '../../src/inspect/finding-memory.ts'

const mark = (number: number, field = 'a') => ({ detector: 'd', field, placeholder: `P${number}` })

t.test('what was found in a flow is remembered, each thing once and where it stood first', async (t) => {
  const memory = createFindingMemory()
  memory.remember('F1', [mark(1), mark(2), mark(1, 'b')])
  memory.remember('F1', [mark(3), mark(2)])
  t.strictSame(memory.foundIn('F1'), [mark(1), mark(2), mark(3)])
  t.equal(memory.foundIn('F2'), null)
  memory.remember('F2', [])
  t.equal(memory.foundIn('F2'), null, 'nothing found is nothing remembered')
})

t.test('it is bounded for one flow and for all of them: the oldest is forgotten', async (t) => {
  const memory = createFindingMemory()
  const many = Array.from({ length: FLOW_MARKS + 1 }, (_, number) => mark(number))
  for (let flow = 0; flow <= MEMORY_MARKS / FLOW_MARKS; flow++) memory.remember(`F${flow}`, many)
  t.equal(memory.foundIn('F0'), null)
  t.equal(memory.foundIn('F1')?.length, FLOW_MARKS)
})
