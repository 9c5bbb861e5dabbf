import t from 'tap'
import { type PolicyArchive, policyFiles } from '../../../src/audit/report/policy-files.ts'

const rev = (letter: string): string => `sha256:${letter.repeat(64)}`
const files: Record<string, { file: string; text: string }[]> = {
  [rev('a')]: [
    { file: 'policy.yaml', text: 'one' },
    { file: 'catalogue/x.yaml', text: 'same' },
  ],
  [rev('b')]: [
    { file: 'policy.yaml', text: 'two' },
    { file: 'catalogue/x.yaml', text: 'same' },
  ],
  [rev('d')]: [
    { file: 'detectors/core.yaml', text: 'd' },
    { file: 'detectors/secret-names.txt', text: 'project x' },
  ],
}
const archive = (timeline: ReturnType<PolicyArchive['timeline']>): PolicyArchive => ({
  timeline: () => timeline,
  read: (_, revision) => {
    const kept = files[revision]
    return kept === undefined ? null : { files: kept, isRedacted: false }
  },
})
const range = { from: '2026-11-10T00:00:00.000Z', to: '2026-11-20T00:00:00.000Z' }

t.test('what was in force at the beginning and what took effect in the range, each text once', async (t) => {
  const { index, files: made } = policyFiles({
    ...range,
    named: [rev('a'), rev('b')],
    archive: archive([
      { time: '2026-11-01T00:00:00.000Z', revisions: { rules: rev('c'), detectors: rev('d') } },
      { time: '2026-11-05T00:00:00.000Z', revisions: { rules: rev('a'), detectors: rev('d'), identity: rev('e') } },
      { time: '2026-11-12T00:00:00.000Z', revisions: { rules: rev('b'), detectors: rev('d') } },
      { time: '2026-11-25T00:00:00.000Z', revisions: { rules: rev('f') } },
    ]),
  })
  t.strictSame(
    index.revisions.map(({ part, revision, since, kept }) => [part, revision.at(-1), since?.slice(0, 10), kept]),
    [
      ['rules', 'a', '2026-11-05', 'yes'],
      ['detectors', 'd', '2026-11-01', 'yes'],
      ['rules', 'b', '2026-11-12', 'yes'],
    ],
  )
  t.strictSame(
    made.map(({ name, text }) => [name, text]),
    [
      ['policies/rules-aaaaaaaaaaaa/catalogue/x.yaml', 'same'],
      ['policies/rules-aaaaaaaaaaaa/policy.yaml', 'one'],
      ['policies/detectors-dddddddddddd/detectors/core.yaml', 'd'],
      ['policies/rules-bbbbbbbbbbbb/policy.yaml', 'two'],
    ],
  )
  t.equal(
    index.revisions[2]?.files[0]?.at,
    'policies/rules-aaaaaaaaaaaa/catalogue/x.yaml',
    'unchanged: where it stands',
  )
})

t.test("a company's own terms are named by their digest only", async (t) => {
  const { index, files: made } = policyFiles({
    ...range,
    named: [],
    archive: archive([{ time: range.from, revisions: { detectors: rev('d') } }]),
  })
  t.match(index.revisions[0]?.files[1], { name: 'detectors/secret-names.txt', at: null, sha256: /^[0-9a-f]{64}$/u })
  t.notMatch(JSON.stringify(made), /project x/u)
})

t.test('a revision that events name and nothing kept is said to be missing', async (t) => {
  const { index } = policyFiles({ ...range, named: [rev('9')], archive: archive([]) })
  t.match(index.revisions, [{ part: 'rules', revision: rev('9'), since: null, kept: 'no', files: [] }])
})
