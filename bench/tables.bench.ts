/**
 * How fast is a text compared with what a company knows by heart: a million fingerprints of its source code, and a
 * dictionary of a hundred thousand terms? Ordinary code, text that is all hits, and text made to be slow.
 */
import { decodeFingerprints, encodeFingerprints, inSharedMemory } from '../src/inspect/fingerprint-file.ts'
import { buildFingerprintTable, fingerprintsOf } from '../src/inspect/fingerprints.ts'
import type { PlaceTable } from '../src/inspect/place-table.ts'
import { buildTermTable } from '../src/inspect/term-table.ts'
import { ownText } from './harness/own-text.ts'
import { type Section, table } from './harness/report.ts'
import { median, withRange } from './harness/stats.ts'

const FINGERPRINT_GOAL = 60
const TERM_GOAL = 150
const HOSTILE_GOAL = 20
const FINGERPRINTS = 1_000_000
const TERMS = 100_000
const TEXT_LENGTH = 960_000
/** Source of about a million fingerprints. */
const SOURCE_LENGTH = 8_510_000
const FILE_LENGTH = 50_000

/** As much as is scanned, in one piece of memory, as texts of a body are. */
const flat = (text: string): string => Buffer.from(text.slice(0, TEXT_LENGTH), 'utf16le').toString('utf16le')
const over = (piece: string): string => flat(piece.repeat(Math.ceil(TEXT_LENGTH / piece.length)))

/** The same numbers in every run (Numerical Recipes' generator). */
let seed = 1
function below(limit: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0
  return (seed >>> 8) % limit
}
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)] as T
const made = (count: number, make: () => string): string[] => Array.from({ length: count }, make)

interface Case {
  readonly name: string
  readonly text: string
  readonly isHostile: boolean
}
const hostile = (name: string, text: string): Case => ({ name, text, isHostile: true })

function fingerprintCases(): { table: PlaceTable; cases: Case[]; loadMs: () => number } {
  const source = made(SOURCE_LENGTH, () => String.fromCharCode(65 + below(58))).join('')
  const all = []
  for (let at = 0; at < source.length; at += FILE_LENGTH)
    all.push(...fingerprintsOf(source.slice(at, at + FILE_LENGTH)))
  const bytes = inSharedMemory(encodeFingerprints(all.slice(0, FINGERPRINTS)))
  const load = (): PlaceTable => {
    const read = decodeFingerprints(bytes)
    if (!read.ok) throw new Error(read.problem)
    return buildFingerprintTable(read.hashes)
  }
  const pieces = [
    'a',
    '/* ',
    '/**',
    '/*x',
    '<!-- ',
    'a#',
    'a/b',
    ' #\n',
    '\n* ',
    '0123456789abcdefghijklmnopqrstuvwxyz',
  ]
  return {
    table: load(),
    loadMs: () => processorMs(load),
    cases: [
      { name: 'ordinary code', text: flat(ownText()), isHostile: false },
      hostile('all of it indexed', flat(source)),
      hostile(
        'nothing of it indexed, no blanks',
        flat(made(TEXT_LENGTH, () => String.fromCharCode(97 + below(26))).join('')),
      ),
      hostile('Chinese characters', flat(made(TEXT_LENGTH, () => String.fromCharCode(0x4e00 + below(5000))).join(''))),
      ...pieces.map((piece) => hostile(`\`${JSON.stringify(piece)}\` over and over`, over(piece))),
    ],
  }
}

function termCases(): { table: PlaceTable; cases: Case[]; loadMs: () => number } {
  const syllables = 'ka lo mi ne ru ta vo sel dor bin fer gan hul jop kri lem nox pra qui rost'.split(' ')
  const name = (): string =>
    made(2 + below(3), () => oneOf(syllables))
      .join('')
      .replace(/^./, (letter) => letter.toUpperCase())
  const kinds = [
    () => `${name()} ${name()}`,
    () => `${name()} ${name()} GmbH`,
    () => `PRJ-${10_000 + below(90_000)}`,
    () => `${name()}${below(1000)}`,
    () => made(3 + below(3), () => String.fromCharCode(0x4e00 + below(3000))).join(''),
  ]
  const distinct = new Set<string>()
  while (distinct.size < TERMS) distinct.add(oneOf(kinds)())
  const terms = [...distinct]
  const firsts = terms.filter((term) => term.includes(' ')).map((term) => term.split(' ')[0] ?? '')
  // A term of one word over and over is what such a text is slow with.
  terms.push(`${'a '.repeat(99)}b`)
  const load = (): PlaceTable => buildTermTable(terms, { ignoresCase: false })
  return {
    table: load(),
    loadMs: () => processorMs(load),
    cases: [
      { name: 'ordinary code', text: flat(ownText()), isHostile: false },
      hostile('all of it terms', flat(made(90_000, () => oneOf(terms)).join('\n'))),
      hostile('first words of terms', flat(made(120_000, () => oneOf(firsts)).join(' '))),
      hostile('Chinese characters', flat(made(TEXT_LENGTH, () => String.fromCharCode(0x4e00 + below(5000))).join(''))),
      ...['a', 'a ', '-+-', ' ', 'PRJ-', 'PRJ-1 ', `${firsts[0] ?? ''} `].map((piece) =>
        hostile(`\`${JSON.stringify(piece)}\` over and over`, over(piece)),
      ),
    ],
  }
}

function processorMs(work: () => unknown): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

interface Measured {
  readonly cases: readonly Case[]
  readonly speeds: ReadonlyMap<Case, readonly number[]>
  readonly loads: readonly number[]
}

function measure({ table: known, cases, loadMs }: ReturnType<typeof termCases>, rounds: number): Measured {
  const speeds = new Map<Case, number[]>(cases.map((each) => [each, []]))
  const loads: number[] = []
  for (let round = -2; round < rounds; round += 1) {
    for (const each of cases) {
      const ms = processorMs(() =>
        known.scan(
          each.text,
          () => false,
          () => {},
        ),
      )
      if (round >= 0) speeds.get(each)?.push(each.text.length / 1000 / ms)
    }
    const load = loadMs()
    if (round >= 0) loads.push(load)
  }
  return { cases, speeds, loads }
}

/** Measure; there is nothing to clean up. */
export async function run(rounds = 9): Promise<Section> {
  const fingerprints = measure(fingerprintCases(), rounds)
  const terms = measure(termCases(), rounds)
  return Promise.resolve({
    name: 'tables',
    title: 'A company\u2019s own source code and words: a million fingerprints, a hundred thousand terms',
    body: `One thread, processor time; ${rounds} interleaved rounds, medians. Ordinary code: ${TEXT_LENGTH / 1e6} MB of TypeScript and Markdown. Hostile: as much of what costs most; the three slowest of ${fingerprints.cases.length - 1} and of ${terms.cases.length - 1}.

${table(['what', 'MB/s, median (range of rounds)'], [...rowsOf('fingerprints', fingerprints), ...rowsOf('terms', terms)])}

${table(
  ['made ready to be asked', 'ms, median (range of rounds)'],
  [
    [`${FINGERPRINTS} fingerprints, from the bytes of the file`, withRange(fingerprints.loads, 0)],
    [`${TERMS} terms, from their texts`, withRange(terms.loads, 0)],
  ],
)}

Goals: fingerprints in ordinary code ≥ ${FINGERPRINT_GOAL} MB/s: ${verdict(fingerprints, FINGERPRINT_GOAL)}; terms ≥ ${TERM_GOAL} MB/s: ${verdict(terms, TERM_GOAL)}; nothing under ${HOSTILE_GOAL} MB/s: ${verdictOnWorst([fingerprints, terms])}.`,
  })
}

const speedOf = ({ speeds }: Measured, each: Case): number => median(speeds.get(each) ?? [])
const slowest = (measured: Measured): Case[] =>
  measured.cases.filter((each) => each.isHostile).sort((a, b) => speedOf(measured, a) - speedOf(measured, b))

function rowsOf(what: string, measured: Measured): string[][] {
  const ordinary = measured.cases.filter((each) => !each.isHostile)
  return [...ordinary, ...slowest(measured).slice(0, 3)].map((each) => [
    `${what}: ${each.name}`,
    withRange(measured.speeds.get(each) ?? [], 1),
  ])
}

const said = (value: number, goal: number): string =>
  `${value >= goal ? 'met' : 'missed'} (${value.toFixed(1)} for ${goal})`

const verdict = (measured: Measured, goal: number): string =>
  said(Math.min(...measured.cases.filter((each) => !each.isHostile).map((each) => speedOf(measured, each))), goal)

const verdictOnWorst = (all: readonly Measured[]): string =>
  said(
    Math.min(...all.map((measured) => Math.min(...slowest(measured).map((each) => speedOf(measured, each))))),
    HOSTILE_GOAL,
  )
