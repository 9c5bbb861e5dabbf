/**
 * How fast is a prompt read? Cold with every detector and beside secretlint, hostile, as the next turn of a conversation,
 * and a whole conversation of a hundred turns with and without memory of what was read.
 */
import { randomBytes } from 'node:crypto'
import { dialectById } from '../src/dialects/registry.ts'
import { createInspector, type Inspector } from '../src/inspect/inspector.ts'
import { createMemo, createPartsMemory } from '../src/inspect/memo.ts'
import { shippedDetectors } from '../test/helpers/detectors.ts'
import { hostileTexts } from './harness/hostile-texts.ts'
import { ownText } from './harness/own-text.ts'
import { type Section, table } from './harness/report.ts'
import { median, withRange } from './harness/stats.ts'

const COLD_GOAL = 100
const HOSTILE_GOAL = 20
/** Of a text in which every few words are a finding. */
const RICH_GOAL = 10
const MANY_FINDINGS = 5000
const TURN_GOAL_MS = 0.5
const TEXT_LENGTH = 960_000
const TURN_LENGTH = 5000
const TURNS = 100
const DIALECT = 'anthropic-messages'

/** One piece of memory, as texts of a body are. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')

/** Beginnings of secrets over and over, and what makes naive expressions slow. */
const HOSTILE = [
  'token:"aaaaaaaaa1',
  `password="${'a'.repeat(60)}" `,
  `api_key = ${'Aa1'.repeat(30)} `,
  'secret: ',
  'key=',
  'eyJ',
  'eyJhbGciOi.',
  'ghp_',
  'sk-',
  'AKIA',
  '://a:b',
  '://user:pass@',
  'a@b.',
  '@',
  '-----BEGIN ',
  '-----BEGIN PRIVATE KEY-----\nMIIB',
  '4111 1111 1111 1112 ',
  '4111111111111111',
  '123 ',
  '+1 ',
  'DE8937040044053201300 ',
  '10.0.0.1 ',
  '"',
  '\\',
  'a',
  'aws aws_secret ',
  'github ',
] as const

type Scan = (text: string) => unknown

async function secretlint(): Promise<Scan | null> {
  const [core, preset] = ['@secretlint/core', '@secretlint/secretlint-rule-preset-recommend']
  try {
    const { lintSource } = (await import(core)) as { lintSource: (options: unknown) => Promise<unknown> }
    const { creator } = (await import(preset)) as { creator: unknown }
    const config = { rules: [{ id: preset, rule: creator, options: {} }] }
    return (content) =>
      lintSource({ source: { filePath: 'a.txt', content, ext: '.txt', contentType: 'text' }, options: { config } })
  } catch {
    return null
  }
}

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now()
  const result = work()
  if (result instanceof Promise) await result
  return performance.now() - start
}

function inspectorOf(isRemembering: boolean): Inspector {
  const detectors = shippedDetectors()
  const memory = isRemembering ? createPartsMemory(randomBytes(32)) : undefined
  return createInspector({
    detectors: () => detectors,
    textPartsOf: (dialect, body, contentType) => dialectById(dialect).textParts(body, contentType, memory),
    placeholderPrefix: 'WEIR',
    placeholderKey: randomBytes(32),
    depth: 3,
    nowMs: () => performance.now(),
    ...(isRemembering ? { memo: createMemo(randomBytes(32)) } : {}),
  })
}

const request = (body: Buffer) => ({ body, contentType: 'application/json', dialect: DIALECT as typeof DIALECT })
const parse = (body: Buffer): unknown => dialectById(DIALECT).textParts(body, 'application/json')

/** The body of a conversation of `count` messages. */
function bodyOf(text: string, count: number): Buffer {
  const messages = Array.from({ length: count }, (_, at) => {
    const from = (at * TURN_LENGTH) % (text.length - TURN_LENGTH)
    const part = `${at} ${text.slice(from, from + TURN_LENGTH)}`
    return { role: at % 2 === 0 ? 'user' : 'assistant', content: [{ type: 'text', text: part }] }
  })
  return Buffer.from(JSON.stringify({ model: 'claude', max_tokens: 1000, messages }))
}

interface TurnTimes {
  /** Parsing the whole body and nothing else, milliseconds. */
  readonly parsing: number
  /** Parsing, memory and detectors. */
  readonly whole: number
  /** The one less the other: below zero where what is known need not be parsed. */
  readonly over: number
}

/** Of the turns that follow a conversation of a megabyte. */
function nextTurns(text: string): TurnTimes {
  const inspector = inspectorOf(true)
  const first = Math.floor(TEXT_LENGTH / TURN_LENGTH)
  inspector.inspect(request(bodyOf(text, first)))
  const turns = Array.from({ length: 15 }, (_, turn): TurnTimes => {
    const body = bodyOf(text, first + turn + 1)
    parse(body)
    const start = performance.now()
    parse(body)
    const parsed = performance.now()
    inspector.inspect(request(body))
    const [parsing, whole] = [parsed - start, performance.now() - parsed]
    return { parsing, whole, over: whole - parsing }
  })
  const of = (what: keyof TurnTimes): number => median(turns.map((turn) => turn[what]))
  return { parsing: of('parsing'), whole: of('whole'), over: of('over') }
}

function conversation(text: string, look: (body: Buffer) => unknown): number {
  let total = 0
  for (let turn = 1; turn <= TURNS; turn += 1) {
    const body = bodyOf(text, Math.ceil((turn * TEXT_LENGTH) / TURN_LENGTH / TURNS))
    const start = performance.now()
    look(body)
    total += performance.now() - start
  }
  return total
}

/** Measure and clean up. */
export async function run(rounds = 7): Promise<Section> {
  const text = flat(ownText().slice(0, TEXT_LENGTH))
  const set = shippedDetectors()
  const peer = await secretlint()
  const scan: Scan = (given) => set.scan(given, () => false)
  const scans: [name: string, scan: Scan][] = [
    ['weir, all detectors', scan],
    ...(peer === null ? [] : [['secretlint', peer] as [string, Scan]]),
  ]
  const cold = new Map<string, number[]>(scans.map(([name]) => [name, []]))
  const hostile = new Map<string, number[]>(HOSTILE.map((piece) => [piece, []]))
  const texts = HOSTILE.map((piece) => flat(piece.repeat(Math.ceil(1_000_000 / piece.length)).slice(0, 1_000_000)))
  const varied = hostileTexts(1_000_000)
  const speeds = new Map<string, number[]>([...varied.keys()].map((name) => [name, []]))
  const turns: TurnTimes[] = []
  const totals = {
    'parsing alone': [] as number[],
    'with memory': [] as number[],
    'read anew each turn': [] as number[],
  }
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, each] of scans) {
      const ms = await timed(() => each(text))
      if (round >= 0) cold.get(name)?.push(text.length / 1000 / ms)
    }
    for (const [index, piece] of HOSTILE.entries()) {
      const ms = await timed(() => scan(texts[index] ?? ''))
      if (round >= 0) hostile.get(piece)?.push(1000 / ms)
    }
    for (const [name, each] of varied) {
      const ms = await timed(() => scan(each))
      if (round >= 0) speeds.get(name)?.push(1000 / ms)
    }
    const turn = nextTurns(text)
    const remembering = inspectorOf(true)
    const forgetful = inspectorOf(false)
    const sums = [
      conversation(text, parse),
      conversation(text, (body) => remembering.inspect(request(body))),
      conversation(text, (body) => forgetful.inspect(request(body))),
    ]
    if (round < 0) continue
    turns.push(turn)
    for (const [index, values] of Object.values(totals).entries()) values.push(sums[index] ?? Number.NaN)
  }
  const found = new Map([...varied].map(([name, each]) => [name, set.scan(each, () => false).matches.length]))
  const measured = { rounds, detectors: set.detectors.length, cold, hostile, varied: speeds, found, turns, totals }
  return sectionOf({ ...measured, hasPeer: peer !== null })
}

interface Measured {
  readonly rounds: number
  readonly detectors: number
  readonly cold: ReadonlyMap<string, readonly number[]>
  readonly hostile: ReadonlyMap<string, readonly number[]>
  readonly varied: ReadonlyMap<string, readonly number[]>
  /** Findings in each of them. */
  readonly found: ReadonlyMap<string, number>
  readonly turns: readonly TurnTimes[]
  readonly totals: Readonly<Record<string, readonly number[]>>
  readonly hasPeer: boolean
}

/** The three of which the fewest megabytes are read a second. */
const slowest = (speeds: ReadonlyMap<string, readonly number[]>): [name: string, speeds: readonly number[]][] =>
  [...speeds].sort(([, a], [, b]) => median(a) - median(b)).slice(0, 3)

const TURN_ROWS: readonly [name: string, what: keyof TurnTimes][] = [
  ['parsing alone', 'parsing'],
  ['with memory, parsing included', 'whole'],
  ['over parsing', 'over'],
]

function sectionOf(measured: Measured): Section {
  const { rounds, detectors, cold, hostile, varied, found, turns, totals, hasPeer } = measured
  const worst = slowest(hostile)
  const isRich = (name: string): boolean => (found.get(name) ?? 0) > MANY_FINDINGS
  const poor = new Map([...varied].filter(([name]) => !isRich(name)))
  const rich = new Map([...varied].filter(([name]) => isRich(name)))
  const variedRows = [...slowest(poor), ...slowest(rich)].map(([name, values]) => [
    name,
    String(found.get(name) ?? 0),
    withRange(values, 1),
  ])
  const atGoal = [...varied.values()].filter((values) => median(values) >= HOSTILE_GOAL).length
  const speeds = [
    ...[...cold].map(([name, values]) => [`cold, ${name}`, withRange(values, 1)]),
    ...worst.map(([piece, values]) => [
      `hostile: \`${JSON.stringify(piece.slice(0, 30))}\` over and over`,
      withRange(values, 1),
    ]),
  ]
  const times = [
    ...TURN_ROWS.map(([name, what]) => [
      `next turn of a conversation of 1 MB, ${name}`,
      withRange(
        turns.map((turn) => turn[what]),
        3,
      ),
    ]),
    ...Object.entries(totals).map(([name, values]) => [`${TURNS} turns up to 1 MB, ${name}`, withRange(values, 0)]),
  ]
  const verdict = (value: number, goal: number, isMet: boolean): string =>
    `${isMet ? 'met' : 'missed'} (${value.toFixed(2)} for ${goal})`
  const coldValue = median([...cold.values()][0] ?? [])
  const hostileValue = median(worst[0]?.[1] ?? [])
  const poorValue = median(slowest(poor)[0]?.[1] ?? [])
  const richValue = median(slowest(rich)[0]?.[1] ?? [])
  const turn = median(turns.map(({ over }) => over))
  return {
    name: 'inspect',
    title: 'Reading a prompt: all detectors, hostile text, the next turn',
    body: `One thread; ${rounds} interleaved rounds, medians. ${detectors} detectors. Cold: ${TEXT_LENGTH / 1e6} MB of TypeScript and Markdown. Hostile: 1 MB of one piece over and over; the three slowest of ${HOSTILE.length}. Varied: 1 MB that never says the same twice; the three slowest of ${poor.size} texts in which little is found, and of ${rich.size} in which every few words are a finding (over ${MANY_FINDINGS}).

${table(['what', 'MB/s, median (range of rounds)'], speeds)}

${table(['hostile text that varies', 'findings', 'MB/s, median (range of rounds)'], variedRows)}

${table(['what', 'ms, median (range of rounds)'], times)}
${hasPeer ? '' : '\nsecretlint: not installed here, left out\n'}
Goals: cold ≥ ${COLD_GOAL} MB/s: ${verdict(coldValue, COLD_GOAL, coldValue >= COLD_GOAL)}; hostile repetitions ≥ ${HOSTILE_GOAL} MB/s: ${verdict(hostileValue, HOSTILE_GOAL, hostileValue >= HOSTILE_GOAL)}; hostile text that varies ≥ ${HOSTILE_GOAL} MB/s: ${verdict(poorValue, HOSTILE_GOAL, poorValue >= HOSTILE_GOAL)}, full of findings ≥ ${RICH_GOAL} MB/s: ${verdict(richValue, RICH_GOAL, richValue >= RICH_GOAL)}, ${atGoal} of ${varied.size} texts reach ${HOSTILE_GOAL}; next turn ≤ ${TURN_GOAL_MS} ms over parsing: ${verdict(turn, TURN_GOAL_MS, turn <= TURN_GOAL_MS)}; below 0: what is known is not parsed again, and the whole turn takes less than parsing all of it.`,
  }
}
