/**
 * What does putting values back add to an event of a stream? Anthropic's text deltas through the restorer, 20 units of text
 * each: English prose, prose with a capital W in each event (which makes it read every event), a placeholder in every
 * event, and one cut over three events; the peers are the bytes copied as they are, and the same with a usage reader.
 */
import { dialectById } from '../src/dialects/registry.ts'
import { createBodyRestorer } from '../src/inspect/restore-body.ts'
import { type Section, table } from './harness/report.ts'
import { median, withRange } from './harness/stats.ts'

const ROUNDS = 7
const EVENTS = 20_000
const GOAL_US = 50
const PLACEHOLDER = 'WEIRABCDEFGHIJKL'
const VALUE = 'AKIA-not-a-real-one!'

const delta = (text: string): Buffer => {
  const event = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }
  return Buffer.from(`event: content_block_delta\ndata: ${JSON.stringify(event)}\n\n`)
}

const PROSE = 'the heron stands in the shallow water below the weir and waits for a fish to come '.repeat(5)
const prose = (index: number): string => PROSE.slice(index % 300, (index % 300) + 20)

const STREAMS: Readonly<Record<string, (index: number) => string>> = {
  prose,
  'a capital W in each event': (index) => `${prose(index).slice(1)}W`,
  'a placeholder in each event': () => ` ${PLACEHOLDER},`,
  'a placeholder over three events': (index) =>
    [` ${PLACEHOLDER.slice(0, 5)}`, PLACEHOLDER.slice(5, 11), PLACEHOLDER.slice(11)][index % 3] ?? '',
}

type Take = (chunk: Uint8Array) => unknown

const TAKERS: Readonly<Record<string, () => Take>> = {
  'copied as it is': () => (chunk) => Buffer.from(chunk),
  'usage read': () => {
    const reader = dialectById('anthropic-messages').usageReader('text/event-stream')
    return (chunk) => {
      reader.push(chunk)
      return Buffer.from(chunk)
    }
  },
  restored: () => {
    const restorer = createBodyRestorer({
      contentType: 'text/event-stream',
      room: () => true,
      onUnrestored: () => undefined,
      rules: {
        pointsOf: dialectById('anthropic-messages').restorePoints ?? (() => ({ points: [], ended: [] })),
        historySigns: [],
        onHistory: () => undefined,
        book: {
          prefix: 'WEIR',
          valueOf: (placeholder) => (placeholder === PLACEHOLDER ? VALUE : null),
          onRestored: () => undefined,
          onMiss: () => undefined,
        },
      },
    })
    return (chunk) => restorer?.push(chunk)
  },
}

/** CPU microseconds of this process per event. */
function measure(chunks: readonly Buffer[], take: Take): number {
  const from = process.cpuUsage()
  for (const chunk of chunks) take(chunk)
  const { user, system } = process.cpuUsage(from)
  return (user + system) / chunks.length
}

export function run(rounds = ROUNDS): Promise<Section> {
  const times = new Map<string, number[]>()
  for (let round = 0; round <= rounds; round += 1) {
    for (const [stream, textOf] of Object.entries(STREAMS)) {
      const chunks = Array.from({ length: EVENTS }, (_, index) => delta(textOf(index)))
      for (const [taker, make] of Object.entries(TAKERS)) {
        const time = measure(chunks, make())
        // The first round warms up.
        if (round > 0) times.set(`${stream}/${taker}`, [...(times.get(`${stream}/${taker}`) ?? []), time])
      }
    }
  }
  const of = (stream: string, taker: string): readonly number[] => times.get(`${stream}/${taker}`) ?? []
  const rows = Object.keys(STREAMS).map((stream) => {
    const added = median(of(stream, 'restored')) - median(of(stream, 'copied as it is'))
    return [stream, ...Object.keys(TAKERS).map((taker) => withRange(of(stream, taker), 2)), added.toFixed(2)]
  })
  const worst = Math.max(...rows.map((row) => Number(row.at(-1))))
  return Promise.resolve({
    name: 'restore',
    title: 'Putting values back',
    body: `Processor microseconds per event of about 120 bytes, each in a chunk of its own, ${EVENTS} events, medians of ${rounds} rounds in turn.

${table(['text of the events', ...Object.keys(TAKERS), 'added by restoring'], rows)}

Goal: added ≤ ${GOAL_US} µs per event: ${worst <= GOAL_US ? 'met' : 'missed'} (worst ${worst.toFixed(2)}).`,
  })
}
