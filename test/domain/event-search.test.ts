import fc from 'fast-check'
import t from 'tap'
import {
  MAX_SEARCH_CHARS,
  MAX_SEARCH_TERMS,
  MAX_SEARCH_VALUES,
  parseEventSearch,
} from '../../src/domain/event-search.ts'
import { SEARCH_KEYS } from '../../src/domain/event-search-keys.ts'

const NOW = Date.parse('2026-11-22T10:00:00.000Z')
const parse = (text: string) => parseEventSearch(text, NOW)
const mistake = (text: string) => {
  const result = parse(text)
  return result.ok ? 'none' : `${result.at} ${result.message}`
}

t.test('the terms of a whole question', async (t) => {
  const text =
    'tool:codex tier:restricted,prohibited -action:allow user:li* host:*.openai.com finding:* since:7d "free text"'
  t.same(parse(text), {
    ok: true,
    search: [
      { at: 0, kind: 'text', key: 'tool', isNegated: false, values: [['codex']] },
      { at: 11, kind: 'text', key: 'tier', isNegated: false, values: [['restricted'], ['prohibited']] },
      { at: 38, kind: 'text', key: 'action', isNegated: true, values: [['allow']] },
      { at: 52, kind: 'text', key: 'user', isNegated: false, values: [['li', '']] },
      { at: 61, kind: 'text', key: 'host', isNegated: false, values: [['', '.openai.com']] },
      { at: 79, kind: 'text', key: 'finding', isNegated: false, values: [['', '']] },
      { at: 89, kind: 'time', key: 'since', ms: NOW - 7 * 86_400_000 },
      { at: 98, kind: 'words', isNegated: false, pattern: ['free text'] },
    ],
  })
  t.same(parse('  \n '), { ok: true, search: [] })
})

t.test('numbers, ids and quoted values', async (t) => {
  t.match(parse('STATUS:>=400 bytesin:..2k'), {
    search: [
      { key: 'status', values: [{ from: 400, to: Number.POSITIVE_INFINITY }] },
      { key: 'bytesIn', values: [{ from: Number.NEGATIVE_INFINITY, to: 2000 }] },
    ],
  })
  t.match(parse('event:01abc'), { search: [{ kind: 'id', values: ['01ABC'] }] })
  t.match(parse(String.raw`user:"Li, \"Wei\" *",bob -"x:y"`), {
    search: [{ values: [['li, "wei" *'], ['bob']] }, { kind: 'words', isNegated: true, pattern: ['x:y'] }],
  })
})

t.test('a mistake is told with its place and what may be meant', async (t) => {
  const cases: Readonly<Record<string, RegExp>> = {
    'tier:approved tol:codex': /^14 no key is named `tol`: did you mean `tool:`\?/,
    'https://x.example': /^0 no key is named `https`/,
    'tier:resticted': /^5 `tier` is never `resticted`: did you mean `restricted`\?/,
    'tier:nonsense': /^5 .*one of approved, monitored/,
    'a tool:': /^7 a value is missing/,
    'tool:a,,b': /^7 a value is missing/,
    'user:"li': /^5 this quote is not closed/,
    'user:"li"x': /^9 write a space/,
    'us"er': /^2 a quote stands only around/,
    'status:4xx': /^7 `status` takes a number/,
    'since:soon': /^6 no time/,
    'since:2026-99-99': /^6 no time/,
    'since:1d,2d': /^9 `since` takes one time/,
    '-since:1d': /^0 write `until:…`/,
    'event:../x': /^6 an id has only/,
    'a OR b': /^2 `OR` is no operator/,
    '(tool:codex)': /^0 there are no parentheses/,
    '- x': /^0 `-` stands before/,
    '--x': /^1 one `-` is enough/,
    '"" x': /^0 there is no word/,
    '***': /^0 there is no word/,
    'a1:b': /^0 no key has such a name/,
  }
  for (const [text, wanted] of Object.entries(cases)) t.match(mistake(text), wanted, text)
})

t.test('hostile questions are refused or read, at once', async (t) => {
  t.match(mistake('('.repeat(10_000_000)), /at most/)
  t.match(mistake('x'.repeat(MAX_SEARCH_CHARS + 1)), /at most/)
  t.match(mistake('x '.repeat(MAX_SEARCH_TERMS + 1)), /at most/)
  t.match(mistake(`tool:${'a,'.repeat(MAX_SEARCH_VALUES)}a`), /at most/)
  for (const text of [`' OR 1=1 --`, 'NEAR(a b)', '^(a+)+$', 'words MATCH 1', '\u0000\u202e', '__proto__:x']) {
    t.type(parse(text).ok, 'boolean', text)
  }
})

t.test('whatever the text is, reading it does not throw, and a mistake stands inside it', async (t) => {
  const pieces = fc.constantFrom(...Object.keys(SEARCH_KEYS), ':', '"', '\\', ',', '*', '-', ' ', '..', '>=', '7d', 'x')
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces).map((all) => all.join('')),
  )
  fc.assert(
    fc.property(text, (some) => {
      const result = parse(some)
      if (!result.ok) t.ok(result.at >= 0 && result.at <= some.length && result.message !== '')
    }),
  )
  t.pass()
})
