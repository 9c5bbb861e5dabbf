import t from 'tap'
import { CONTROLS } from '../../../src/audit/report/controls.ts'

t.test(
  'each row names the page that its words were compared with and the day, or says that it was not checked',
  async (t) => {
    for (const { id, read, says } of CONTROLS) {
      if (read === null) {
        t.match(says.en, /^Not checked by us/u, id)
        t.match(says['zh-CN'], /^我们未能核对/u, id)
        continue
      }
      t.equal(new URL(read.address).protocol, 'https:', id)
      t.match(read.on, /^20\d\d-\d\d-\d\d$/u, id)
      t.notMatch(says.en, /Not checked/u, id)
    }
  },
)

t.test('each query is one that `weir audit query` takes', async (t) => {
  for (const { id, query } of CONTROLS) t.match(query, /^(?:--(?:action|phase|tier|tool|text) [a-z]+ ?)+$/u, id)
  t.equal(new Set(CONTROLS.map(({ framework, id }) => `${framework} ${id}`)).size, CONTROLS.length)
})
