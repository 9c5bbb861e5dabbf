/** Where the checkout is and which sources it has, for the tests of this folder. */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Folder of the checkout, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8')

/** All TypeScript sources that ship, from the top folder, e.g. `src/edge/tls.ts`. The console has a build of its own. */
export const sources = (): readonly string[] =>
  globSync('src/**/*.ts', { cwd: ROOT })
    .filter((path) => !path.startsWith('src/console/'))
    .sort()

/** The rows of the first table below a heading of a page; cells without backticks around them. */
export function tableRows(page: string, heading: RegExp): readonly (readonly string[])[] {
  const lines = read(page).split('\n')
  const start = lines.findIndex((line) => heading.test(line))
  const first = lines.findIndex((line, index) => index > start && line.startsWith('|---'))
  const rows = lines.slice(first + 1)
  const end = rows.findIndex((line) => !line.startsWith('|'))
  return rows.slice(0, end === -1 ? rows.length : end).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** What stands in backticks in a cell. */
export const quoted = (cell: string): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/gu)].map((match) => match[1] ?? '')
