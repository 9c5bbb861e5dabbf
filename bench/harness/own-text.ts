/** Code as developers send it: Weir's own sources, tests and pages. ASCII, as nearly all prompts are. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export function ownText(): string {
  let text = ''
  for (const folder of ['../../src/', '../../test/', '../../docs/']) {
    const dir = fileURLToPath(new URL(folder, import.meta.url))
    for (const file of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()) {
      if (/\.(?:ts|md)$/u.test(file) && !file.includes('node_modules')) text += readFileSync(dir + file, 'utf8')
    }
  }
  return text.replaceAll(/[^\n\x20-\x7e]/gu, '?')
}
