import t from 'tap'
import { createPersonalLines } from '../../src/audit/personal-line.ts'
import { alice } from './events.ts'

t.test('a line says who it was, under the id of its record', async (t) => {
  const line = createPersonalLines()
  t.match(JSON.parse(line('ID1', alice)), { v: 1, id: 'ID1', user: 'alice', addr: '10.1.2.3', groups: ['dev', 'emea'] })
  t.match(JSON.parse(line('ID2', { ...alice, user: null, device: null, network: null })), {
    user: null,
    device: null,
    network: null,
  })
})

t.test('over-long names and lists are cut', async (t) => {
  const groups = Array.from({ length: 500 }, () => 'g')
  const fields = JSON.parse(createPersonalLines()('ID', { ...alice, user: 'u'.repeat(9000), groups })) as {
    user: string
    groups: string[]
  }
  t.equal(fields.user.length, 1025)
  t.equal(fields.groups.length, 100)
})
