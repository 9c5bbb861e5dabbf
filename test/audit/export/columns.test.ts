import t from 'tap'
import { chainedLine, createEventRenderer } from '../../../src/audit/event-line.ts'
import { CSV_COLUMNS, cellText } from '../../../src/audit/export/columns.ts'
import { mergeRecords, readRecord } from '../../../src/audit/merge-records.ts'
import { admin, config, singleOutcome, tunnel } from '../events.ts'

t.test('every field of an exchange has a column', async (t) => {
  const render = createEventRenderer(() => 'p_x')
  const columns = CSV_COLUMNS.map(({ name }) => name)
  const error = { code: 'x', side: 'weir' } as const
  for (const event of [singleOutcome({ error }), tunnel({ error, count: 2 }), config(), admin()]) {
    const rendered = render(event)
    const line = chainedLine(rendered, { stream: 's', seq: 1, prevHash: '0' })
    for (const name of Object.keys(mergeRecords([readRecord({ line, personal: rendered.personal })]))) {
      if (name === 'v') continue
      t.ok(
        columns.some((column) => column === name || column.startsWith(`${name}.`)),
        `${event.phase} ${name}`,
      )
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
