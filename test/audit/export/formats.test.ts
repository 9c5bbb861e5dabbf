import t from 'tap'
import { EXPORT_FORMAT_NAMES, EXPORT_FORMATS, exportFormat } from '../../../src/audit/export/formats.ts'
import { mergeRecords } from '../../../src/audit/merge-records.ts'
import { admin, config, followingOutcome, intent, singleOutcome, tunnel } from '../events.ts'
import { written } from './golden.ts'

t.test('every format makes whole lines of any record, and of any exchange, also of an erased person', async (t) => {
  const events = [intent(), followingOutcome(), singleOutcome(), tunnel(), config(), admin()]
  for (const name of EXPORT_FORMAT_NAMES) {
    const { row, extension, contentType } = EXPORT_FORMATS[name]
    for (const event of events) {
      for (const isErased of [false, true]) {
        const { line, record } = written(event, isErased)
        t.match(row(record, [line]), /^[^\n]+\n([^\n]+\n)*$/u, `${name} ${event.phase} with its line`)
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
