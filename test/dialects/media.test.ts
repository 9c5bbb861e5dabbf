import { Buffer } from 'node:buffer'
import t from 'tap'
import { isBase64Media } from '../../src/dialects/media.ts'

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

const base64 = (start: Buffer, bytes = 300) => Buffer.concat([start, Buffer.alloc(bytes, 7)]).toString('base64')

const isMedia = (text: string) => isBase64Media(Buffer.from(text), 0, Buffer.byteLength(text))

t.test('base64 pictures, sounds and PDFs are media, with or without a data: prefix', async (t) => {
  for (const start of [
    PNG,
    Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
    Buffer.from('GIF89a'),
    Buffer.from('RIFFxxxxWEBP'),
    Buffer.from('%PDF-1.7'),
    Buffer.from('ID3'),
    Buffer.from('OggS\0'),
    Buffer.from('fLaC\0'),
    Buffer.concat([Buffer.from([0, 0, 0, 0x20]), Buffer.from('ftypheic')]),
  ]) {
    t.ok(isMedia(base64(start)), start.toString('latin1'))
    t.ok(isMedia(`data:application/x;base64,${base64(start)}`))
  }
  t.ok(isMedia(base64(Buffer.from([0xff, 0xd8, 0xff])).replaceAll('/', '\\/')), 'with escaped slashes')
})

t.test('what only says that it is media is text', async (t) => {
  t.notOk(isMedia(`data:image/png;base64,${'the secret plan '.repeat(20)}`))
  t.notOk(isMedia(`data:image/png;base64,${Buffer.from('words '.repeat(60)).toString('base64')}`))
  t.notOk(isMedia(Buffer.from('-----BEGIN PRIVATE KEY-----'.repeat(20)).toString('base64')))
})

t.test('one letter outside the alphabet, anywhere, makes it text', async (t) => {
  t.notOk(isMedia(`${base64(PNG)} key=SECRET`))
  t.notOk(isMedia(`${base64(PNG)}\\n`))
})

t.test('short leaves are always text', async (t) => {
  t.notOk(isMedia(PNG.toString('base64')))
})
