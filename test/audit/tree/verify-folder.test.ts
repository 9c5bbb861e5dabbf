import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { listSegments } from '../../../src/audit/segments.ts'
import { readAnchors } from '../../../src/audit/tree/known-checkpoints.ts'
import { verifyFolder } from '../../../src/audit/tree/verify-folder.ts'
import type { Problem } from '../../../src/audit/tree/verify-report.ts'
import { signedTrail } from './signed-trail.ts'
import { type Deed, tamper } from './tamper.ts'

interface TamperCase {
  readonly name: string
  readonly do: readonly Deed[]
  readonly key?: boolean
  /** `empty`: a folder without checkpoints. */
  readonly anchor?: boolean | 'empty'
  readonly kind?: string
  readonly seq?: number | string | null
}

interface OutsideVerifier {
  readonly verifyFolder: (
    dir: string,
    options: { keys: readonly string[]; anchor: string | null },
  ) => { readonly problems: readonly Pick<Problem, 'kind' | 'seq' | 'message'>[] }[]
}
const outsideVerifier = (await import(
  new URL('../../../verify/weir-verify.mjs', import.meta.url).href
)) as OutsideVerifier

const cases = parse(readFileSync(new URL('../../cases/audit/tamper.yaml', import.meta.url), 'utf8')) as {
  readonly untouched: readonly TamperCase[]
  readonly tampered: readonly TamperCase[]
}
const SIZES = [100, 300, 690]

t.test('an untouched folder passes, a tampered one is named with its first record', async (t) => {
  const at = await signedTrail(t, 700, SIZES)
  const firsts = listSegments(at.dir).map(({ firstSeq }) => firstSeq)
  t.ok(firsts.length > 4)
  const empty = join(at.data, 'empty')
  mkdirSync(empty)
  for (const [index, row] of [...cases.untouched, ...cases.tampered].entries()) {
    const data = join(at.data, `case-${index}`)
    const dir = join(data, 'audit')
    cpSync(at.dir, dir, { recursive: true })
    const place = { dir, treeDir: join(dir, 'tree', 'n1-w0'), keyFile: at.keyFile, sizes: SIZES }
    for (const deed of row.do) tamper(place, deed)
    const keys = row.key === true ? [at.verifierKey] : []
    const anchor = row.anchor === 'empty' ? empty : row.anchor === true ? at.treeDir : null
    const [report] = await verifyFolder(dir, { keys, anchored: anchor === null ? null : readAnchors(anchor) })
    const [outside] = outsideVerifier.verifyFolder(dir, { keys, anchor })
    const [, end, ofFile] = /^(first|last) of file (-?\d+)$/.exec(String(row.seq)) ?? []
    const seq =
      ofFile === undefined ? row.seq : end === 'first' ? firsts.at(Number(ofFile)) : firsts[Number(ofFile) + 1]! - 1
    for (const [who, first] of [
      ['weir', report?.problems[0]],
      ['outside', outside?.problems[0]],
    ] as const) {
      t.same(
        { kind: first?.kind, seq: first?.seq },
        { kind: row.kind, seq },
        `${row.name}: ${who}: ${first?.message ?? 'whole'}`,
      )
    }
  }
})
