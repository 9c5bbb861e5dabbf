import t from 'tap'
import { createSignedSoFar } from '../../src/cli/signed-so-far.ts'

t.test('whoever waits for a record goes on with the checkpoint that covers it, not before', async (t) => {
  const signed = createSignedSoFar()
  const done: number[] = []
  const waits = [5, 3, 9].map((seq) => signed.until(seq).then(() => done.push(seq)))
  signed.reached(4)
  await waits[1]
  t.same(done, [3])
  signed.reached(2)
  signed.reached(9)
  await Promise.all(waits)
  t.same(done, [3, 5, 9])
  await signed.until(9)
})
