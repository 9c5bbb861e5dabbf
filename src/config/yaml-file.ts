/** Reads one YAML file into plain values together with the way back to its lines, for problems that name a line. */
import { readFile } from 'node:fs/promises'
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { Problem } from '../domain/settings.ts'

/** A parsed YAML file. */
export interface YamlSource {
  /** As it is shown in problems. */
  readonly file: string
  readonly text: string
  readonly document: unknown
  /** 1-based line of a path such as `tools[3].id`; of its nearest parent when it is not there. */
  readonly lineOf: (path: string) => number | null
  /** The same for a path as keys. */
  readonly lineAt: (keys: readonly PropertyKey[]) => number | null
}

export type YamlResult =
  | { readonly ok: true; readonly source: YamlSource }
  | { readonly ok: false; readonly isMissing: boolean; readonly problems: readonly Problem[] }

/**
 * Read and parse; a file that cannot be read or parsed is a value with its problems. `name` is shown in problems.
 * When the text is still that of `previous`, that is the answer.
 */
export async function readYamlFile(
  path: string,
  name: string = path,
  previous: YamlSource | null = null,
): Promise<YamlResult> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return { ok: false, isMissing: code === 'ENOENT', problems: [problem(name, null, `cannot be read: ${code}`)] }
  }
  if (!isUtf8(bytes)) return { ok: false, isMissing: false, problems: [problem(name, null, 'is not UTF-8 text')] }
  const text = bytes.toString('utf8')
  return previous?.text === text ? { ok: true, source: previous } : parseYaml(name, text)
}

const isUtf8 = (bytes: Buffer): boolean => Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes)

/** Parse YAML 1.2. An empty file is `null`. Duplicate keys and more than one document are problems. */
export function parseYaml(name: string, text: string): YamlResult {
  const lines = new LineCounter()
  const parsed = parseDocument(text, { lineCounter: lines, version: '1.2', prettyErrors: false })
  const faults = [...parsed.errors, ...parsed.warnings]
  if (faults.length > 0) {
    const problems = faults.map((fault) => problem(name, lines.linePos(fault.pos[0]).line, firstLine(fault.message)))
    return { ok: false, isMissing: false, problems }
  }
  try {
    const document: unknown = parsed.toJS({ maxAliasCount: 50 })
    const lineAt = (keys: readonly PropertyKey[]): number | null => lineOfKeys(parsed, lines, keys)
    return { ok: true, source: { file: name, text, document, lineAt, lineOf: (path) => lineAt(pathKeys(path)) } }
  } catch (error) {
    const message = error instanceof Error ? firstLine(error.message) : 'cannot be read as plain values'
    return { ok: false, isMissing: false, problems: [problem(name, null, message)] }
  }
}

const firstLine = (text: string): string => {
  const [line = text] = text.split('\n')
  return line.charAt(0).toLowerCase() + line.slice(1)
}

const problem = (file: string, line: number | null, message: string): Problem => ({
  file,
  line,
  path: '',
  message,
  severity: 'error',
})

/** `tools[3].id` to `['tools', '3', 'id']`; keys with dots stand in brackets: `resolve["a.b:443"]`. */
export const pathKeys = (path: string): string[] =>
  [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/gu)].map(
    (match) => match[1]?.replace(/\\(.)/gu, '$1') ?? match[2] ?? match[3] ?? '',
  )

function lineOfKeys(document: Document, lines: LineCounter, keys: readonly PropertyKey[]): number | null {
  let node: unknown = document.contents
  let offset = startOf(node)
  for (const key of keys.map(String)) {
    if (isMap(node)) {
      const pair = node.items.find((item) => (isScalar(item.key) ? String(item.key.value) : '') === key)
      if (pair === undefined) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      const item = node.items[Number(key)]
      if (item === undefined) break
      offset = startOf(item) ?? offset
      node = item
    } else break
  }
  return offset === null ? null : lines.linePos(offset).line
}

const startOf = (node: unknown): number | null => (node as Node | null | undefined)?.range?.[0] ?? null
