import t from 'tap'
import { dialectById, recogniseDialect } from '../../src/dialects/registry.ts'
import { DIALECTS, type DialectId } from '../../src/domain/tool.ts'
import { readCases } from './read-cases.ts'
import { type HeadRow, requestHead } from './request-head.ts'

interface Row extends HeadRow {
  readonly name: string
  readonly dialect: DialectId | null
}

t.test('every id has the dialect of that id', async (t) => {
  for (const id of DIALECTS) t.equal(dialectById(id).id, id)
})

t.test('a dialect is recognised on any host by decisive signs only', async (t) => {
  for (const row of readCases<Row>('dialects-recognise.yaml')) {
    t.equal(recogniseDialect(requestHead(row)), row.dialect, row.name)
  }
})
