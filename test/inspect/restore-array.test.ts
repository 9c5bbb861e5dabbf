import fc from 'fast-check'
import t from 'tap'
import { geminiRestorePoints } from '../../src/dialects/gemini-restore.ts'
import { RESTORE_EVENT_BYTES } from '../../src/inspect/body-restorer.ts'
import { ArrayRestorer } from '../../src/inspect/restore-array.ts'
import { KEY, oneValue, VALUE } from './one-value.ts'

function open(warned: string[] = []): ArrayRestorer {
  return new ArrayRestorer({
    contentType: 'application/json',
    room: () => false,
    onUnrestored: (why) => warned.push(why),
    rules: oneValue(geminiRestorePoints),
  })
}

const part = (text: string): string => JSON.stringify({ candidates: [{ content: { parts: [{ text }] }, index: 0 }] })
const bodyOf = (elements: readonly string[]): string => `[${elements.join('\n,\r\n')}\n]`
const textOf = (body: string): string =>
  (JSON.parse(body) as { candidates: { content: { parts: { text: string }[] } }[] }[])
    .map(({ candidates }) => candidates[0]?.content.parts[0]?.text ?? '')
    .join('')

t.test('an element without a placeholder goes out at once, as it came', async (t) => {
  const restorer = open()
  t.equal(Buffer.from(restorer.push(Buffer.from(`[${part('a')}`))).toString(), `[${part('a')}`)
  t.equal(Buffer.from(restorer.push(Buffer.from(`\n,\r\n${part('b')}`))).toString(), `\n,\r\n${part('b')}`)
  t.equal(Buffer.from(restorer.push(Buffer.from('\n]'))).toString(), '\n]')
  t.equal(restorer.end().length, 0)
})

t.test('however texts and bytes are cut, the client reads one JSON array with his own text', async () => {
  const words = fc.array(fc.constantFrom(KEY, 'WEI', 'W', ' a ', '\u00e9]{"', KEY.slice(0, 9), KEY.slice(9)), {
    minLength: 1,
    maxLength: 7,
  })
  fc.assert(
    fc.property(words, fc.array(fc.nat(2000), { maxLength: 30 }), (texts, cuts) => {
      const bytes = Buffer.from(bodyOf(texts.map(part)))
      const places = [...new Set([0, ...cuts.map((at) => at % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
      const restorer = open()
      const out = places.slice(1).map((end, index) => Buffer.from(restorer.push(bytes.subarray(places[index], end))))
      const text = Buffer.concat([...out, Buffer.from(restorer.end())]).toString()
      return textOf(text) === texts.join('').replaceAll(KEY, () => VALUE)
    }),
    { numRuns: 400 },
  )
})

t.test('an element that is too long passes, and that is told', async (t) => {
  const warned: string[] = []
  const restorer = open(warned)
  const body = bodyOf([part(`${KEY} ${'x'.repeat(RESTORE_EVENT_BYTES)}`), part(KEY)])
  const out = Buffer.from(restorer.push(Buffer.from(body))).toString()
  t.ok(textOf(out).startsWith(KEY))
  t.ok(textOf(out).endsWith(VALUE))
  t.strictSame(warned, ['oversize'])
})

t.test('what is no object is nobody else to edit', async (t) => {
  const restorer = open()
  t.equal(Buffer.from(restorer.push(Buffer.from(`["${KEY}", [1], 2]`))).toString(), `["${KEY}", [1], 2]`)
})
