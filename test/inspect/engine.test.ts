import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import type { Detector } from '../../src/inspect/detector.ts'
import { makeDetectorSet, type TriggeredDetector } from '../../src/inspect/engine.ts'
import { expandExample } from '../../src/inspect/example-text.ts'
import { resolveOverlaps } from '../../src/inspect/overlap.ts'
import { isPlaceholder } from '../../src/inspect/placeholder.ts'
import { compiled, hits, scan, shippedDetectors, sourceOf } from '../helpers/detectors.ts'

const cases = (name: string): unknown => parse(readFileSync(new URL(`../cases/${name}`, import.meta.url), 'utf8'))
const shipped = shippedDetectors()
const PLACEHOLDER = 'WEIRABCDEFGHIJKL'

t.test('what a developer sends is marked where it must be, and nowhere else', async (t) => {
  for (const row of cases('detectors.yaml') as { title: string; text: string; marked: string }[]) {
    const text = expandExample(row.text.replaceAll('{placeholder}', PLACEHOLDER), row.title)
    let marked = ''
    let at = 0
    for (const match of scan(shipped, text).matches) {
      if (isPlaceholder('WEIR', text.slice(match.start, match.end))) continue
      marked += `${text.slice(at, match.start)}{${match.detector.id}}`
      at = match.end
    }
    const wanted = row.marked.replaceAll('<nl>', '\n').replaceAll('{placeholder}', PLACEHOLDER)
    t.equal(marked + text.slice(at), wanted, row.title)
  }
})

t.test('nothing is found in hard lines of code', async (t) => {
  for (const line of cases('detectors-hard-lines.yaml') as string[]) t.strictSame(hits(shipped, line), [], line)
})

const detector = (order: number, look: Detector['look']): Detector => ({
  id: `d${order}`,
  name: 'test',
  severity: 'high',
  order,
  look,
})
const whole: Detector['look'] = (_text, start, end) => ({ start, end, severity: 'high' })
const never = (): boolean => false
const onKeyword = (each: Detector, keywords: string[], ignoresCase = false) => ({
  detector: each,
  keywords,
  ignoresCase,
  onDigits: false,
})

t.test('a detector looks only where its keyword stands, with its case unless told otherwise', async (t) => {
  const looked: string[] = []
  const note: Detector['look'] = (text, start, end) => {
    looked.push(text.slice(start, end))
    return null
  }
  makeDetectorSet([onKeyword(detector(0, note), ['Key_'])]).scan('key_ Key_ KEY_', never)
  makeDetectorSet([onKeyword(detector(0, note), ['Key_'], true)]).scan('key_ Key_ KEY_', never)
  t.strictSame(looked, ['Key_', 'key_', 'Key_', 'KEY_'])
})

t.test('runs of digits are shown whole, once; short ones only where a number may begin', async (t) => {
  const looked: string[] = []
  const note: Detector['look'] = (text, start, end) => {
    looked.push(text.slice(start, end))
    return null
  }
  makeDetectorSet([{ detector: detector(0, note), keywords: [], ignoresCase: false, onDigits: true }]).scan(
    'a12 345-6 +49 (0 B7 x[8]',
    never,
  )
  t.strictSame(looked, ['345', '49', '0', '7'])
})

t.test('a number is found wherever a stretch of the text begins, also between its plus and its digits', async (t) => {
  const set = compiled([sourceOf([{ ...base, id: 'phone', trigger: 'digits', finder: 'phone' }])])
  const number = '+44 20 7946 0018'
  for (let at = 16_384 - number.length - 1; at <= 16_386; at += 1) {
    const text = `${'. '.repeat(20_000).slice(0, at - 1)} ${number} ${'. '.repeat(9000)}`
    t.strictSame(hits(set, text), [`phone=${number}`], `at ${at}`)
  }
})

t.test('inside its last match a detector is not asked again', async (t) => {
  let looks = 0
  const long: Detector['look'] = (text, start) => {
    looks += 1
    return { start, end: text.length, severity: 'high' }
  }
  const { matches } = makeDetectorSet([onKeyword(detector(0, long), ['ab'])]).scan('ababab', never)
  t.equal(matches.length, 1)
  t.equal(looks, 1)
})

t.test('a detector that throws is told, and the others go on', async (t) => {
  const broken = detector(0, () => {
    throw new Error('broken')
  })
  const result = makeDetectorSet([onKeyword(broken, ['ab']), onKeyword(detector(1, whole), ['ab'])]).scan('xab', never)
  t.ok(result.hasFault)
  t.strictSame(
    result.matches.map((match) => match.detector.id),
    ['d1'],
  )
})

t.test('when time is up the scan ends with what it has', async (t) => {
  const set = makeDetectorSet([onKeyword(detector(0, whole), ['ab'])])
  const cut = set.scan('ab '.repeat(5000), () => true)
  t.ok(cut.isCutShort)
  t.ok(cut.matches.length < 5000)
  t.notOk(set.scan('ab '.repeat(5000), never).isCutShort)
})

t.test('the work per character does not grow with hostile text', async (t) => {
  // counted in looks, not in seconds: each look is bounded by the window of its rule
  const hostile = ['eyJ', 'ghp_', '://a:b', '@a.', '-----BEGIN ', '1 ', 'DE89', 'aws_secret', 'sk-', 'AKIA', '+86 1']
  for (const piece of hostile) {
    const result = scan(shipped, piece.repeat(20_000))
    t.notOk(result.hasFault, piece)
    t.notOk(result.isCutShort, piece)
  }
})

t.test(
  'a detector of tokens is not asked where none starts, and a text full of such places costs nothing',
  async (t) => {
    const asked: number[] = []
    const look: Detector['look'] = (_text, start) => {
      asked.push(start)
      return null
    }
    const set = makeDetectorSet([onKeyword({ ...detector(0, look), isOfTokens: true }, ['ab'])])
    set.scan('ab abab _ab-ab \\nab %3Dab', never)
    t.strictSame(asked, [0, 3, 12, 17, 23])
    asked.length = 0
    set.scan('ab'.repeat(20_000), never)
    t.strictSame(asked, [0])
  },
)

/** Every place where a detector is to look, found by trying each one; then as the engine goes about it. */
function foundSlowly(triggered: readonly TriggeredDetector[], text: string): string[] {
  const places = triggered.flatMap(({ detector: each, keywords, ignoresCase, onDigits }) => {
    const fold = (value: string): string => (ignoresCase ? value.toLowerCase() : value)
    const ends: [number, number][] = []
    for (let end = 1; end <= text.length; end += 1) {
      const long = keywords.toSorted((a, b) => b.length - a.length)
      for (const word of long) if (fold(text.slice(0, end)).endsWith(fold(word))) ends.push([end - word.length, end])
    }
    for (const { index, 0: run } of onDigits ? text.matchAll(/\d+/gu) : []) {
      if (run.length >= 3 || /[+(A-Z]/u.test(text[index - 1] ?? '')) ends.push([index, index + run.length])
    }
    let done = 0
    return ends.flatMap(([start, end]) => {
      const span = start < done ? null : each.look(text, start, end)
      if (span === null) return []
      done = span.end
      return [{ ...span, order: each.order, id: each.id }]
    })
  })
  return resolveOverlaps(places).map(({ id, start, end }) => `${id} ${start}-${end}`)
}

t.test('any text gives what every detector finds by itself, place by place', async () => {
  const value: Detector['look'] = (text, start, end) => {
    const found = /^[ab1]{1,4}/u.exec(text.slice(end))
    return found === null ? null : { start, end: end + found[0].length, severity: 'high' }
  }
  const triggered: TriggeredDetector[] = [
    onKeyword(detector(0, value), ['a', 'ab-', 'B']),
    onKeyword(detector(1, value), ['aB', 'b-'], true),
    { detector: detector(2, whole), keywords: [], ignoresCase: false, onDigits: true },
    { detector: detector(3, value), keywords: ['1'], ignoresCase: false, onDigits: true },
  ]
  const set = makeDetectorSet(triggered)
  const piece = fc.constantFrom('a', 'b', 'B', 'A', '-', '1', '2', '34', '567', '+', '(', 'é', '密', ' ')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('')
      const found = set.scan(text, never).matches.map(({ detector: { id }, start, end }) => `${id} ${start}-${end}`)
      return found.join() === foundSlowly(triggered, text).join()
    }),
    { numRuns: 1000 },
  )
})

/** Rules as nobody would write them: keywords inside keywords, patterns of every allowed shape, all boundaries. */
const KEYWORDS = [
  'a',
  'ab',
  'ab-',
  'aba',
  'bab',
  'Ab',
  'B',
  'b1',
  '1-',
  '-----',
  'é',
  'aé',
  '密',
  '密b',
  'key',
  'keykey',
]
const TAILS = [
  '[ab1]{1,4}',
  '[a-z0-9-]{3,40}',
  '(?:[ab]{1,3}[.-]){0,3}[01]{2}',
  '[^\\s"]{2,30}',
  '(?=b)[ab]{1,5}',
  '(?:密|é|1)?[b-]{1,3}(?!1)',
  '([a1]{2,9})',
  '[ab1-]{20,600}',
  '',
]
const VALUES = ['[ab01]{4,9}', '[a-z0-9]{12}', '(?:b1|1b){3,8}', '[A-Za-z0-9]{8,20}-[01]{2}']
const base = { name: 'made up', severity: 'high', examples: { match: ['none'] } }
const onKeywords = fc.record({
  keywords: fc.uniqueArray(fc.constantFrom(...KEYWORDS), { minLength: 1, maxLength: 4 }),
  tail: fc.constantFrom(...TAILS),
  ignoreCase: fc.boolean(),
  boundary: fc.constantFrom('word', 'hyphen', 'none'),
  end: fc.constantFrom('word', 'none'),
  back: fc.option(fc.record({ characters: fc.constantFrom('ab', 'a-z1', '-'), max: fc.integer({ min: 1, max: 5 }) })),
})
const onNames = fc.record({
  near: fc.uniqueArray(fc.constantFrom('key', 'ab', 'bab', 'Acme'), { minLength: 1, maxLength: 3 }),
  pattern: fc.constantFrom(...VALUES),
})
const onDigits = fc.constantFrom('card', 'china-id', 'iban', 'phone').map((finder) => ({ trigger: 'digits', finder }))
const madeUpRule = fc.oneof(
  { weight: 5, arbitrary: onKeywords },
  { weight: 2, arbitrary: onNames },
  { weight: 1, arbitrary: onDigits },
)

/** A whole rule; what its pattern begins with is one of its keywords. */
function ruleOf(rule: Record<string, unknown>, at: number): Record<string, unknown> {
  const { tail, back, ...rest } = rule
  const keywords = rest['keywords'] as string[] | undefined
  const before = back === null || back === undefined ? '' : `[${(back as { characters: string }).characters}]{0,5}`
  return {
    ...base,
    ...rest,
    id: `made-up-${at}`,
    ...(back === null || back === undefined ? {} : { back }),
    ...(keywords === undefined ? {} : { pattern: `${before}(?:${keywords.join('|')})${String(tail)}`, window: 700 }),
  }
}

const WORDS = [
  ...KEYWORDS,
  'Acme',
  'acme_key=',
  ' ',
  '\n',
  '.',
  '"',
  '0',
  '1',
  '11',
  'b1b1',
  '01ab',
  'ABAB',
  'x',
  '=',
  ': ',
]
const NUMBERS = [
  '+4930901820',
  '4539578763621486',
  'DE89370400440532013000',
  '138 2046 9173',
  '(415) 867-5309',
  '12345',
]
/** Pieces in any order; some of them over and over, so that a text repeats itself in places. */
const madeUpText = fc
  .array(
    fc.tuple(
      fc.array(fc.constantFrom(...WORDS, ...NUMBERS), { minLength: 1, maxLength: 12 }),
      fc.constantFrom(1, 1, 1, 2, 40),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.map(([pieces, times]) => pieces.join('').repeat(times)).join(''))

/** The definition: every detector is asked at every place of its trigger, one after the other, and marks are merged. */
function byDefinition(rules: readonly Record<string, unknown>[], detectors: readonly Detector[], text: string): string {
  const marks = detectors.flatMap((each, at) => {
    const {
      keywords = [],
      near = [],
      ignoreCase,
    } = rules[at] as { keywords?: string[]; near?: string[]; ignoreCase?: boolean }
    const isFolded = ignoreCase === true || near.length > 0
    const places = [...keywords, ...near].flatMap((word) => placesOf(text, word, isFolded))
    places.sort(([start, end], [otherStart, otherEnd]) => end - otherEnd || start - otherStart)
    if (each.isOnDigits === true) {
      for (const { index, 0: run } of text.matchAll(/\d+/gu)) {
        if (run.length >= 3 || /[+(A-Z]/u.test(text[index - 1] ?? '')) places.push([index, index + run.length])
      }
    }
    let done = 0
    return places.flatMap(([start, end]) => {
      const span = start < done ? null : each.look(text, start, end)
      if (span === null) return []
      done = span.end
      return [{ ...span, order: each.order, id: each.id }]
    })
  })
  return resolveOverlaps(marks)
    .map(({ id, start, end, severity }) => `${id} ${start}-${end} ${severity}`)
    .join()
}

const asciiLower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

function placesOf(text: string, word: string, isFolded: boolean): [number, number][] {
  const [within, wanted] = isFolded ? [asciiLower(text), asciiLower(word)] : [text, word]
  const places: [number, number][] = []
  for (let at = within.indexOf(wanted); at >= 0; at = within.indexOf(wanted, at + 1))
    places.push([at, at + word.length])
  return places
}

const ruleSet = fc.array(madeUpRule, { minLength: 1, maxLength: 7 })
function isAsDefined(parts: readonly Record<string, unknown>[], text: string): boolean {
  const rules = parts.map(ruleOf)
  const set = compiled([sourceOf(rules)])
  const { matches, hasFault } = scan(set, text)
  const found = matches.map(({ detector: { id }, start, end, severity }) => `${id} ${start}-${end} ${severity}`).join()
  return !hasFault && found === byDefinition(rules, set.detectors, text)
}

t.test('made-up rules find in any text what their definition says', async () => {
  fc.assert(fc.property(ruleSet, madeUpText, isAsDefined), { numRuns: 150 })
})

t.test('they find the same in texts of several stretches, which repeat themselves in places', async () => {
  const long = fc.array(fc.tuple(madeUpText, fc.integer({ min: 1, max: 60 })), { minLength: 4, maxLength: 12 })
  fc.assert(
    fc.property(ruleSet, long, (parts, pieces) => {
      const text = pieces.map(([piece, times]) => piece.slice(0, 300).repeat(times)).join('')
      return isAsDefined(parts, text.repeat(Math.ceil(20_000 / text.length)).slice(0, 45_000))
    }),
    { numRuns: 12 },
  )
})

t.test('a text gives the same findings wherever in another one it stands', async () => {
  const parting = `\n{~} ${'and so on, as we said. '.repeat(80)}{~}\n`
  const telling = [
    'AKIAQ3ZK7WJ2NPLM5XRT',
    'token="x8Kq2Vb7Rm4Tz9Lw"',
    'PASSWORD=Tr0ub4dor&3\n',
    'mail ann.lee@kessler-werke.de',
    ' +49 30 901820 ',
    'pg://app:x8Kq2Vb7@db.corp',
    'ghp_',
    'secret: ',
    'key=',
    '-----BEGIN PRIVATE KEY-----',
    '密码：Zk8wQp3x',
    ' 4539578763621486 ',
    'aws ',
  ]
  const some = fc.array(fc.constantFrom(...telling, 'word ', '\n', '"', ' '), { minLength: 1, maxLength: 14 })
  const around = fc.tuple(some, fc.constantFrom(1, 3, 200)).map(([pieces, times]) => pieces.join('').repeat(times))
  const within = (text: string, from: number, to: number): string =>
    scan(shipped, text)
      .matches.filter(({ start, end }) => start >= from && end <= to)
      .map(({ detector: { id }, start, end }) => `${id} ${start - from}-${end - from}`)
      .join()
  fc.assert(
    fc.property(some, around, around, (pieces, before, behind) => {
      const text = `${parting}${pieces.join('')}${parting}`
      const alone = within(text, parting.length, text.length - parting.length)
      const from = before.length + parting.length
      return within(`${before}${text}${behind}`, from, from + text.length - 2 * parting.length) === alone
    }),
    { numRuns: 60 },
  )
})
