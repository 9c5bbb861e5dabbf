import t from 'tap'
import { revisionOf } from '../../src/config/revision.ts'

t.test('a revision names the exact texts, whatever their order', (t) => {
  const a = { file: 'a', text: '1' }
  const b = { file: 'b', text: '2' }
  t.match(revisionOf([a]), /^sha256:[0-9a-f]{64}$/)
  t.equal(revisionOf([a, b]), revisionOf([b, a]))
  t.not(revisionOf([a, b]), revisionOf([a]))
  t.not(
    revisionOf([a, b]),
    revisionOf([
      { file: 'a', text: '2' },
      { file: 'b', text: '1' },
    ]),
  )
  t.not(revisionOf([{ file: 'a', text: '1\n1 1\nb\n2' }]), revisionOf([a, b]), 'a text cannot pass for another file')
  t.end()
})
