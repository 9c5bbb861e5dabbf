import t from 'tap'
import { checkpointRecord, MAX_WAITING, withCheckpoint } from '../../../src/audit/sinks/checkpoint-record.ts'

const checkpoint = (size: number) => ({
  origin: 'weir.example/n1-w0',
  size,
  root: 'q83v',
  note: `weir.example/n1-w0\n${size}\nq83v\n\n— weir.example c2ln\n`,
  time: '2026-11-23T10:00:00.000Z',
})

t.test('the same checkpoint has the same id, another one another', async (t) => {
  t.equal(checkpointRecord(checkpoint(1)).id, checkpointRecord(checkpoint(1)).id)
  t.not(checkpointRecord(checkpoint(1)).id, checkpointRecord(checkpoint(2)).id)
  t.match(checkpointRecord(checkpoint(3)), {
    phase: 'checkpoint',
    record: { v: 1, phase: 'checkpoint', checkpoint: { origin: 'weir.example/n1-w0', size: 3, root: 'q83v' } },
  })
})

t.test('of the checkpoints that wait the newest stay', async (t) => {
  let waiting: readonly ReturnType<typeof checkpoint>[] = []
  for (let size = 1; size <= MAX_WAITING + 5; size++) waiting = withCheckpoint(waiting, checkpoint(size))
  t.equal(waiting.length, MAX_WAITING)
  t.equal(waiting[0]?.size, 6)
  t.equal(waiting.at(-1)?.size, MAX_WAITING + 5)
})
