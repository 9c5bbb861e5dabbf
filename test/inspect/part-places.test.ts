import fc from 'fast-check'
import t from 'tap'
import type { TextPart } from '../../src/dialects/dialect.ts'
import { createMemo } from '../../src/inspect/memo.ts'
import { type BlockPlace, type Found, partsReader, type State } from '../../src/inspect/part-places.ts'
import type { Hit } from '../../src/inspect/text-hits.ts'

interface World {
  /** Texts that were read, in their order. */
  readonly read: string[]
  readonly found: (body: Buffer, parts: readonly TextPart[], rules?: string) => [number, number, number][]
}

/** Marks every `!…!`. */
function world(
  given: { readonly isForgetful?: boolean; readonly spoil?: (text: string, state: State) => void } = {},
): World {
  const memo = createMemo<BlockPlace>(Buffer.alloc(32, 3))
  const read: string[] = []
  return {
    read,
    found: (body, parts, rules = 'r') => {
      const found: Found = partsReader(body, parts).read(
        {
          scan: (state) => (text) => {
            read.push(text)
            given.spoil?.(text, state)
            return [...text.matchAll(/!\w+!/gu)].map(
              (match): Hit => ({
                start: match.index,
                end: match.index + match[0].length,
                severity: 'high',
                order: 0,
                detector: { id: 'd' },
              }),
            )
          },
          isLeftAlone: () => false,
          depth: 0,
          isOver: () => false,
          ...(given.isForgetful === true ? {} : { memory: { memo, rules } }),
        },
        { hasFault: false, isCutShort: false },
      )
      return [...found].flatMap(([index, places]) =>
        places.map(({ start, end }): [number, number, number] => [index, start, end]),
      )
    },
  }
}

/** Texts one after the other, with something between them. */
function bodyOf(texts: readonly string[], head = '{'): [body: Buffer, parts: TextPart[]] {
  const parts: TextPart[] = []
  let all = head
  for (const text of texts) {
    const start = Buffer.byteLength(all)
    all += `${text},`
    parts.push({ start, end: Buffer.byteLength(all) - 1, escaping: 'json', field: 'f', isEditable: true })
  }
  return [Buffer.from(all), parts]
}

const LONG = 'y'.repeat(200)

t.test(
  'a part that stands elsewhere in another body is not read again, and its places are those of its bytes',
  async (t) => {
    const { read, found } = world()
    t.strictSame(found(...bodyOf([`é !a! ${LONG}`])), [[0, 3, 6]])
    t.strictSame(found(...bodyOf([LONG, `é !a! ${LONG}`], '{"longer":')), [[1, 3, 6]])
    t.strictSame(read, [`é !a! ${LONG}`, LONG])
  },
)

t.test('many parts in a row are known together, and one by one where one of them changed', async (t) => {
  const texts = Array.from({ length: 400 }, (_, at) => `${at} !v${at}! ${LONG.repeat(5)}`)
  const { read, found } = world()
  const first = found(...bodyOf(texts))
  t.equal(first.length, 400)
  t.strictSame(found(...bodyOf(texts, '{"other":1,')), first)
  t.equal(read.length, 400, 'nothing was read twice')
  const changed = texts.with(7, 'short')
  t.equal(found(...bodyOf(changed)).length, 399)
  t.equal(read.length, 401, 'only what changed')
})

t.test('the same bytes under other rules, or written otherwise, are read', async (t) => {
  const { read, found } = world()
  const [body, parts] = bodyOf([LONG])
  found(body, parts, 'one')
  found(body, parts, 'other')
  found(
    body,
    parts.map((part) => ({ ...part, escaping: 'plain' as const })),
    'one',
  )
  t.equal(read.length, 3)
})

for (const [title, spoil] of [
  ['what was cut short', (state: State) => (state.isCutShort = true)],
  ['what a detector failed on', (state: State) => (state.hasFault = true)],
] as const) {
  t.test(`${title} is told as far as it came, and read again`, async (t) => {
    let isSpoilt = true
    const { read, found } = world({ spoil: (text, state) => text.includes('bad') && isSpoilt && spoil(state) })
    const texts = [`!a! ${LONG}`, `bad !b! ${LONG}`]
    t.strictSame(found(...bodyOf(texts)).length, 2)
    isSpoilt = false
    t.strictSame(found(...bodyOf(texts)).length, 2)
    t.equal(read.length, 3, 'the part before it is known')
  })
}

t.test('with a memory as without one, whatever bodies came before', async () => {
  const text = fc.constantFrom(
    '',
    '!a!',
    `!b! ${LONG}`,
    `${LONG}!c!`,
    `!d!${LONG.repeat(400)}!e!`,
    LONG.repeat(400),
    'é!f!é',
  )
  fc.assert(
    fc.property(fc.array(fc.array(text, { maxLength: 12 }), { minLength: 2, maxLength: 4 }), (bodies) => {
      const remembering = world()
      const forgetful = world({ isForgetful: true })
      return bodies.every((texts) => {
        const [body, parts] = bodyOf(texts)
        return JSON.stringify(remembering.found(body, parts)) === JSON.stringify(forgetful.found(body, parts))
      })
    }),
    { numRuns: 20 },
  )
})
