/** The source texts of a folder: what people wrote, without what tools put beside it. */
import { isUtf8 } from 'node:buffer'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Folders of package managers, builds and version control. */
const OTHERS = new Set(
  (
    'node_modules bower_components vendor third_party third-party external dist build out target bin obj coverage ' +
    '__pycache__ site-packages venv env Pods DerivedData bazel-out'
  ).split(' '),
)
/** Generated, or not the company's own words. */
const OTHER_FILES =
  /(?:\.min\.(?:js|css)|\.map|\.lock|-lock\.json|\.sum|\.svg|\.snap|\.pb\.go|_pb2\.py|\.generated\.\w+)$|^(?:licen[cs]e|copying|notice|changelog|npm-shrinkwrap\.json|pnpm-lock\.yaml)/i
/** A larger file is data. */
const MAX_FILE_BYTES = 2_097_152
/** A smaller one holds nothing that could be recognised. */
const MIN_FILE_BYTES = 200

/** Text by text, in no order that means anything; `null` for a file that is left out. Links are not followed. */
export async function* readSources(dir: string): AsyncGenerator<string | null> {
  const waiting = [dir]
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (!entry.name.startsWith('.') && !OTHERS.has(entry.name)) waiting.push(path)
      } else if (entry.isFile()) yield OTHER_FILES.test(entry.name) ? null : await readText(path)
    }
  }
}

async function readText(path: string): Promise<string | null> {
  const { size } = await stat(path)
  if (size < MIN_FILE_BYTES || size > MAX_FILE_BYTES) return null
  const bytes = await readFile(path)
  return bytes.includes(0) || !isUtf8(bytes) ? null : bytes.toString('utf8')
}
