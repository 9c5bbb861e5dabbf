import t from 'tap'
import { checkProof, consistencyText, inclusionText } from '../../../src/audit/tree/proof-files.ts'
import { readVerifier } from '../../../src/audit/tree/signed-note.ts'
import { TreeReader } from '../../../src/audit/tree/tree-files.ts'
import { signedTrail } from './signed-trail.ts'

t.test('proofs of every record and of every pair of checkpoints are good, and not for another key', async (t) => {
  const at = await signedTrail(t, 40, [7, 16, 40])
  const reader = new TreeReader(at.treeDir)
  const verifier = readVerifier(at.verifierKey)!
  const newest = reader.newest()!
  for (let seq = 1; seq <= 40; seq += 3) {
    const text = inclusionText(reader, newest, { seq, line: at.lines[seq - 1]! })
    t.match(checkProof(text, verifier), {
      ok: true,
      proves: 'inclusion',
      seq,
      size: 40,
      record: at.lines[seq - 1]!.toString(),
    })
    const moved = text.replace(`index ${seq - 1}\n`, `index ${seq}\n`)
    t.match(checkProof(moved, verifier), { ok: false, why: /not the one that was signed/ })
  }
  const [a, b, c] = reader.history().checkpoints
  for (const [old, now] of [
    [a!, b!],
    [a!, c!],
    [b!, c!],
    [c!, c!],
  ] as const) {
    t.match(checkProof(consistencyText(reader, old, now), verifier), { ok: true, old: old.size, size: now.size })
  }
  const other = readVerifier((await signedTrail(t, 1, [1])).verifierKey)!
  t.match(checkProof(consistencyText(reader, a!, b!), other), { ok: false, why: /no good signature/ })
  t.match(checkProof('nonsense', verifier), { ok: false })
})
