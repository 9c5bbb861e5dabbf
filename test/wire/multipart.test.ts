import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { cutMultipart, MULTIPART_MAX_PARTS, multipartBoundary } from '../../src/wire/multipart.ts'

function read(text: string, boundary = 'XX') {
  const bytes = Buffer.from(text)
  const result = cutMultipart(bytes, boundary)
  if (!result.ok) return result
  return {
    parts: result.parts.map(({ name, contentType, start, end }) => ({
      name,
      contentType,
      text: bytes.toString('utf8', start, end),
    })),
    outside: result.outside.map(({ start, end }) => bytes.toString('utf8', start, end)),
  }
}

t.test('the boundary is read from the content type, quoted or not', async (t) => {
  t.equal(multipartBoundary('multipart/form-data; boundary=abc'), 'abc')
  t.equal(multipartBoundary('Multipart/Form-Data; charset=utf-8; Boundary="a b"'), 'a b')
  t.equal(multipartBoundary('multipart/form-data'), null)
  t.equal(multipartBoundary('text/plain; boundary=abc'), null)
})

t.test('parts have their name, type and content', async (t) => {
  const text =
    'before\r\n--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n--XX \r\ncontent-type: text/plain\r\nContent-Disposition: form-data; name=b; filename="x"\r\n\r\ntwo\r\nlines\r\n--XX\r\n\r\n\r\n--XX--\r\nafter'
  t.strictSame(read(text), {
    parts: [
      { name: 'a', contentType: null, text: 'one' },
      { name: 'b', contentType: 'text/plain', text: 'two\r\nlines' },
      { name: null, contentType: null, text: '' },
    ],
    outside: ['before', 'after'],
  })
})

t.test('bare line feeds are accepted, since servers accept them', async (t) => {
  t.strictSame(read('--XX\nContent-Disposition: form-data; name="a"\n\none\n--XX--\n'), {
    parts: [{ name: 'a', contentType: null, text: 'one' }],
    outside: [],
  })
})

t.test('a longer boundary with the same beginning is content', async (t) => {
  t.match(read('--XX\r\n\r\na\r\n--XXY\r\nb\r\n--XX--'), { parts: [{ text: 'a\r\n--XXY\r\nb' }] })
  t.match(read('--XX\r\n\r\na --XX\r\nb\r\n--XX--'), { parts: [{ text: 'a --XX\r\nb' }] })
})

t.test('a body that does not end, or a part whose headers do not, is refused', async (t) => {
  for (const text of ['', 'x', '--XX\r\n\r\na', '--XX\r\n\r\na\r\n--XX\r\n', '--XX\r\nno-empty-line: 1\r\n--XX--']) {
    t.match(read(text), { ok: false }, JSON.stringify(text))
  }
  t.match(read(`${'--XX\r\n\r\na\r\n'.repeat(MULTIPART_MAX_PARTS + 1)}--XX--`), {
    ok: false,
    problem: 'too many parts',
  })
})

t.test('what FormData sends is read back, file names and line breaks included', async (t) => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/u)
  const value = fc.string({ unit: 'binary', maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 6 }), async (fields) => {
      const form = new FormData()
      for (const [key, text] of fields) form.append(key, new Blob([text]), 'file.txt')
      const sent = new Response(form)
      const bytes = Buffer.from(await sent.arrayBuffer())
      const boundary = multipartBoundary(sent.headers.get('content-type') ?? '') ?? ''
      const result = cutMultipart(bytes, boundary)
      t.ok(result.ok)
      const parts = result.ok ? result.parts : []
      t.strictSame(
        parts.map((part) => [part.name, bytes.subarray(part.start, part.end).toString('hex')]),
        fields.map(([key, text]) => [key, Buffer.from(text).toString('hex')]),
      )
    }),
  )
})

t.test('any bytes are cut or refused without a throw, and no span leaves the body', async (t) => {
  const piece = fc.constantFrom(
    '--XX',
    '--XX--',
    '\r\n',
    '\n',
    '\r',
    ' ',
    'a',
    ': ',
    'content-disposition: form-data; name="',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const bytes = Buffer.from(pieces.join(''))
      const result = cutMultipart(bytes, 'XX')
      if (!result.ok) return true
      let at = 0
      for (const { headerStart, headerEnd, start, end } of result.parts) {
        if (headerStart < at || headerEnd < headerStart || start < headerEnd || end < start) return false
        at = end
      }
      return at <= bytes.length
    }),
    { numRuns: 2000 },
  )
  t.pass('2000 bodies')
})
