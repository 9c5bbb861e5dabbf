import t from 'tap'
import { chainedLine, createEventRenderer } from '../../../src/audit/event-line.ts'
import { EXPORT_FORMAT_NAMES, EXPORT_FORMATS, exportFormat } from '../../../src/audit/export/formats.ts'
import { mergeRecords, readRecord } from '../../../src/audit/merge-records.ts'
import { admin, config, followingOutcome, intent, singleOutcome, tunnel } from '../events.ts'
import { plainPersons } from '../plain-persons.ts'

const render = createEventRenderer(plainPersons)

t.test('every format makes whole lines of any record, and of any exchange, also of an erased person', async (t) => {
  const events = [intent(), followingOutcome(), singleOutcome(), tunnel(), config(), admin()]
  for (const name of EXPORT_FORMAT_NAMES) {
    const { row, extension, contentType } = EXPORT_FORMATS[name]
    for (const event of events) {
      const rendered = render(event)
      const line = chainedLine(rendered, { stream: 's', seq: 1, prevHash: '0'.repeat(64) })
      for (const personal of [rendered.personal, null]) {
        const record = readRecord({ line, personal })
        for (const exchange of [record, mergeRecords([record])]) {
          t.match(row(exchange), /^[^\n]+\n([^\n]+\n)*$/u, `${name} ${event.phase}`)
        }
      }
    }
    t.match(extension, /^[a-z]+(\.jsonl)?$/u)
    t.match(contentType, /^[a-z]+\/[a-z-]+/u)
  }
})

t.test('a format is found by its name, and by nothing else', async (t) => {
  t.equal(exportFormat('csv')?.extension, 'csv')
  t.equal(exportFormat('constructor'), undefined)
  t.equal(exportFormat('xml'), undefined)
})
