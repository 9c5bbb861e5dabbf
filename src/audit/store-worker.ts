/** The worker thread of the audit store: everything that SQLite blocks for, it blocks here. */
import { parentPort, workerData } from 'node:worker_threads'
import { QueryError } from './event-query.ts'
import { type GoneRecords, goneBefore, readGone, writeGone } from './gone-records.ts'
import { dataOf } from './person-reader.ts'
import { type Expired, expiredSealedDays, goneWith, type Keeps, removalsOf } from './retention.ts'
import { removeSealedDays } from './sealed/find-sealed.ts'
import { listSegments } from './segments.ts'
import { asideText } from './set-aside.ts'
import { neededBySinks } from './sinks/lag.ts'
import { StoreEngine } from './store-engine.ts'
import type { FromWorker, Question, ToWorker, WorkerSettings } from './store-protocol.ts'

const DAY_MS = 86_400_000
const RETENTION_EVERY_MS = 6 * 3_600_000
/** How long a question may wait for the files to be read; beyond it the answer is what is known so far. */
const CATCH_UP_MS = 2000
/** The same while it is known that much is left to read. */
const CATCH_UP_BEHIND_MS = 50
/** What was read is written after so long at the latest; a crash before costs reading it again. */
const FLUSH_EVERY_MS = 2000
/** A long question lets the others and the reading on after so long. */
const SLICE_MS = 25

const settings = workerData as WorkerSettings
const port = parentPort
if (port === null) throw new Error('audit: store-worker.ts runs as a worker thread only')
const tell = (message: FromWorker): void => port.postMessage(message)

const engine = new StoreEngine({
  ...settings,
  onRebuild: (why) => tell({ kind: 'event', event: 'audit.store-rebuilt', fields: { why } }),
})

let lastHealth = ''
function report(ok: boolean, detail: string | null): void {
  const said = `${String(ok)} ${detail ?? ''}`
  if (said === lastHealth) return
  lastHealth = said
  tell({ kind: 'health', ok, detail })
}

let isReading = false
let isBehind = false
/** One chunk at a time, so that questions get their turn while a store is built. */
function readOn(): void {
  isReading = guarded(() => engine.step())
  if (isReading) setImmediate(readOn)
  else {
    isBehind = false
    if (!hasLooked) setImmediate(tellOld)
  }
}

/** Whether there is anything old was asked: only what the store has read can go, so first when all is read. */
let hasLooked = false

function startReading(): void {
  if (isReading) return
  isReading = true
  setImmediate(readOn)
}

/** Does something with the store; health says how it went. `false` when it failed. */
function guarded(act: () => boolean): boolean {
  try {
    const result = act()
    report(true, asideText(engine.unreadable))
    return result
  } catch (error) {
    report(false, messageOf(error))
    return false
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

type Steps = Generator<undefined, unknown>

function* stepsOf(question: Question): Steps {
  if (question.ask !== 'sync') isBehind = !engine.catchUp(isBehind ? CATCH_UP_BEHIND_MS : CATCH_UP_MS)
  switch (question.ask) {
    case 'query':
      return yield* engine.querySteps(question.query)
    case 'facets':
      return yield* engine.facetsSteps(question.query)
    case 'histogram':
      return yield* engine.histogramSteps(question.query)
    case 'find':
      return engine.find(question.id)
    case 'lastSeen':
      return engine.lastSeen()
    case 'forget':
      return engine.forget(question.who)
    case 'sync':
      while (engine.step()) yield
      return null
  }
}

interface Task {
  readonly number: number
  readonly steps: Steps
}

/** Questions under way; each gets a slice of time in turn. */
const tasks: Task[] = []

function work(): void {
  const task = tasks.shift()
  if (task === undefined) return
  if (!worked(task, performance.now() + SLICE_MS)) tasks.push(task)
  if (tasks.length > 0) setImmediate(work)
}

/** `true`: it is answered. */
function worked({ number, steps }: Task, endMs: number): boolean {
  try {
    do {
      const step = steps.next()
      if (step.done === true) {
        tell({ kind: 'answer', number, value: step.value })
        report(true, asideText(engine.unreadable))
        return true
      }
    } while (performance.now() < endMs)
    return false
  } catch (error) {
    const isBadQuery = error instanceof QueryError
    if (!isBadQuery) report(false, messageOf(error))
    tell({ kind: 'refusal', number, message: messageOf(error), isBadQuery, at: isBadQuery ? error.at : null })
    return true
  }
}

interface Old {
  readonly events: readonly Expired[]
  readonly days: readonly string[]
}

/** What was told to be expiring, until it is recorded: one removal at a time. */
let expiring: Old | null = null

/** Receivers that records wait for. */
let sinks = settings.sinks ?? null

function findOld(): Old {
  const { dir, retentionDays, personDays = null, contentDays = null } = settings
  const before = (days: number): number => Date.now() - days * DAY_MS
  const keeps = (ms: number): Keeps => (sinks === null ? () => false : neededBySinks(dir, sinks, ms))
  const records = retentionDays === null ? [] : engine.expired(before(retentionDays), keeps(before(retentionDays)))
  const goes = new Set(records.flatMap(({ files }) => files.map(({ segment }) => segment.events)))
  const persons = (days: number): Expired[] => {
    const needed = keeps(before(days))
    return engine.expiredPersons(before(days), (segment, ms) => goes.has(segment.events) || needed(segment, ms))
  }
  return {
    events: [...records, ...(personDays === null ? [] : persons(personDays))],
    days: contentDays === null ? [] : expiredSealedDays(dir, before(contentDays)),
  }
}

/** Kept from the first start on: what is missing later was not removed before there was a note of it. */
function goneSoFar(): GoneRecords {
  const data = dataOf(settings.dir)
  const known = readGone(data)
  if (known !== null) return known
  const gone = goneBefore(listSegments(settings.dir))
  writeGone(data, gone)
  return gone
}

function tellOld(): void {
  hasLooked = true
  if (expiring !== null || settings.retentionDays === null) return
  guarded(() => {
    const gone = goneSoFar()
    const old = findOld()
    const all = goneWith(gone, old.events)
    const removals = old.events.flatMap((each) => removalsOf(each, all))
    if (old.days.length > 0)
      removals.push({ operation: 'retention.remove', target: 'sealed', after: { days: old.days } })
    if (removals.length === 0) return true
    expiring = old
    tell({ kind: 'expiring', removals })
    return true
  })
}

/** What was recorded goes, unless a legal hold or a receiver has come to need a part of it meanwhile. */
function removeOld(recorded: Old): void {
  guarded(() => {
    const now = findOld()
    const mayGo = new Set(now.events.flatMap(fileKeys))
    const events = recorded.events.map((each) => {
      const keys = fileKeys(each)
      return { ...each, files: each.files.filter((_, index) => mayGo.has(keys[index] ?? '')) }
    })
    const days = recorded.days.filter((day) => now.days.includes(day))
    writeGone(dataOf(settings.dir), goneWith(goneSoFar(), events))
    const removed = engine.remove(events)
    removeSealedDays(settings.dir, days)
    if (removed.length + days.length > 0) tell({ kind: 'event', event: 'audit.retention', fields: { removed, days } })
    return true
  })
}

const fileKeys = ({ what, files }: Expired): string[] => files.map(({ segment }) => `${what} ${segment.events}`)

function flush(): void {
  guarded(() => {
    engine.flush()
    return true
  })
}

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'notify':
      startReading()
      break
    case 'question':
      tasks.push({ number: message.number, steps: stepsOf(message.question) })
      if (tasks.length === 1) setImmediate(work)
      break
    case 'sinks':
      sinks = message.sinks
      break
    case 'recorded':
      if (expiring !== null) removeOld(expiring)
      expiring = null
      break
    case 'unrecorded':
      expiring = null
      break
    case 'close':
      clearInterval(retention)
      clearInterval(flushing)
      for (const task of tasks.splice(0)) worked(task, Number.POSITIVE_INFINITY)
      guarded(() => engine.catchUp(CATCH_UP_MS))
      guarded(() => {
        engine.close()
        return true
      })
      port.close()
      break
  }
})

const retention = setInterval(tellOld, RETENTION_EVERY_MS)
const flushing = setInterval(flush, FLUSH_EVERY_MS)
startReading()
