import t from 'tap'
import type { Finding } from '../../src/domain/finding.ts'
import { createMarkOf } from '../../src/inspect/finding-marks.ts'
import { placeholderFor } from '../../src/inspect/placeholder.ts'

const config = { prefix: 'WEIR', key: Buffer.alloc(32, 7) }
const markOf = createMarkOf(config)

const at = (body: Buffer, text: string, more: Partial<Finding> = {}): Finding => {
  const start = body.indexOf(text)
  const end = start + Buffer.byteLength(text)
  return { detector: 'd', severity: 'high', field: '', start, end, isEditable: true, ...more }
}

t.test('a mark is the placeholder of the value, whatever stands around it', async (t) => {
  const body = Buffer.from('password: hunter2, again: hunter2')
  const mark = markOf(body, at(body, 'hunter2'))
  t.equal(mark, placeholderFor(config, 'hunter2'))
  t.equal(markOf(Buffer.from('hunter2'), at(Buffer.from('hunter2'), 'hunter2')), mark)
  t.equal(markOf(body, at(body, 'hunter2', { detector: 'e' })), mark, 'whoever found it')
})

t.test('it is of the value and not of the way it is written', async (t) => {
  const json = Buffer.from(JSON.stringify({ a: 'x\ny' }))
  t.equal(markOf(json, at(json, 'x\\ny', { escaping: 'json' })), placeholderFor(config, 'x\ny'))
  const nested = Buffer.from(JSON.stringify({ a: JSON.stringify({ b: 'x\ny' }) }))
  t.equal(markOf(nested, at(nested, 'x\\\\ny', { escaping: 'json', isJson: true })), placeholderFor(config, 'x\ny'))
})
