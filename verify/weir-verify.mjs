#!/usr/bin/env node
/**
 * Checks audit records of Weir without Weir: one file, no dependencies, written apart from Weir's own verifier.
 * For Node.js 22.15 or newer (zstd). Copy it and the folder `data/audit` to a machine you trust, then:
 *
 *   node weir-verify.mjs AUDIT_FOLDER --key 'weir-…/n1-w0+…+…' [--anchor FILE_OR_FOLDER] [--json]
 *   node weir-verify.mjs --proof FILE --key 'weir-…/n1-w0+…+…'
 *
 * --key is the line that `weir audit key` printed when Weir was set up; without it the one beside the records is used,
 * which finds changes by anybody who does not have the signing key. --anchor names checkpoints that were kept elsewhere.
 * Exit codes: 0 all is as it was signed, 1 something is not (the first record is named), 2 wrong usage, 3 unreadable.
 *
 * What is checked: each line names the SHA-256 of the line before (`prevHash`) and the one of its personal line
 * (`whoDigest`); each line is a leaf of an RFC 6962 tree whose tiles (c2sp.org/tlog-tiles) and signed checkpoints
 * (c2sp.org/tlog-checkpoint, c2sp.org/signed-note) lie in `tree/<stream>`. Records are held by 32 bytes each.
 */
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto'
import { closeSync, constants, existsSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as zlib from 'node:zlib'

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
const leafOf = (line) => sha256(Buffer.from([0]), line)
const nodeOf = (left, right) => sha256(Buffer.from([1]), left, right)

// ---------------------------------------------------------------- files

/** Weir writes no larger frame, and no line that comes near it. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024
/** Lines of a file that do not follow each other: a small file can unpack to any number of them. */
const MAX_FAULTS = 100_000

/** The bytes of a file; `null`: there is none. Opened so that a pipe which somebody put there is not waited for. */
function bytesOf(file) {
  let fd = null
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    if (!fstatSync(fd).isFile()) throw new Error('it is no regular file')
    return readFileSync(fd)
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  } finally {
    if (fd !== null) closeSync(fd)
  }
}

/** The same of a file that belongs to a tree: `''` when something else stands there, which fits nothing. */
function treeFile(file) {
  try {
    return bytesOf(file)
  } catch (error) {
    if (error.code === 'EACCES' || error.code === 'EPERM') throw error
    return Buffer.alloc(0)
  }
}

/** The text of a file in pieces, plain or zstd frames with a seek table (Zstandard Seekable Format) behind them. */
function* piecesOf(file) {
  const plain = bytesOf(file)
  if (plain !== null) return yield plain
  const bytes = bytesOf(`${file}.zst`)
  if (bytes === null) return
  if (zlib.zstdDecompressSync === undefined) throw new Error('this Node.js has no zstd: use 22.15 or newer')
  if (bytes.length < 17 || bytes.readUInt32LE(bytes.length - 4) !== 0x8f92eab1) throw new Error('its seek table is damaged')
  const frames = bytes.readUInt32LE(bytes.length - 9)
  const table = bytes.length - 9 - 8 * frames
  if (table < 8) throw new Error('its seek table is damaged')
  let at = 0
  for (let frame = 0; frame < frames; frame++) {
    const length = bytes.readUInt32LE(table + 8 * frame)
    const textLength = bytes.readUInt32LE(table + 8 * frame + 4)
    if (textLength === 0 || textLength > MAX_FRAME_BYTES || at + length > table - 8) throw new Error('its seek table is damaged')
    const part = zlib.zstdDecompressSync(bytes.subarray(at, at + length), { maxOutputLength: textLength })
    if (part.length !== textLength) throw new Error(`frame ${frame + 1} has another length`)
    yield part
    at += length
  }
  if (at !== table - 8) throw new Error('its frames do not fit its seek table')
}

const MAX_LINE_BYTES = 4 * MAX_FRAME_BYTES
const refuseLong = (length) => {
  if (length > MAX_LINE_BYTES) throw new Error('it holds a line that is longer than any of Weir')
}

/** The lines of a file; returns how many bytes stand behind the last one. */
function* linesOf(file) {
  let rest = Buffer.alloc(0)
  for (const piece of piecesOf(file)) {
    const text = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    let from = 0
    for (let to = text.indexOf(10); to !== -1; to = text.indexOf(10, from)) {
      refuseLong(to - from)
      yield text.subarray(from, to)
      from = to + 1
    }
    rest = text.subarray(from)
    refuseLong(rest.length)
  }
  return rest.length
}

const isFolder = (path) => existsSync(path) && statSync(path).isDirectory()
const namesIn = (folder) => (isFolder(folder) ? readdirSync(folder).sort() : [])
const STREAM = /^[a-z0-9][a-z0-9-]{0,40}$/

/** The event files by stream, in order; `named`: streams that must be there. */
function filesByStream(folder, named) {
  const streams = new Map()
  const names = new Set(namesIn(folder).map((name) => name.replace(/\.zst$/, '')))
  for (const name of [...names].sort()) {
    const match = /^events-([a-z0-9][a-z0-9-]*)-((?!0{12})\d{12})\.jsonl$/.exec(name)
    if (match === null) continue
    const [, stream, seq] = match
    if (!streams.has(stream)) streams.set(stream, [])
    const personal = join(folder, name.replace(/^events-/, 'personal-'))
    streams.get(stream).push({ name, path: join(folder, name), personal, first: Number(seq) })
  }
  const trees = namesIn(join(folder, 'tree')).filter((name) => STREAM.test(name) && isFolder(join(folder, 'tree', name)))
  for (const stream of [...trees, ...named]) if (!streams.has(stream)) streams.set(stream, [])
  return streams
}

// ---------------------------------------------------------------- lines

/** Pseudonyms that have a key in the key store beside the folder; `null`: there is none, so nobody can tell who was erased. */
function livingPersons(folder) {
  try {
    const known = new Set()
    for (const line of linesOf(join(folder, '..', 'keys', 'subjects.jsonl'))) known.add(jsonOf(line)?.who)
    return known.size === 0 && !existsSync(join(folder, '..', 'keys', 'subjects.jsonl')) ? null : known
  } catch {
    return null // not for this account to read
  }
}

/** The JSON object in a line, or `null`. */
function jsonOf(line) {
  try {
    const value = JSON.parse(line.toString('utf8'))
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}

/** All lines of a stream: their leaves, and what they show by themselves. Stops at a file that cannot be read. */
function readStream(stream, files, { size, living }) {
  const found = { leaves: [], places: [], faults: [], persons: [], notes: [], unreadable: null, times: [], last: null, present: 0, erased: 0, removals: [], forgotten: [], unnamed: [], link: null, holes: [] }
  for (const [index, file] of files.entries()) {
    try {
      readFile({ stream, file, isNewest: index === files.length - 1, size, living }, found)
    } catch (error) {
      found.unreadable = { kind: 'unreadable', seq: file.first, file: file.name, line: null, message: `cannot be read, it was changed or damaged: ${error.message}` }
      break
    }
  }
  return found
}

function readFile({ stream, file, isNewest, size, living }, found) {
  const persons = personsOf(file.personal, living)
  const lines = linesOf(file.path)
  let number = 0
  let next = lines.next()
  for (; !next.done; next = lines.next()) {
    number++
    readLine({ stream, file, number, line: next.value, persons, size }, found)
    if (found.faults.length > MAX_FAULTS) throw new Error(`it has more than ${MAX_FAULTS} lines that do not belong there`)
  }
  if (next.value > 0 && isNewest) found.notes.push(`\`${file.name}\` ends in an unfinished line`)
  else if (next.value > 0) found.faults.push({ kind: 'inserted', seq: found.last?.seq ?? null, file: file.name, line: number + 1, message: 'bytes were put behind its last line' })
}

function readLine({ stream, file, number, line, persons, size }, found) {
  // Whole files in front of it are gone; what is not signed has no leaves to go on by.
  if (number === 1 && found.last !== null && file.first > found.last.seq + 1 && file.first <= size + 1 && found.faults.length === 0) {
    found.holes.push({ at: found.leaves.length, first: found.last.seq + 1, last: file.first - 1 })
    found.last = null
  }
  const { last } = found
  const at = { file: file.name, line: number }
  found.places.push(at)
  found.leaves.push(leafOf(line))
  const digest = sha256(line).toString('hex')
  const record = jsonOf(line)
  const isRecord = record !== null && Number.isInteger(record.seq)
  found.times.push(isRecord ? Date.parse(record.time) : Number.NaN)
  if (!isRecord) found.faults.push({ kind: 'changed', seq: null, ...at, message: 'is no audit record' })
  else {
    const expected = last === null ? file.first : last.seq + 1
    const before = last?.digest ?? (record.seq === 1 ? '0'.repeat(64) : record.prevHash)
    const { seq } = record
    found.link ??= record.prevHash
    if (record.operation === 'retention.remove' && record.target === stream) found.removals.push({ ...record.after, seq: record.seq })
    if (record.operation === 'retention.forget' && record.target === stream) found.forgotten.push({ ...record.after, seq: record.seq })
    if (record.stream !== stream) found.faults.push({ kind: 'inserted', seq, ...at, message: 'belongs to another stream' })
    if (seq > expected) found.faults.push({ kind: 'removed', seq: expected, ...at, message: `records ${expected} to ${seq - 1} were removed` })
    else if (seq < expected) found.faults.push({ kind: 'reordered', seq, ...at, message: `record ${seq} stands behind record ${expected - 1}` })
    else if (record.prevHash !== before) found.faults.push({ kind: 'changed', seq, ...at, message: `does not follow the line before: record ${seq - 1} or ${seq} was changed` })
    if (record.whoDigest !== undefined) {
      const person = persons?.get(record.id)
      const wrong = (what) => found.persons.push({ kind: 'person', seq, ...at, message: what })
      // An erasure leaves the line. Behind the newest checkpoint a power cut may take one.
      if (persons === null) unnamed(found, seq, at)
      else if (person === undefined) {
        if (seq <= size) wrong(`the personal line of record ${seq} was removed`)
      } else if (person.isRepeated) wrong(`there is a second personal line of record ${seq}`)
      else if (person.digest !== record.whoDigest) wrong(`the personal line of record ${seq} was changed`)
      else if (person.isErased) found.erased++
      else found.present++
    }
  }
  found.last = { seq: isRecord ? record.seq : (last?.seq ?? file.first - 1), digest }
}

/** The personal file is gone as a whole: from which record to which, and of how many. */
function unnamed({ unnamed: files }, seq, at) {
  const last = files.at(-1)
  if (last?.at.file === at.file) Object.assign(last, { last: seq, count: last.count + 1 })
  else files.push({ first: seq, last: seq, count: 1, at })
}

/** Personal lines by the id of their record; `null`: there is no file. */
function personsOf(path, living) {
  if (!existsSync(path) && !existsSync(`${path}.zst`)) return null
  const persons = new Map()
  for (const line of linesOf(path)) {
    const { v, id = /"id":"([0-9A-Z]{26})"/.exec(line.toString('latin1'))?.[1], who } = jsonOf(line) ?? {}
    if (typeof id !== 'string') continue
    const isErased = v === 2 && living !== null && !living.has(who)
    persons.set(id, { digest: sha256(line).toString('hex'), isErased, isRepeated: persons.has(id) })
  }
  return persons
}

// ---------------------------------------------------------------- checkpoints

function readKey(text) {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim())
  if (match === null) return null
  const [, name, id, base64] = match
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== 33 || bytes[0] !== 1) return null
  if (sha256(`${name}\n`, bytes).toString('hex', 0, 4) !== id) return null
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)])
  return { name, id, key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) }
}

/** The notes in a text that holds one behind the other. */
function notesIn(text) {
  const notes = []
  let current = []
  for (const line of text.split('\n')) {
    if (current.some((one) => one.startsWith('— ')) && !line.startsWith('— ')) {
      notes.push(`${current.join('\n')}\n`)
      current = []
    }
    current.push(line)
  }
  return { notes, rest: current.join('\n') }
}

/** A checkpoint; `isGood`: signed by the key for its origin. `null`: it is none. */
function readCheckpoint(note, key) {
  const middle = note.lastIndexOf('\n\n')
  if (middle === -1) return null
  const text = note.slice(0, middle + 1)
  const [origin, size, root] = text.split('\n')
  if (!/^(?:0|[1-9]\d*)$/.test(size ?? '') || Buffer.from(root ?? '', 'base64').length !== 32) return null
  const isGood =
    key !== null &&
    origin === key.name &&
    note.slice(middle + 2).split('\n').some((line) => {
      const [dash, name, base64] = line.split(' ')
      const bytes = Buffer.from(base64 ?? '', 'base64')
      if (dash !== '—' || name !== key.name || bytes.toString('hex', 0, 4) !== key.id) return false
      return verifySignature(null, Buffer.from(text), key.key, bytes.subarray(4))
    })
  return { origin, size: Number(size), root: Buffer.from(root, 'base64'), isGood, note }
}

/** The stream that an origin or a key is of. */
const streamOf = (origin) => origin.slice(origin.lastIndexOf('/') + 1)

function checkpointsOf(tree, stream, keys, anchored) {
  const problem = (message) => ({ kind: 'checkpoint', seq: null, file: null, line: null, message })
  const beside = readKey(treeFile(join(tree, 'verifier-key'))?.toString('utf8') ?? '')
  const key = keys.length > 0 ? (keys.find(({ name }) => streamOf(name) === stream) ?? null) : beside
  const problems = []
  const notes = new Set()
  for (const name of namesIn(join(tree, 'checkpoints')).filter((name) => /^\d{4}-\d{2}-\d{2}\.notes$/.test(name))) {
    const file = join(tree, 'checkpoints', name)
    const read = notesIn((treeFile(file) ?? '').toString('utf8'))
    for (const note of read.notes) notes.add(note)
    if (read.rest !== '' || !statSync(file).isFile()) problems.push(problem(`\`${name}\` holds something else than checkpoints`))
  }
  const newest = treeFile(join(tree, 'checkpoint'))
  if (newest !== null) notes.add(newest.toString('utf8'))
  const all = [...notes].map((note) => readCheckpoint(note, key))
  const elsewhere = (anchored ?? []).map((note) => readCheckpoint(note, key)).filter((one) => streamOf(one?.origin ?? '') === stream)
  const foreign = elsewhere.filter(({ origin }) => origin !== key?.name)
  const isNamed = elsewhere.length > 0 || (keys.length > 0 && key !== null)
  // Whoever replaces the records, their tree and the key beside it cannot replace what lies elsewhere.
  if (key !== null && foreign.length > 0) problems.push(problem(`${foreign.length} checkpoints kept elsewhere are of another key, that of \`${foreign[0].origin}\`: records and key were replaced, or those are of another installation`))
  else if (key !== null && anchored !== null && all.length > 0 && !elsewhere.some(({ isGood }) => isGood)) problems.push(problem(`none of the checkpoints kept elsewhere is a good one of \`${stream}\``))
  all.push(...elsewhere.filter(({ origin, note }) => origin === key?.name && !notes.has(note)))
  if (key === null && all.length + elsewhere.length + keys.length > 0) problems.push(problem(`the checkpoints of \`${stream}\` cannot be checked: no verifier key is for them`))
  else for (const one of all) if (!one?.isGood) problems.push(problem(`the checkpoint of ${one?.size ?? '?'} records has no good signature: it was changed`))
  return { good: all.filter((one) => one?.isGood).sort((a, b) => a.size - b.size), problems, key, isNamed }
}

function anchoredNotes(path, depth = 0) {
  if (!statSync(path).isDirectory()) return notesIn(readFileSync(path, 'utf8')).notes
  return depth > 4 ? [] : namesIn(path).flatMap((name) => anchoredNotes(join(path, name), depth + 1))
}

// ---------------------------------------------------------------- tree

/** Grows a tree by its peaks: full subtrees from left to right, none higher than the one before it. */
class Peaks {
  peaks = []
  size = 0
  /** Hashes of the full subtrees of 256, 65,536, … entries, in order: what the tiles above the leaves hold. */
  levels = []

  add(leaf) {
    this.size++
    let peak = { height: 0, hash: leaf }
    for (let left = this.peaks.at(-1); left?.height === peak.height; left = this.peaks.at(-1)) {
      this.peaks.pop()
      peak = { height: peak.height + 1, hash: nodeOf(left.hash, peak.hash) }
      if (peak.height % 8 === 0) (this.levels[peak.height / 8] ??= []).push(peak.hash)
    }
    this.peaks.push(peak)
  }

  root() {
    if (this.peaks.length === 0) return sha256('')
    return this.peaks.map(({ hash }) => hash).reduceRight((right, left) => nodeOf(left, right))
  }
}

const tileName = (level, index) => {
  const parts = [String(index % 1000).padStart(3, '0')]
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) parts.unshift(`x${String(rest % 1000).padStart(3, '0')}`)
  return `tile/${level}/${parts.join('/')}`
}

/** What lies there of a tile: `[width, bytes]` of each form. */
function formsOf(tree, level, index) {
  const path = join(tree, tileName(level, index))
  const widths = namesIn(`${path}.p`).filter((width) => Number.isInteger(Number(width)) && width > 0 && width < 256)
  const partial = widths.map((width) => [Number(width), treeFile(join(`${path}.p`, width)) ?? Buffer.alloc(0)])
  const whole = treeFile(path)
  return whole === null ? partial : [...partial, [256, whole]]
}

/** The leaves that the tiles hold. A size is only a claim: without records (`runs` of them, by index) the first missing tile is the end. */
function leavesOfTiles(tree, size, runs) {
  const leaves = []
  for (let index = 0; index * 256 < size; index++) {
    const width = Math.min(256, size - index * 256)
    const widest = formsOf(tree, 0, index).filter(([claimed, bytes]) => bytes.length === claimed * 32 && claimed >= width).at(-1)
    if (widest === undefined && !runs.some(({ from, to }) => from < index * 256 + 256 && index * 256 < to)) break
    for (let at = 0; widest !== undefined && at < width; at++) leaves[index * 256 + at] = widest[1].subarray(at * 32, at * 32 + 32)
  }
  return leaves
}

/** Compare every form of every tile with hashes that are known to be right. */
function tileProblems(tree, size, hashesOf) {
  const problems = []
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / 256)) {
    for (let index = 0; index * 256 < count; index++) {
      const right = Buffer.concat(hashesOf(level).slice(index * 256, Math.min(count, index * 256 + 256)))
      const forms = formsOf(tree, level, index)
      const file = tileName(level, index)
      const isChanged = forms.some(([width, bytes]) => {
        const common = Math.min(bytes.length, right.length)
        return bytes.length !== width * 32 || !bytes.subarray(0, common).equals(right.subarray(0, common))
      })
      const isThere = forms.some(([width]) => width * 32 >= right.length)
      const about = { kind: 'tile', seq: index * 256 ** (level + 1) + 1, file, line: null }
      if (isChanged) problems.push({ ...about, message: 'the tile was changed; the records under it fit what was signed' })
      else if (!isThere) problems.push({ ...about, message: 'the tile is missing; the records under it fit what was signed' })
    }
  }
  return problems
}

// ---------------------------------------------------------------- the check

/** The records that are there: runs of indexes, by what is gone between them. */
function runsOf({ leaves, holes }, start) {
  const runs = []
  let at = 0
  let from = start
  for (const hole of [...holes, { at: leaves.length, last: 0 }]) {
    runs.push({ from, to: from + hole.at - at, at })
    at = hole.at
    from = hole.last
  }
  return runs
}

/** Leaves and places by index: those of the records, and where they are gone those of the tiles, which have no place. Ends where neither is there. */
function entriesOf({ leaves, places }, runs, signed) {
  const lines = []
  const placed = []
  for (const { from, to, at } of runs) {
    while (lines.length < from && signed[lines.length] !== undefined) lines.push(signed[lines.length])
    if (lines.length < from) return { lines, placed, end: from }
    for (let index = from; index < to; index++) {
      placed[index] = places[at + index - from]
      lines.push(leaves[at + index - from])
    }
  }
  return { lines, placed, end: lines.length }
}

/** What of a range (both ends included) no signed record names: its first number, or `null`. */
function firstUnnamed(removals, size, [first, last]) {
  let next = first
  const named = removals.filter(({ seq, gone }) => seq <= size && Array.isArray(gone)).flatMap(({ gone }) => gone.filter(Array.isArray))
  for (const [from, to] of named.sort((a, b) => a[0] - b[0])) if (from <= next && to >= next) next = to + 1
  return next > last ? null : next
}

/** The first thing that does not fit, if any. `signed`: leaves by the tiles; `lines`: leaves by the records, at their places. */
function firstMisfit({ signed, lines, places, good, size, wanted }) {
  const known = (index) => signed[index] ?? lines[index]
  const peaks = new Peaks()
  let lastGood = 0
  const next = [...good]
  // Up to where records are that have no leaves in front of them.
  const end = Math.min(size, wanted)
  for (let index = 0; index < end; index++) {
    const tile = signed[index]
    if (places[index] !== undefined && tile !== undefined && !tile.equals(lines[index])) return explain({ index, peaks, next, signed, lines, places, lastGood })
    if (known(index) === undefined) return { kind: 'tile', seq: index + 1, file: tileName(0, Math.floor(index / 256)), line: null, message: 'the tile is missing, and the records under it are gone' }
    peaks.add(known(index))
    for (const at = index + 1; next[0]?.size === at; next.shift()) {
      if (!next[0].root.equals(peaks.root())) return rewritten(lastGood, at)
      if (next[1]?.size !== at) lastGood = at
    }
  }
  if (wanted < size) return { kind: 'removed', seq: wanted + 1, file: null, line: null, message: `records ${wanted + 1} to ${size}, which were signed, were removed from the end` }
  return null
}

const rewritten = (from, to) => ({ kind: 'rewritten', seq: from + 1, file: null, line: null, message: `one or more of the records ${from + 1} to ${to} and the tiles were made again without the key` })

function explain({ index, peaks, next, signed, lines, places, lastGood }) {
  const target = next[0]
  const leads = (leaves) => {
    const tree = new Peaks()
    tree.peaks = [...peaks.peaks]
    tree.size = peaks.size
    for (let at = index; at < target.size && leaves[at] !== undefined; at++) tree.add(leaves[at])
    return tree.size === target.size && tree.root().equals(target.root)
  }
  const seq = index + 1
  if (!leads(signed)) {
    if (!leads(lines)) return rewritten(lastGood, target.size)
    return { kind: 'tile', seq, file: tileName(0, Math.floor(index / 256)), line: null, message: 'the tile was changed; the records under it fit what was signed' }
  }
  const at = { seq, ...places[index] }
  const belongs = signed.findIndex((leaf) => leaf?.equals(lines[index]))
  const elsewhere = lines.findIndex((leaf, place) => places[place] !== undefined && leaf.equals(signed[index]))
  const where = elsewhere === -1 ? '' : `\`${places[elsewhere].file}\` line ${places[elsewhere].line}`
  if (elsewhere === -1 && belongs > index) return { kind: 'removed', ...at, message: `records ${seq} to ${belongs} were removed: here stands record ${belongs + 1}` }
  if (elsewhere === -1) return { kind: 'changed', ...at, message: `record ${seq} was changed: it is not the one that was signed` }
  if (belongs > index) return { kind: 'reordered', ...at, message: `record ${belongs + 1} stands where ${seq} belongs, which stands in ${where}` }
  return { kind: 'inserted', ...at, message: `a line was inserted before record ${seq}, which stands in ${where}` }
}

/** A minute behind the newest checkpoint is normal; more than five mean that checkpoints were removed. */
function unsignedTail(times, from, firstSeq, lastSeq) {
  const first = times[from]
  const last = times.at(-1)
  if (!(last - first > 5 * 60_000)) return []
  const seq = firstSeq + from
  return [{ kind: 'checkpoint', seq, file: null, line: null, message: `records ${seq} to ${lastSeq} span more than five minutes and no checkpoint: checkpoints were removed, or could not be written` }]
}

/** Check one stream. */
export function verifyStream(folder, stream, { keys = [], anchored = null, living = null } = {}) {
  const tree = join(folder, 'tree', stream)
  const { good, problems: spoilt, key, isNamed } = checkpointsOf(tree, stream, keys, anchored)
  const size = good.at(-1)?.size ?? 0
  // Behind the checkpoints: what they sign may stand in a file that a running Weir has just begun.
  const files = filesByStream(folder, [stream]).get(stream)
  const found = readStream(stream, files, { size, living })
  const start = files.length === 0 ? 0 : files[0].first - 1
  const notes = [...found.notes]
  if (start > 0) notes.push(`begins at ${start + 1}: older records were removed`)
  // Written before there were ranges: all from the beginning up to the record before the first one that is there.
  const isRecorded = found.removals.some(({ seq, gone, lastSeq, lastHash }) => gone === undefined && seq <= size && lastSeq === start && lastHash === found.link)
  const missing = [...(start > 0 && !isRecorded ? [[1, start]] : []), ...found.holes.map(({ first, last }) => [first, last])]
  const runs = runsOf(found, start)
  const signed = leavesOfTiles(tree, size, runs)
  const { lines, placed, end } = entriesOf(found, runs, signed)
  const misfit = firstMisfit({ signed, lines, places: placed, good, size, wanted: end })
  const problems = []
  // What seems to be gone from the end may be in a file that cannot be read, or have left a gap before.
  const isExplained = misfit?.kind === 'removed' && misfit.file === null && (found.unreadable !== null || found.faults.length > 0)
  if (misfit !== null && !isExplained) problems.push(misfit)
  else if (found.unreadable !== null) problems.push(found.unreadable)
  else if (found.faults.length > 0) problems.push(found.faults[0])
  problems.push(...found.persons)
  const isEmpty = found.leaves.length === 0 && found.unreadable === null
  if (isEmpty && size === 0 && isNamed) problems.push({ kind: 'removed', seq: 1, file: null, line: null, message: `all records of \`${stream}\` are gone: the key or a checkpoint from elsewhere says that there are some` })
  const tell = (problem) => {
    const at = problems.findIndex(({ seq }) => (seq ?? 0) > problem.seq)
    problems.splice(at === -1 ? problems.length : at, 0, problem)
  }
  // Nothing is ever removed without a signed record that says so; what it does not name comes at its place.
  for (const [first, last] of found.leaves.length === 0 ? [] : missing) {
    const seq = firstUnnamed(found.removals, size, [first, last])
    if (seq === null && first > 1) notes.push(`records ${first} to ${last} were removed because of their age`)
    if (seq === null) continue
    const message = `records ${seq} to ${last} are gone, and no signed record says that they were removed because of their age`
    tell({ kind: 'removed', seq, file: null, line: null, message })
  }
  let expired = 0
  for (const { first, last, count, at } of found.unnamed) {
    const seq = firstUnnamed(found.forgotten, size, [first, last])
    if (seq === null) expired += count
    // Behind the newest checkpoint a power cut may take it.
    else if (seq <= size) tell({ kind: 'person', seq, ...at, message: `the personal file from record ${seq} on was removed, and no signed record says because of its age` })
  }
  if (misfit === null && found.unreadable === null && found.faults.length === 0) {
    const peaks = new Peaks()
    for (const leaf of lines.slice(0, size)) peaks.add(leaf)
    problems.push(...tileProblems(tree, size, (level) => (level === 0 ? lines : (peaks.levels[level] ?? []))))
    const underIt = runs.reduce((sum, { from, to }) => sum + Math.min(Math.max(0, size - from), to - from), 0)
    const late = unsignedTail(found.times, underIt, Math.max(size, start) + 1 - underIt, found.last?.seq ?? 0)
    problems.push(...late)
    if (size === 0 && keys.length > 0 && key !== null && !isEmpty && late.length === 0) problems.push({ kind: 'checkpoint', seq: start + 1, file: null, line: null, message: 'nothing is signed by the key that was handed in: checkpoints were removed, unless Weir wrote its first record this second' })
    if (found.leaves.length > underIt) notes.push(`${found.leaves.length - underIt} records behind the newest checkpoint are held by the chain only`)
  }
  problems.push(...spoilt)
  if (keys.length === 0 && key !== null) notes.push('checked with the key that lies beside the records: compare it with the one you noted')
  return { stream, origin: key?.name ?? null, lines: found.leaves.length, firstSeq: found.leaves.length === 0 ? null : start + 1, lastSeq: found.last?.seq ?? null, signed: size, checkpoints: good.length, persons: { present: found.present, erased: living === null ? null : found.erased, expired }, problems, notes }
}

/** Check a folder of records. `keys` and `anchor` as on the command line. */
export function verifyFolder(folder, { keys = [], anchor = null } = {}) {
  const read = keys.map((key) => readKey(key))
  if (read.includes(null)) throw new Error('--key is no verifier key')
  const anchored = anchor === null ? null : anchoredNotes(anchor)
  const ofNotes = (anchored ?? []).map((note) => streamOf(readCheckpoint(note, null)?.origin ?? ''))
  const named = [...read.map(({ name }) => streamOf(name)), ...ofNotes.filter((name) => STREAM.test(name))]
  const living = livingPersons(folder)
  return [...filesByStream(folder, named).keys()].map((stream) => verifyStream(folder, stream, { keys: read, anchored, living }))
}

// ---------------------------------------------------------------- proofs

/** Check a proof that `weir audit prove` wrote. Gives what it proves; throws with the reason when it does not. */
export function checkProof(text, keyText) {
  const key = readKey(keyText ?? '')
  if (key === null) throw new Error('a proof needs --key')
  const [first] = text.split('\n', 1)
  if (first === 'c2sp.org/tlog-proof@v1') return checkInclusion(text, key)
  if (first === 'weir-audit/consistency@v1') return checkConsistency(text, key)
  throw new Error('this is no proof')
}

function goodCheckpoint(note, key) {
  const checkpoint = readCheckpoint(note, key)
  if (checkpoint === null || !checkpoint.isGood) throw new Error('its checkpoint has no good signature')
  return checkpoint
}

/** Root from a leaf, by recursion over the sizes as RFC 6962 section 2.1.1 splits them. */
function rootFrom(index, size, leaf, proof) {
  if (size === 1) {
    if (proof.length > 0) throw new Error('the proof is too long')
    return leaf
  }
  const sibling = proof.at(-1)
  if (sibling === undefined) throw new Error('the proof is too short')
  let left = 1
  while (left * 2 < size) left *= 2
  const rest = proof.slice(0, -1)
  return index < left ? nodeOf(rootFrom(index, left, leaf, rest), sibling) : nodeOf(sibling, rootFrom(index - left, size - left, leaf, rest))
}

function checkInclusion(text, key) {
  const gap = text.indexOf('\n\n')
  const lines = text.slice(0, gap).split('\n').slice(1)
  const extra = lines[0]?.startsWith('extra ') ? Buffer.from(lines.shift().slice(6), 'base64') : null
  const index = Number(/^index (0|[1-9]\d*)$/.exec(lines.shift() ?? '')?.[1] ?? Number.NaN)
  if (extra === null || Number.isNaN(index)) throw new Error('it holds no record or no index')
  const checkpoint = goodCheckpoint(text.slice(gap + 2), key)
  if (index >= checkpoint.size) throw new Error('its index is not in the tree')
  const root = rootFrom(index, checkpoint.size, leafOf(extra), lines.map((line) => Buffer.from(line, 'base64')))
  if (!root.equals(checkpoint.root)) throw new Error('the record is not the one that was signed')
  return { proves: 'inclusion', origin: checkpoint.origin, seq: index + 1, size: checkpoint.size, record: extra.toString('utf8') }
}

/** Both roots from the hashes, by recursion as RFC 6962 section 2.1.2 makes them. */
function rootsFrom(old, size, isWhole, oldRoot, proof) {
  if (old === size) {
    if (isWhole) return { old: oldRoot, now: oldRoot, rest: proof }
    const [hash, ...rest] = proof
    if (hash === undefined) throw new Error('the proof is too short')
    return { old: hash, now: hash, rest }
  }
  let left = 1
  while (left * 2 < size) left *= 2
  const inner = old <= left ? rootsFrom(old, left, isWhole, oldRoot, proof) : rootsFrom(old - left, size - left, false, oldRoot, proof)
  const [sibling, ...rest] = inner.rest
  if (sibling === undefined) throw new Error('the proof is too short')
  if (old <= left) return { old: inner.old, now: nodeOf(inner.now, sibling), rest }
  return { old: nodeOf(sibling, inner.old), now: nodeOf(sibling, inner.now), rest }
}

function checkConsistency(text, key) {
  const gap = text.indexOf('\n\n')
  const hashes = text.slice(0, gap).split('\n').slice(1).map((line) => Buffer.from(line, 'base64'))
  const [old, now] = notesIn(text.slice(gap + 2)).notes.map((note) => goodCheckpoint(note, key))
  if (old === undefined || now === undefined || old.size === 0 || old.size > now.size) throw new Error('it does not hold an older and a newer checkpoint')
  const roots = rootsFrom(old.size, now.size, true, old.root, hashes)
  if (roots.rest.length > 0) throw new Error('the proof is too long')
  if (!roots.old.equals(old.root) || !roots.now.equals(now.root)) throw new Error('the newer tree does not continue the older one')
  return { proves: 'consistency', origin: now.origin, old: old.size, size: now.size }
}

// ---------------------------------------------------------------- command line

const USAGE = 'usage: node weir-verify.mjs AUDIT_FOLDER [--key VKEY]... [--anchor PATH] [--json]\n       node weir-verify.mjs --proof FILE --key VKEY [--json]\n'
/** Text of a folder somebody may have changed must not steer the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
const inert = (text) => String(text).replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '?')

function main(args) {
  const options = { keys: [], anchor: null, proof: null, isJson: false, folder: null }
  for (let at = 0; at < args.length; at++) {
    if (args[at] === '--json') options.isJson = true
    else if (args[at] === '--key' && at + 1 < args.length) options.keys.push(args[++at])
    else if (args[at] === '--anchor' && at + 1 < args.length) options.anchor = args[++at]
    else if (args[at] === '--proof' && at + 1 < args.length) options.proof = args[++at]
    else if (!args[at].startsWith('-') && options.folder === null) options.folder = args[at]
    else return usage()
  }
  if ((options.folder === null) === (options.proof === null) || options.keys.some((key) => readKey(key) === null)) return usage()
  try {
    return options.proof === null ? showFolder(options) : showProof(options)
  } catch (error) {
    process.stderr.write(`cannot check: ${inert(error.message)}\n`)
    return 3
  }
}

function usage() {
  process.stderr.write(USAGE)
  return 2
}

function showProof({ proof, keys, isJson }) {
  const text = readFileSync(proof, 'utf8')
  try {
    const result = checkProof(text, keys[0])
    process.stdout.write(isJson ? `${JSON.stringify({ ok: true, ...result })}\n` : `good: ${inert(JSON.stringify(result))}\n`)
    return 0
  } catch (error) {
    process.stdout.write(isJson ? `${JSON.stringify({ ok: false, why: error.message })}\n` : `BAD: ${inert(error.message)}\n`)
    return 1
  }
}

function showFolder({ folder, keys, anchor, isJson }) {
  if (!statSync(folder).isDirectory()) throw new Error(`\`${basename(folder)}\` is no folder`)
  const streams = verifyFolder(folder, { keys, anchor })
  // Nothing there proves nothing: somebody may have removed it.
  const ok = streams.length > 0 && streams.every(({ problems }) => problems.length === 0)
  if (isJson) process.stdout.write(`${JSON.stringify({ ok, streams })}\n`)
  else if (streams.length === 0) process.stdout.write('NOTHING THERE: no records and no tree\n')
  else for (const one of streams) {
    process.stdout.write(`${inert(one.stream)}: ${one.problems.length === 0 ? 'whole' : 'BROKEN'}, ${one.lines} records (${one.firstSeq ?? '-'} to ${one.lastSeq ?? '-'}), signed up to ${one.signed} by ${one.checkpoints} checkpoints of ${inert(one.origin)}\n`)
    process.stdout.write(`  persons: ${one.persons.present} present, ${one.persons.erased ?? 'an unknown number of them'} erased${one.persons.expired === 0 ? '' : `, ${one.persons.expired} expired`}\n`)
    for (const { kind, file, line, message } of one.problems) process.stdout.write(`  ${kind.toUpperCase()}: ${inert(file === null ? '' : `${file}${line === null ? '' : `:${line}`}: `)}${inert(message)}\n`)
    for (const note of one.notes) process.stdout.write(`  note: ${inert(note)}\n`)
  }
  return ok ? 0 : 1
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = main(process.argv.slice(2))
