import t from 'tap'
import { ruleSourcesOf } from '../../src/scan-pool/rule-sources.ts'

t.test('sources of rules can be handed to a thread', async (t) => {
  const source = { file: 'a.yaml', document: { version: 1 }, text: 'version: 1', lineOf: (): null => null }
  const tables = {
    dictionaries: [],
    fingerprints: [{ file: 'a.fp', name: 'a.fp', text: '00', bytes: Buffer.from('x') }],
  }
  const sources = ruleSourcesOf({ detectors: [source], tables })
  t.strictSame(structuredClone(sources).documents, [{ file: 'a.yaml', document: { version: 1 } }])
})
