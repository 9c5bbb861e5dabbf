import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { bodyTextParts } from '../../src/dialects/body-parts.ts'
import { GENERIC_KEYS } from '../../src/dialects/generic.ts'
import { dialectById } from '../../src/dialects/registry.ts'

const PNG = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), Buffer.alloc(300, 9)])

const fieldsOf = (value: unknown, dialect: Parameters<typeof dialectById>[0]) => {
  const result = dialectById(dialect).textParts(Buffer.from(JSON.stringify(value)), 'application/json')
  return result.ok ? result.parts.map((part) => part.field) : null
}

t.test('a real base64 picture is skipped in every place that carries one, its neighbours are not', async (t) => {
  const data = PNG.toString('base64')
  const content = (block: unknown) => ({ messages: [{ role: 'user', content: [block, { type: 'text', text: 'hi' }] }] })
  t.strictSame(
    fieldsOf(
      content({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }),
      'anthropic-messages',
    ),
    ['messages[0].content[0].source.type', 'messages[0].content[0].source.media_type', 'messages[0].content[1].text'],
  )
  t.strictSame(
    fieldsOf(content({ type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } }), 'openai-chat'),
    ['messages[0].content[1].text'],
  )
  t.strictSame(
    fieldsOf({ contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data } }, { text: 'hi' }] }] }, 'gemini'),
    ['contents[0].parts[1].text'],
  )
})

t.test('text that only claims to be a picture is looked at', async (t) => {
  const data = 'the secret plan '.repeat(40)
  t.ok(
    fieldsOf(
      { messages: [{ content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }] }] },
      'anthropic-messages',
    )?.includes('messages[0].content[0].source.data'),
  )
})

t.test('a picture among the parts of an upload is skipped, its headers and the other parts are read', async (t) => {
  const body = Buffer.concat([
    Buffer.from('--XX\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'),
    PNG,
    Buffer.from('\r\n--XX\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nmake it blue\r\n--XX--\r\n'),
  ])
  const result = bodyTextParts(body, 'multipart/form-data; boundary=XX', GENERIC_KEYS)
  t.strictSame(result.ok && result.parts.map((part) => part.field), ['image.headers', 'prompt.headers', 'prompt'])
})

t.test('a part that says it is written in a way that hides text is not taken for text', async (t) => {
  const read = (lines: string) => {
    const body = Buffer.from(
      `--XX\r\nContent-Disposition: form-data; name="a"\r\n${lines}\r\nhi =41+AEE-\r\n--XX--\r\n`,
    )
    return bodyTextParts(body, 'multipart/form-data; boundary=XX', GENERIC_KEYS)
  }
  for (const lines of [
    'Content-Type: text/plain; charset=utf-7\r\n',
    'Content-Transfer-Encoding: Quoted-Printable\r\n',
    'content-transfer-encoding:x-uuencode\r\n',
  ]) {
    t.strictSame(read(lines), { ok: false, unread: 'binary' }, lines)
  }
  for (const lines of [
    '',
    'Content-Type: text/plain; charset=UTF-8\r\n',
    'Content-Type: text/plain; charset=binary\r\n',
    'Content-Transfer-Encoding: 8bit\r\n',
    'Content-Transfer-Encoding: binary\r\n',
    'Content-Transfer-Encoding: base64\r\n',
  ]) {
    t.equal(read(lines).ok, true, lines)
  }
})

t.test('text in another character set than UTF-8 is not guessed', async (t) => {
  const gbk = Buffer.from([0xc4, 0xe3, 0xba, 0xc3])
  t.strictSame(bodyTextParts(gbk, 'text/plain; charset=gbk', GENERIC_KEYS), { ok: false, unread: 'binary' })
  t.strictSame(bodyTextParts(Buffer.from('hi', 'utf16le'), 'text/plain', GENERIC_KEYS), { ok: false, unread: 'binary' })
})

t.test('a body as a view into a larger buffer has offsets of its own', async (t) => {
  const large = Buffer.from('xxxxq=hi')
  const result = bodyTextParts(large.subarray(4), 'application/x-www-form-urlencoded', GENERIC_KEYS)
  t.match(result, { parts: [{ start: 2, end: 4, field: 'q' }] })
})

t.test('any bytes of any type give spans inside the body or a reason, never a throw', async (t) => {
  const types = fc.constantFrom(
    null,
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=XX',
    'application/x-ndjson',
    'application/octet-stream',
    'rubbish;;',
  )
  const pieces = fc.constantFrom(
    '{',
    '}',
    '"',
    ':',
    'a',
    '&',
    '=',
    '--XX',
    '--',
    '\r\n',
    '\n',
    '[',
    ']',
    ',',
    '\\',
    '\0',
    'é',
  )
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.array(pieces, { maxLength: 30 }).map((list) => new Uint8Array(Buffer.from(list.join('')))),
  )
  fc.assert(
    fc.property(bodies, types, (body, type) => {
      const result = bodyTextParts(body, type, GENERIC_KEYS)
      if (!result.ok) return true
      return result.parts.every(({ start, end }) => start >= 0 && start < end && end <= body.length)
    }),
    { numRuns: 2000 },
  )
  t.pass('2000 bodies')
})

t.test('bodies that would become too many parts are unparsable, in every format', async (t) => {
  const unparsable = { ok: false, unread: 'unparsable' }
  const read = (text: string, type: string) => bodyTextParts(Buffer.from(text), type, GENERIC_KEYS)
  t.strictSame(read(`[${'"a",'.repeat(600_000)}"a"]`, 'application/json'), unparsable)
  t.strictSame(read('"a"\n'.repeat(150_000), 'application/x-ndjson'), unparsable)
  t.strictSame(read('a&'.repeat(150_000), 'application/x-www-form-urlencoded'), unparsable)
})

t.test('a text is no picture because it begins like one, and no charset hides behind another', (t) => {
  const upload = (lines: string, content: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(`--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n${lines}\r\n`),
      content,
      Buffer.from('\r\n--x--\r\n'),
    ])
  const read = (lines: string, content: Buffer) =>
    bodyTextParts(upload(lines, content), 'multipart/form-data; boundary=x', GENERIC_KEYS)
  const binary = { ok: false, unread: 'binary' }
  const picture = Buffer.concat([Buffer.from('GIF89a'), Buffer.from([...Array(256).keys()])])
  const disguised = Buffer.concat([Buffer.from(`GIF8 ${'some source code '.repeat(9)}`), Buffer.from([0xff])])
  t.match(read('content-type: image/gif\r\n', picture), { ok: true })
  t.match(read('', picture), { ok: true })
  t.strictSame(read('content-type: text/plain\r\n', picture), binary)
  t.strictSame(read('content-type: image/gif\r\n', disguised), binary)
  t.strictSame(read('', disguised), binary)
  const pdf = Buffer.concat([Buffer.from(`%PDF-1.4 ${'BT (words) Tj ET '.repeat(9)}`), Buffer.from([0xff])])
  t.match(read('content-type: application/pdf\r\n', pdf), { ok: true })
  t.strictSame(read('', pdf), binary)
  const text = Buffer.from('{"a":"+AEE-KIA"}')
  t.strictSame(bodyTextParts(text, 'application/json; charset=utf-8; charset=UTF-7', GENERIC_KEYS), binary)
  t.match(bodyTextParts(text, 'application/json; charset=UTF-8; charset="utf-8"', GENERIC_KEYS), { ok: true })
  t.end()
})
