import t from 'tap'
import { chainedLine, createEventRenderer } from '../../../src/audit/event-line.ts'
import { CSV_COLUMNS, cellText } from '../../../src/audit/export/columns.ts'
import { mergeRecords, readRecord } from '../../../src/audit/merge-records.ts'
import { admin, config, singleOutcome, tunnel } from '../events.ts'
import { plainPersons } from '../plain-persons.ts'

t.test('every field of an exchange has a column', async (t) => {
  const render = createEventRenderer(plainPersons)
  const columns = CSV_COLUMNS.map(({ name }) => name)
  const error = { code: 'x', side: 'weir' } as const
  const optional = { tenants: ['anthropic'], parent: '01P', messages: { in: 1, out: 2 } } as const
  const close = { by: 'weir', code: 1009 } as const
  const restoring = { restored: 1, restoreMisses: 1, unrestored: 'dialect' } as const
  const events = [
    singleOutcome({ error, close, ...optional, ...restoring }),
    tunnel({ error, count: 2, alert: 'unknown_ca' }),
    config(),
    admin(),
  ]
  for (const event of events) {
    const rendered = render(event)
    const line = chainedLine(rendered, { stream: 's', seq: 1, prevHash: '0' })
    const exchange = mergeRecords([readRecord({ line, personal: rendered.personal })])
    for (const [name, value] of Object.entries(exchange)) {
      if (name === 'v') continue
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
      const leaves = isObject ? Object.keys(value).map((key) => `${name}.${key}`) : [name]
      t.ok(columns.includes(name) || leaves.every((leaf) => columns.includes(leaf)), `${event.phase} ${name}`)
    }
  }
})

t.test('cells are text a person can read', async (t) => {
  t.equal(
    cellText([
      { detector: 'jwt', severity: 'high', count: 2, field: 'input[0]' },
      { detector: 'iban', severity: 'low', count: 1, field: '' },
    ]),
    'jwt high ×2 at input[0]; iban low ×1',
  )
  t.equal(cellText([{ a: 1 }, 'b']), '{"a":1}; b')
  t.equal(cellText({ a: 1 }), '{"a":1}')
  t.equal(cellText(undefined), '')
  t.equal(cellText(false), 'false')
})
