/**
 * Reloads configuration, rules and network map when their files change or a signal asks for it. A broken file keeps
 * the old state and is reported; a good load replaces all of it in one step, so that nobody sees half of it.
 */
import { type FSWatcher, watch } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { Problem } from '../domain/settings.ts'
import type { WeirConfig } from './schema.ts'
import type { LoadedState, StateOptions, StatePart, StateProblem, StateResult } from './state.ts'
import { loadState, watchedFolders } from './state.ts'

/** What asked for the reload. */
export type ReloadCause = 'file' | 'signal' | 'api'

/** One config event to be: what changed, from which revision to which, or why it did not. */
export interface ReloadReport {
  readonly what: StatePart | 'rules'
  readonly from: string | null
  /** `null` when the old one stays. */
  readonly to: string | null
  readonly ok: boolean
  /** Errors when it failed, else warnings. */
  readonly problems: readonly Problem[]
  readonly by: ReloadCause
}

export interface WatchOptions {
  readonly initial: LoadedState
  readonly load: StateOptions
  /** Called after the swap, once per part that changed; or once per broken part. */
  readonly onReport: (report: ReloadReport) => void
  /** Called with the new state right after the swap. */
  readonly onSwap?: (next: LoadedState, previous: LoadedState) => void
  /** A watcher failed, e.g. too many watches; reloading by signal still works. */
  readonly onWatchError?: (folder: string, error: unknown) => void
  /** Quiet time after the last change of a file. */
  readonly debounceMs?: number
}

export interface StateWatch {
  /** The state in force; take it once per flow. */
  readonly current: () => LoadedState
  /** Load now; resolves when the new state is in force or was refused. */
  readonly reload: (by: ReloadCause) => Promise<void>
  /** Problems of the last load, errors of a refused one included. */
  readonly problems: () => readonly Problem[]
  readonly close: () => void
}

const DEBOUNCE_MS = 150
const PARTS = ['config', 'policy', 'catalogue', 'detectors', 'notices', 'identity'] as const

/** Start watching. Loads never run side by side: a change during one leads to another after it. */
export function watchState(options: WatchOptions): StateWatch {
  let state = options.initial
  let problems: readonly Problem[] = []
  let running: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | null = null
  let watchers: FSWatcher[] = []
  let isClosed = false
  /** Parts that were refused and have not been told to be well again. */
  const refused = new Set<StatePart>()

  const reloadNow = async (by: ReloadCause): Promise<void> => {
    if (isClosed) return
    const result = await loadState({ ...options.load, previous: state })
    if (isOver()) return
    const previous = state
    if (result.ok) state = result.state
    problems = result.problems
    rewatch()
    if (result.ok) options.onSwap?.(state, previous)
    const reports = reportsOf(previous, result, { by, refused })
    if (result.ok) refused.clear()
    else for (const part of brokenParts(result.problems)) refused.add(part)
    for (const report of reports) options.onReport(report)
  }
  // A function, because a close can happen during the await above.
  const isOver = (): boolean => isClosed
  const reload = (by: ReloadCause): Promise<void> => {
    running = running.then(() => reloadNow(by))
    return running
  }
  const soon = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(() => {
      timer = null
      reload('file').catch((error: unknown) => options.onWatchError?.('', error))
    }, options.debounceMs ?? DEBOUNCE_MS)
  }
  /** Folders may have been exchanged: watches hold on to the old ones. */
  const rewatch = (): void => {
    for (const watcher of watchers) watcher.close()
    watchers = [...watchedFolders(state)].flatMap(([folder, names]) => watchFolder(options, folder, names, soon))
  }

  rewatch()
  return {
    current: () => state,
    reload,
    problems: () => problems,
    close: () => {
      isClosed = true
      if (timer !== null) clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}

function watchFolder(
  options: WatchOptions,
  folder: string,
  names: ReadonlySet<string> | null,
  onChange: () => void,
): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, (_, name) => {
      if (isRelevant(name, names)) onChange()
    })
    watcher.on('error', (error) => options.onWatchError?.(folder, error))
    return [watcher]
  } catch (error) {
    options.onWatchError?.(folder, error)
    return []
  }
}

/** YAML, the terms and fingerprints that rules name, and folders. */
const RULE_FILE = /\.(?:ya?ml|txt|fp)$|^[^.]+$/u

/** Kubernetes exchanges the link `..data` and leaves the files as they are. */
const isRelevant = (name: string | null, names: ReadonlySet<string> | null): boolean =>
  name === null || name.startsWith('..') || (names === null ? RULE_FILE.test(name) : names.has(name))

interface Reload {
  readonly by: ReloadCause
  /** Told when they are well again, also where they are as they were before. */
  readonly refused: ReadonlySet<StatePart>
}

function reportsOf(previous: LoadedState, result: StateResult, { by, refused }: Reload): ReloadReport[] {
  if (!result.ok) {
    return brokenParts(result.problems).map((part) => ({
      what: part,
      from: shownRevision(previous, part),
      to: null,
      ok: false,
      problems: strip(result.problems.filter((problem) => problem.part === part && problem.severity === 'error')),
      by,
    }))
  }
  const revisions = revisionsOf(previous)
  const next = revisionsOf(result.state)
  const changed = PARTS.filter((part) => next[part] !== revisions[part] || refused.has(part))
  const restart = restartProblems(previous, result.state)
  const reports = changed.map((part): ReloadReport => {
    const warnings = strip(result.problems.filter((problem) => problem.part === part))
    return {
      what: part,
      from: shownRevision(previous, part),
      to: shownRevision(result.state, part),
      ok: true,
      problems: part === 'config' ? [...warnings, ...restart] : warnings,
      by,
    }
  })
  if (reports.length > 0 || by === 'file') return reports
  // Whoever asks gets an answer, also when nothing was new.
  const { revision } = result.state.rules.snapshot
  return [{ what: 'rules', from: revision, to: revision, ok: true, problems: strip(result.problems), by }]
}

const brokenParts = (problems: readonly StateProblem[]): readonly StatePart[] =>
  PARTS.filter((part) => hasError(problems, part))

const hasError = (problems: readonly StateProblem[], part: StatePart): boolean =>
  problems.some((problem) => problem.part === part && problem.severity === 'error')

const strip = (problems: readonly StateProblem[]): Problem[] => problems.map(({ part: _part, ...problem }) => problem)

const revisionsOf = ({ revisions, rules }: LoadedState): Readonly<Record<StatePart, string>> => ({
  ...revisions,
  ...rules.revisions,
})

/** As events say it: what decides carries the `policyRevision` of requests, so that the two can be joined. */
const shownRevision = (state: LoadedState, part: StatePart): string =>
  part === 'policy' || part === 'catalogue' ? state.rules.snapshot.revision : revisionsOf(state)[part]

/** Sections that are read anew for every flow; the others are bound to sockets, files and threads. */
const LIVE_SECTIONS: ReadonlySet<string> = new Set(['rules', 'identity', 'intercept', 'catalogue', 'notice'])

/** Receivers of records come and go while Weir runs; the rest of their section does not. */
const boundPart = (section: string, value: unknown): unknown =>
  section === 'audit' ? { ...(value as WeirConfig['audit']), sinks: null } : value

function restartProblems(previous: LoadedState, next: LoadedState): Problem[] {
  const before: Readonly<Record<string, unknown>> = previous.config
  return Object.entries(next.config)
    .filter(([section]) => !LIVE_SECTIONS.has(section))
    .filter(([section, value]) => !isDeepStrictEqual(boundPart(section, before[section]), boundPart(section, value)))
    .map(([section]) => ({
      file: next.configPath,
      line: null,
      path: section,
      message: 'this section has changed and takes effect after a restart',
      severity: 'warning',
    }))
}
