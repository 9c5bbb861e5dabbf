/** Reads the tables of `test/cases/`. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** The rows of one table; each has at least a `name`. */
export const readCases = <Row>(file: string): Row[] =>
  parse(readFileSync(new URL(`../cases/${file}`, import.meta.url), 'utf8')) as Row[]
