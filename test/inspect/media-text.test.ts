import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { mediaText } from '../../src/inspect/media-text.ts'

const object = (dictionary: string, stream: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from(`1 0 obj\n<< ${dictionary} /Length ${stream.length} >>\nstream\n`),
    stream,
    Buffer.from('\nendstream\nendobj\n'),
  ])
const pdf = (...objects: Buffer[]): Buffer => Buffer.concat([Buffer.from('%PDF-1.7\n'), ...objects])
const flate = (content: string): Buffer => object('/Filter /FlateDecode', deflateSync(Buffer.from(content, 'latin1')))

t.test('the text that a PDF shows is read, also where it is spaced letter by letter', async (t) => {
  const text = mediaText(
    pdf(
      flate('BT /F1 12 Tf 72 720 Td (api_key = ) Tj (not-a-real-one) Tj ET'),
      flate('BT [(Con) 20 (fid) -15 (ential) -250 (plan)] TJ T* <6E6F7465> Tj (\\(a\\)\\040b) Tj ET'),
      object('', Buffer.from('BT (plain stream) Tj ET')),
    ),
  )
  t.match(text, 'api_key = not-a-real-one')
  t.match(text, 'Confidential plan\nnote(a) b')
  t.match(text, 'plain stream')
})

t.test('pictures, fonts and other packings inside a PDF are left alone', async (t) => {
  const data = deflateSync(Buffer.from('(hidden words) Tj'))
  const text = mediaText(
    pdf(
      object('/Subtype /Image /Filter /FlateDecode', data),
      object('/Length1 900 /Filter /FlateDecode', data),
      object('/Filter /DCTDecode', data),
    ),
  )
  t.notMatch(text, 'hidden')
})

t.test('a stream that swells beyond any page is left', async (t) => {
  t.ok(mediaText(pdf(flate(`(${'a'.repeat(3_000_000)}) Tj`), flate('(after it) Tj'))).length < 100_000)
})

t.test('metadata of a picture is read at both ends', async (t) => {
  const noise = Buffer.alloc(400_000, 0x80)
  const picture = Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\nComment: made by somebody'),
    noise,
    Buffer.from('tEXt the end of it'),
  ])
  t.strictSame(mediaText(picture).split('\n'), ['Comment: made by somebody', 'tEXt the end of it'])
})

t.test('no bytes make it fail', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.constantFrom('', 'stream\n', '(', '<4', 'endstream', '\\'),
      (bytes, more) => {
        return (
          typeof mediaText(Buffer.concat([Buffer.from('%PDF-stream\n'), bytes, Buffer.from(more), bytes])) === 'string'
        )
      },
    ),
  )
})
