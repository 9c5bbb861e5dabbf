import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import type { Detector } from '../../src/inspect/detector.ts'
import { makeDetectorSet, type TriggeredDetector } from '../../src/inspect/engine.ts'
import { expandExample } from '../../src/inspect/example-text.ts'
import { resolveOverlaps } from '../../src/inspect/overlap.ts'
import { isPlaceholder } from '../../src/inspect/placeholder.ts'
import { hits, scan, shippedDetectors } from '../helpers/detectors.ts'

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
