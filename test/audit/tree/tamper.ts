/** The deeds of test/cases/audit/tamper.yaml: what somebody with access to the folder can do by hand or by program. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { compressFile } from '../../../src/audit/compress-segment.ts'
import { lineHash } from '../../../src/audit/event-line.ts'
import { encodeSeekTable } from '../../../src/audit/seek-table.ts'
import { openText } from '../../../src/audit/segment-text.ts'
import { listSegments, type Segment } from '../../../src/audit/segments.ts'
import { checkpointText, splitHistory } from '../../../src/audit/tree/checkpoint.ts'
import { loadCheckpointKey, signerOf } from '../../../src/audit/tree/checkpoint-key.ts'
import { GrowingTree } from '../../../src/audit/tree/growing-tree.ts'
import { leafHash } from '../../../src/audit/tree/merkle.ts'
import { TreeWriter } from '../../../src/audit/tree/tree-files.ts'
import { makePipe } from '../../helpers/pipe.ts'
import { signTrail } from './signed-trail.ts'

export interface TamperPlace {
  readonly dir: string
  readonly treeDir: string
  readonly keyFile: string
  /** Sizes of the checkpoints that were signed. */
  readonly sizes: readonly number[]
}

export type Deed = Readonly<Record<string, unknown>>

/** Lines of a segment, without newlines. */
const textOf = ({ events }: Segment): string => {
  const text = openText(events)!
  try {
    return text.read(0, text.size).toString()
  } finally {
    text.close()
  }
}
const linesOf = (segment: Segment): string[] => textOf(segment).split('\n').slice(0, -1)
const save = (segment: Segment, lines: readonly string[]): void =>
  writeFileSync(segment.events, lines.map((line) => `${line}\n`).join(''))

/** Change the line at a place (from 1, over all files): what `edit` gives stands there afterwards. */
function atLine(dir: string, place: number, edit: (line: string) => string[]): void {
  let before = 0
  for (const segment of listSegments(dir)) {
    const lines = linesOf(segment)
    if (place <= before + lines.length) {
      lines.splice(place - before - 1, 1, ...edit(lines[place - before - 1]!))
      save(segment, lines)
      return
    }
    before += lines.length
  }
}

/** The lines of these places are gone, also where that leaves an empty file. */
function removeLines(dir: string, from: number, to: number): void {
  let place = 0
  for (const segment of listSegments(dir)) {
    const lines = linesOf(segment)
    const left = lines.filter(() => ++place < from || place > to)
    if (left.length < lines.length) save(segment, left)
  }
}

const lineAt = (dir: string, place: number): string => listSegments(dir).flatMap(linesOf)[place - 1]!
/** Another letter somewhere in a value, so that the line stays the JSON it was. */
const withOtherByte = (line: string): string => line.replace('"time":"2026', '"time":"2025')

/** Number and link all lines again from a place on, one value changed there. */
function rechain(dir: string, place: number): void {
  let seq = 0
  let prevHash = '0'.repeat(64)
  for (const segment of listSegments(dir)) {
    const lines = linesOf(segment).map((line) => {
      seq++
      const edited = seq === place ? withOtherByte(line) : line
      const linked = edited
        .replace(/"prevHash":"[0-9a-f]{64}"/, `"prevHash":"${prevHash}"`)
        .replace(/,"seq":\d+/, `,"seq":${seq}`)
      prevHash = lineHash(linked)
      return linked
    })
    save(segment, lines)
  }
}

/** All tiles again from the lines, for the size of the newest checkpoint. */
function retile({ dir, treeDir, sizes }: TamperPlace): void {
  rmSync(join(treeDir, 'tile'), { recursive: true })
  const writer = new TreeWriter(treeDir)
  const tree = new GrowingTree((tile) => writer.tile(tile))
  for (const line of listSegments(dir).flatMap(linesOf).slice(0, sizes.at(-1))) tree.append(leafHash(Buffer.from(line)))
  for (const tile of tree.lastTiles()) writer.tile(tile)
}

function resign(at: TamperPlace, how: unknown): void {
  rmSync(at.treeDir, { recursive: true })
  const count = listSegments(at.dir).flatMap(linesOf).length
  const keyFile = how === 'same' ? at.keyFile : `${at.keyFile}.other`
  signTrail(
    at.dir,
    keyFile,
    at.sizes.filter((size) => size <= count),
  )
}

function compressAll(dir: string): void {
  for (const { events, personal } of listSegments(dir).slice(0, -1)) {
    compressFile(events)
    if (existsSync(personal)) compressFile(personal)
  }
}

function editPerson(dir: string, place: number): void {
  const { id } = JSON.parse(lineAt(dir, place)) as { id: string }
  for (const { personal } of listSegments(dir)) {
    const text = readFileSync(personal, 'utf8')
    const lines = text
      .split('\n')
      .map((line) => (line.includes(id) ? line.replace(/(?<=.{60})[a-m](?=.{10})/, 'z') : line))
    writeFileSync(personal, lines.join('\n'))
  }
}

/** Change the personal lines among which that of a record is; `at` is its place. */
function atPerson(dir: string, place: number, edit: (lines: string[], at: number) => void): void {
  const { id } = JSON.parse(lineAt(dir, place)) as { id: string }
  for (const { personal } of listSegments(dir)) {
    const lines = readFileSync(personal, 'utf8').split('\n').slice(0, -1)
    const at = lines.findIndex((line) => line.includes(id))
    if (at === -1) continue
    edit(lines, at)
    writeFileSync(personal, lines.map((line) => `${line}\n`).join(''))
  }
}

/** The key beside the records is the one that was stolen. */
function sign({ treeDir, keyFile }: TamperPlace, size: number): void {
  const signer = signerOf(loadCheckpointKey(keyFile), 'n1-w0')
  const note = signer.sign(checkpointText({ origin: signer.name, size, root: Buffer.alloc(32) }))
  appendFileSync(join(treeDir, 'checkpoints', '2026-11-22.notes'), note)
}

/** A frame with a table that is true, of more text than any frame of Weir. */
function bombFrame({ events }: Segment): void {
  const textBytes = 32 * 1024 * 1024
  const frame = zstdCompressSync(Buffer.alloc(textBytes))
  writeFileSync(`${events}.zst`, Buffer.concat([frame, encodeSeekTable([{ fileBytes: frame.length, textBytes }])]))
}

function removeEvents(dir: string): void {
  for (const { events, personal } of listSegments(dir)) {
    rmSync(events)
    rmSync(personal, { force: true })
  }
}

function editFile(file: string, edit: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file)
  edit(bytes)
  writeFileSync(file, bytes)
}

/** Put something else where a file is, or a file where none is. */
function plant(file: string, what: unknown): void {
  rmSync(file, { force: true })
  if (what === 'pipe') makePipe(file)
  else if (what === 'folder') mkdirSync(file)
  else if (what === 'loop') symlinkSync(basename(file), file)
  else writeFileSync(file, what === 'long line' ? '' : String(what))
  if (what === 'long line') truncateSync(file, 65 * 1024 * 1024)
}

const fileAt = (dir: string, index: number): Segment => listSegments(dir).at(index)!

/** Do one deed. */
export function tamper(at: TamperPlace, deed: Deed): void {
  const { dir, treeDir } = at
  const [what = ''] = Object.keys(deed)
  const value = deed[what]
  const place = value as number
  switch (what) {
    case 'compress':
      return compressAll(dir)
    case 'erasePersons':
      return rmSync(fileAt(dir, place).personal)
    case 'removeFile': {
      const { events, personal } = fileAt(dir, place)
      for (const file of [events, personal]) for (const name of [file, `${file}.zst`]) rmSync(name, { force: true })
      return
    }
    case 'removeLastOf': {
      const segment = fileAt(dir, place)
      return save(segment, linesOf(segment).slice(0, -1))
    }
    case 'editFirstOf': {
      const segment = fileAt(dir, place)
      const [first = '', ...rest] = linesOf(segment)
      return save(segment, [withOtherByte(first), ...rest])
    }
    case 'removeRecordsOf':
      for (const segment of listSegments(dir)) {
        const lines = linesOf(segment)
        const left = lines.filter((line) => !line.includes(`"operation":"${String(value)}"`))
        if (left.length < lines.length) save(segment, left)
      }
      return
    case 'editByte':
      return atLine(dir, place, (line) => [withOtherByte(line)])
    case 'rechain':
      return rechain(dir, place)
    case 'removeLine':
      return removeLines(dir, place - Number(deed['times'] ?? 1) + 1, place)
    case 'insertLine':
      return atLine(dir, place, (line) => [withOtherByte(line), line])
    case 'insertText':
      return atLine(dir, place, (line) => ['nonsense', line])
    case 'copyLine': {
      const copy = lineAt(dir, place)
      return atLine(dir, Number(deed['to']), (line) => [copy, line])
    }
    case 'swapLines': {
      const [a = 0, b = 0] = value as number[]
      const [first, second] = [lineAt(dir, a), lineAt(dir, b)]
      atLine(dir, a, () => [second])
      return atLine(dir, b, () => [first])
    }
    case 'swapFiles': {
      const [a, b] = (value as number[]).map((index) => fileAt(dir, index).events) as [string, string]
      renameSync(a, `${a}.x`)
      renameSync(b, a)
      return renameSync(`${a}.x`, b)
    }
    case 'editCompressed':
      atLine(dir, place, (line) => [withOtherByte(line)])
      rmSync(`${fileAt(dir, 0).events}.zst`)
      compressFile(fileAt(dir, 0).events)
      return
    case 'editFrame':
      return editFile(`${fileAt(dir, place).events}.zst`, (bytes) =>
        bytes.writeUInt32LE(0xffffffff, Math.floor(bytes.length / 2)),
      )
    case 'editTile':
      return editFile(join(treeDir, value as string), (bytes) => bytes.writeUInt8(bytes.readUInt8(5) ^ 1, 5))
    case 'removeTile':
      return rmSync(join(treeDir, value as string))
    case 'editHistory': {
      const [from = '', to = ''] = value as string[]
      const file = join(treeDir, 'checkpoints', '2026-11-22.notes')
      return writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
    }
    case 'editNewest':
      return editFile(join(treeDir, 'checkpoint'), (bytes) => bytes.write('AAAA', bytes.length - 40))
    case 'removeCheckpoints':
      rmSync(join(treeDir, 'checkpoints'), { recursive: true })
      return rmSync(join(treeDir, 'checkpoint'))
    case 'firstCheckpointOnly': {
      const file = join(treeDir, 'checkpoints', '2026-11-22.notes')
      const [first = ''] = splitHistory(readFileSync(file, 'utf8')).notes
      writeFileSync(file, first)
      return writeFileSync(join(treeDir, 'checkpoint'), first)
    }
    case 'removeTree':
      return rmSync(treeDir, { recursive: true })
    case 'editPerson':
      return editPerson(dir, place)
    case 'removePerson':
      return atPerson(dir, place, (lines, at) => lines.splice(at, 1))
    case 'repeatPerson':
      return atPerson(dir, place, (lines, at) => lines.push(lines[at]!.replace(/(?<="salt":")./u, '_')))
    case 'removeAll':
      return rmSync(dir, { recursive: true })
    case 'removeEvents':
      return removeEvents(dir)
    case 'sign':
      return sign(at, place)
    case 'bombFrame':
      return bombFrame(fileAt(dir, place))
    case 'plant':
      return plant(join(dir, value as string), deed['as'])
    case 'retile':
      return retile(at)
    case 'resign':
      return resign(at, value)
    default:
      throw new Error(`no such deed: ${what}`)
  }
}
