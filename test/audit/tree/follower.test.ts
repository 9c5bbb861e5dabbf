import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { listSegments } from '../../../src/audit/segments.ts'
import { loadCheckpointKey, signerOf } from '../../../src/audit/tree/checkpoint-key.ts'
import { TreeBroken, TreeFollower } from '../../../src/audit/tree/follower.ts'
import { readVerifier } from '../../../src/audit/tree/signed-note.ts'
import { TreeReader, treeFolder } from '../../../src/audit/tree/tree-files.ts'
import { intent, tunnel } from '../events.ts'
import { type Filled, filled } from '../filled.ts'
import { naiveRoot } from './naive-tree.ts'

const DAY = '2026-11-22'
const linesOf = (at: Filled) =>
  listSegments(at.dir).flatMap(({ events }) => readFileSync(events, 'utf8').split('\n').slice(0, -1))
const rootOf = (at: Filled, size: number) =>
  naiveRoot(
    linesOf(at)
      .slice(0, size)
      .map((line) => Buffer.from(line)),
  )

function follow(at: Filled, rebuilt: number[] = []) {
  const signer = signerOf(loadCheckpointKey(join(at.data, 'keys', 'checkpoint.key')), 'n1-w0')
  const treeDir = treeFolder(at.dir, 'n1-w0')
  const follower = new TreeFollower({
    dir: at.dir,
    treeDir,
    stream: 'n1-w0',
    signer,
    onRebuilt: (size) => rebuilt.push(size),
  })
  const seal = (seq: number, day = DAY) => {
    while (follower.step(seq)) continue
    return follower.checkpoint(day)
  }
  return { follower, seal, signer, treeDir, reader: new TreeReader(treeDir) }
}
const many = (count: number) => Array.from({ length: count }, () => tunnel())

t.test('every durable line becomes a leaf, and the checkpoint is a signed note of their root', async (t) => {
  const at = await filled(t, many(300), 20_000)
  t.ok(listSegments(at.dir).length > 3)
  const { seal, signer, reader, treeDir } = follow(at)
  const made = seal(300)!
  t.equal(made.size, 300)
  t.same(made.root, rootOf(at, 300))
  t.equal(readVerifier(signer.verifierKey)?.open(made.note), `${signer.name}\n300\n${made.root.toString('base64')}\n`)
  t.match(signer.name, /^weir-[0-9a-f]{8}\/n1-w0$/)
  t.equal(readFileSync(join(treeDir, 'checkpoint'), 'utf8'), made.note)
  t.equal(readFileSync(join(treeDir, 'checkpoints', `${DAY}.notes`), 'utf8'), made.note)
  t.equal(reader.verifierKey(), signer.verifierKey)
  t.equal(statSync(join(at.data, 'keys', 'checkpoint.key')).mode & 0o777, 0o600)
  t.equal(reader.tile({ level: 0, index: 0, width: 256 })?.length, 8192)
  t.equal(reader.tile({ level: 0, index: 1, width: 44 })?.length, 44 * 32)
})

t.test('it never takes a line beyond what is durable, and signs nothing twice', async (t) => {
  const at = await filled(t, many(10))
  const { seal } = follow(at)
  t.equal(seal(4)?.size, 4)
  t.equal(seal(4), null)
  t.same(seal(10)?.root, rootOf(at, 10))
})

t.test('a clock that steps back over midnight, and then a restart, end nothing', async (t) => {
  const at = await filled(t, many(10))
  const { seal } = follow(at)
  seal(4, '2026-11-23')
  seal(7, '2026-11-22')
  t.same(follow(at).seal(10, '2026-11-22')?.root, rootOf(at, 10))
  t.same(follow(at).follower.size, 10)
})

t.test('after a restart it goes on where it stood, across rotation', async (t) => {
  const at = await filled(t, many(5), 3000)
  follow(at).seal(5)
  await at.write(...many(300))
  const again = follow(at)
  t.same(again.seal(305)?.root, rootOf(at, 305))
  t.notOk(existsSync(join(again.treeDir, 'tile/0/000.p')), 'the full tile took the place of the partial one')
  await at.write(intent())
  t.same(follow(at).seal(306)?.root, rootOf(at, 306))
  t.same(
    again.reader.history().checkpoints.map(({ size }) => size),
    [5, 305, 306],
  )
})

t.test('tiles that are lost or damaged are made again from the records', async (t) => {
  const at = await filled(t, many(300), 20_000)
  const { seal, treeDir, reader } = follow(at)
  seal(300)
  rmSync(join(treeDir, 'tile'), { recursive: true })
  const rebuilt: number[] = []
  follow(at, rebuilt)
  t.same(rebuilt, [300])
  const partial = join(treeDir, 'tile/0/001.p/44')
  writeFileSync(partial, Buffer.alloc(44 * 32))
  t.equal(follow(at, rebuilt).follower.size, 300)
  t.same(rebuilt, [300, 300])
  t.not(new TreeReader(treeDir).tile({ level: 0, index: 1, width: 44 })?.[0], undefined)
  t.equal(reader.history().checkpoints.length, 1)
})

t.test('records that do not fit what was signed stop it with the place', async (t) => {
  const at = await filled(t, many(6))
  const { events } = listSegments(at.dir)[0]!
  follow(at).seal(6)
  const whole = readFileSync(events, 'utf8')
  const lines = whole.split('\n')
  const broken = (text: string, message: RegExp) => {
    writeFileSync(events, text)
    t.throws(() => follow(at), { constructor: TreeBroken, message })
  }
  broken(whole.replace('"bytesIn":912', '"bytesIn":913'), /record 1 is not the one/)
  broken([...lines.slice(0, 2), ...lines.slice(3)].join('\n'), /record 3 is not the one/)
  broken(`${lines.slice(0, 4).join('\n')}\n`, /records 5 to 6, which were signed, are gone/)
  rmSync(events)
  t.throws(() => follow(at), /record 6, which was signed, is gone/)
  writeFileSync(events, whole)
  t.equal(follow(at).follower.size, 6)
  rmSync(join(at.data, 'keys', 'checkpoint.key'))
  t.throws(() => follow(at), /not signed with this key/)
})

t.test('a checkpoint that was cut short is cut off before the next one', async (t) => {
  const at = await filled(t, many(6))
  const { seal, treeDir } = follow(at)
  seal(3)
  const [name] = readdirSync(join(treeDir, 'checkpoints'))
  writeFileSync(join(treeDir, 'checkpoints', name!), 'weir-x/n1-w0\n6\nAAAA', { flag: 'a' })
  const again = follow(at)
  again.seal(6)
  t.same(again.reader.history(), { checkpoints: again.reader.history().checkpoints, spoilt: [] })
  t.same(
    again.reader.history().checkpoints.map(({ size }) => size),
    [3, 6],
  )
})

t.test('lines that do not follow one another are no tree', async (t) => {
  const at = await filled(t, many(3))
  const { events } = listSegments(at.dir)[0]!
  const [first, , third] = readFileSync(events, 'utf8').split('\n')
  writeFileSync(events, `${first}\n${third}\n`)
  t.throws(() => follow(at).seal(3), /record 3 stands where 2 belongs/)
})
