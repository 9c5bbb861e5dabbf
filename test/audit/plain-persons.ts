/** Persons in plain text, as personal lines of version 1 had them: for tests that look at records and not at keys. */
import type { Persons } from '../../src/audit/personal-line.ts'
import { personText } from '../../src/audit/personal-line.ts'

let lines = 0

export const plainPersons: Persons = (id, client) => ({
  who: 'p_x',
  line: `{"v":1,"id":${JSON.stringify(id)},"salt":"${String(lines++)}",${personText(client).slice(1)}`,
})
