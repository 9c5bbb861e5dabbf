import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { createSigner, readVerifier, splitNote } from '../../../src/audit/tree/signed-note.ts'

const signer = createSigner('weir.example/log', randomBytes(32))
const verifier = readVerifier(signer.verifierKey)!

t.test('a known note of the Go checksum database opens with its key', async (t) => {
  const sumdb = readVerifier('sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8')
  t.equal(sumdb?.name, 'sum.golang.org')
})

t.test('a signed text opens, and no other one, and for no other key', async (t) => {
  const note = signer.sign('a\n1\nb\n')
  t.equal(verifier.open(note), 'a\n1\nb\n')
  t.equal(verifier.open(note.replace('a\n1', 'a\n2')), null)
  t.equal(readVerifier(createSigner('weir.example/log', randomBytes(32)).verifierKey)?.open(note), null)
  const cosigned = `${note}— other.example AAAAAAAAAAAA\n`
  t.equal(verifier.open(cosigned), 'a\n1\nb\n', 'signatures of others are ignored')
  t.equal(verifier.open(`${note}nonsense\n`), null)
})

t.test('what is no key is no key', async (t) => {
  const [name, id, key] = signer.verifierKey.split('+') as [string, string, string]
  for (const bad of ['', 'x', `${name}+00000000+${key}`, `other+${id}+${key}`, `${name}+${id}+AAAA`])
    t.equal(readVerifier(bad), null, bad)
})

t.test('any text at all is no note, or comes apart into what it is made of', async () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '\n', '— ', ' ', '=') }), (text) => {
      const parts = splitNote(text)
      return (
        verifier.open(text) === null && (parts === null || `${parts.text}\n${parts.signatures.join('\n')}\n` === text)
      )
    }),
  )
})
