import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { checkpointText, readCheckpoint, readNote, splitHistory } from '../../../src/audit/tree/checkpoint.ts'
import { createSigner } from '../../../src/audit/tree/signed-note.ts'

const signer = createSigner('weir/s', randomBytes(32))
const noteOf = (size: number) => signer.sign(checkpointText({ origin: 'weir/s', size, root: randomBytes(32) }))

t.test('a checkpoint reads back as it was written', async (t) => {
  const head = { origin: 'weir/s', size: 20852163, root: randomBytes(32) }
  t.same(readCheckpoint(checkpointText(head)), head)
  t.match(readNote(noteOf(7)), { size: 7 })
})

t.test('another form is no checkpoint', async (t) => {
  const root = randomBytes(32).toString('base64')
  for (const text of ['', `\n1\n${root}\n`, `o\n01\n${root}\n`, `o\n-1\n${root}\n`, 'o\n1\nAAAA\n', `o\n1\n${root}`]) {
    t.equal(readCheckpoint(text), null, JSON.stringify(text))
  }
  t.equal(readNote('o\n1\n'), null)
})

t.test('a history comes apart into its notes wherever it was cut', async () => {
  const notes = [3, 5, 9].map(noteOf)
  const text = notes.join('')
  fc.assert(
    fc.property(fc.nat(text.length), (cut) => {
      const { notes: found, rest } = splitHistory(text.slice(0, cut))
      return found.join('') + rest === text.slice(0, cut) && found.every((note, at) => note === notes[at])
    }),
  )
})
