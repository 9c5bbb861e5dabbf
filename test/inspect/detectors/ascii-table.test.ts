import t from 'tap'
import { asciiTable } from '../../../src/inspect/detectors/ascii-table.ts'

t.test('it says of each ASCII character whether the pattern matches it, and nothing of others', async (t) => {
  const table = asciiTable(/[\w.-]/)
  t.equal(table.length, 128)
  for (const [code, is] of table.entries()) t.equal(is === 1, /[\w.-]/.test(String.fromCharCode(code)), String(code))
  t.equal(table['é'.charCodeAt(0)], undefined)
})
