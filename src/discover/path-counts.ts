/** Paths on hosts of the catalogue that the catalogue does not name, counted by their shape for whoever keeps it. */
import type { ToolId } from '../domain/tool.ts'

/** Shapes in memory; further ones drive out the oldest. */
export const MAX_SHAPES = 1000
const MAX_SEGMENTS = 6
const MAX_SEGMENT = 24

export interface PathCount {
  readonly tool: ToolId
  readonly host: string
  readonly path: string
  count: number
  readonly firstMs: number
  lastMs: number
}

export class PathCounts {
  #counts = new Map<string, PathCount>()

  add(tool: ToolId, host: string, path: string, nowMs: number): void {
    const shape = pathShape(path)
    const key = `${tool} ${host} ${shape}`
    const known = this.#counts.get(key)
    if (known !== undefined) {
      known.count++
      known.lastMs = nowMs
      return
    }
    if (this.#counts.size >= MAX_SHAPES) {
      const [oldest] = this.#counts.keys()
      if (oldest !== undefined) this.#counts.delete(oldest)
    }
    this.#counts.set(key, { tool, host, path: shape, count: 1, firstMs: nowMs, lastMs: nowMs })
  }

  /** All counts since the last call. */
  take(): PathCount[] {
    const all = [...this.#counts.values()]
    this.#counts = new Map()
    return all
  }
}

/** A path without what stands for one thing or person: ids, names, tokens become `*`, as the catalogue writes it. */
export function pathShape(path: string): string {
  const segments = path.split('/').slice(1)
  const shown = segments.slice(0, MAX_SEGMENTS).map((segment) => (isWord(segment) ? segment : '*'))
  return `/${shown.join('/')}${segments.length > MAX_SEGMENTS ? '/**' : ''}`
}

/** Letters, with a version or a number of one digit at most: everything else may be somebody's. */
const isWord = (segment: string): boolean =>
  segment === '' || (segment.length <= MAX_SEGMENT && /^[A-Za-z][A-Za-z._:-]*\d?[A-Za-z._:-]*\d?$/u.test(segment))
