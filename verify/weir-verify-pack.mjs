#!/usr/bin/env node
/**
 * Checks an evidence pack of Weir without Weir: this one file, Node.js 20 or newer, no packages, no network.
 *
 *   node weir-verify-pack.mjs PACK [--key VERIFIER_KEY_OR_FILE]
 *
 * PACK is the zip or the folder it was unpacked to. Exit codes: 0 all good, 1 something does not fit, 2 wrong usage,
 * 3 the pack cannot be read. Formats: README.txt of the pack; signed notes https://c2sp.org/signed-note; RFC 6962.
 */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { closeSync, createReadStream, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join, normalize, relative, sep } from 'node:path'
import { Readable } from 'node:stream'
import { createInflateRaw } from 'node:zlib'

const FORMAT = 'weir-evidence-pack-1'
const PROOF_FORMAT = 'weir-range-proof-1'
/** Small files are read whole; one that is larger is not what it says. */
const MAX_SMALL = 256 * 1024 * 1024

const problems = []
const say = (text) => process.stdout.write(`${printable(text)}\n`)
const bad = (text) => problems.push(text)
// What stands in a pack comes from elsewhere: no terminal obeys it.
const printable = (text) =>
  String(text).replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Members by name, from a folder. */
function folderPack(dir) {
  const pathOf = (name) => {
    const path = normalize(name)
    if (path.startsWith('..') || path.startsWith('/') || path.includes('\0')) throw new Error(`\`${name}\` leads out of the pack`)
    return join(dir, path)
  }
  return {
    has: (name) => existsSync(pathOf(name)),
    names: () =>
      readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(dir, join(entry.parentPath ?? entry.path, entry.name)).replaceAll(sep, '/')),
    stream: (name) => {
      // A pipe would be waited for, and a device has no end.
      if (!statSync(pathOf(name)).isFile()) throw new Error('it is no regular file')
      return createReadStream(pathOf(name))
    },
  }
}

/** Members by name, from a zip (APPNOTE 6.3: central directory, zip64, stored and deflated). */
function zipPack(file) {
  const fd = openSync(file, 'r')
  const { size } = fstatSync(fd)
  const read = (from, length) => {
    if (from + length > size) throw new Error('the zip ends too early')
    const bytes = Buffer.alloc(length)
    let filled = 0
    while (filled < length) {
      const got = readSync(fd, bytes, filled, length - filled, from + filled)
      if (got === 0) throw new Error('the zip ends too early')
      filled += got
    }
    return bytes
  }
  const tail = read(Math.max(0, size - 65_557), Math.min(size, 65_557))
  const end = tail.lastIndexOf(Buffer.from('504b0506', 'hex'))
  if (end === -1) throw new Error('no zip directory: the file is cut off, or no zip')
  let count = tail.readUInt16LE(end + 10)
  let length = tail.readUInt32LE(end + 12)
  let start = tail.readUInt32LE(end + 16)
  const locator = end - 20
  if (locator >= 0 && tail.readUInt32LE(locator) === 0x07064b50) {
    const wide = read(Number(tail.readBigUInt64LE(locator + 8)), 56)
    count = Number(wide.readBigUInt64LE(32))
    length = Number(wide.readBigUInt64LE(40))
    start = Number(wide.readBigUInt64LE(48))
  }
  const directory = read(start, length)
  const members = new Map()
  for (let at = 0, n = 0; n < count; n++) {
    if (directory.readUInt32LE(at) !== 0x02014b50) throw new Error('the zip directory is damaged')
    const nameLength = directory.readUInt16LE(at + 28)
    const extraLength = directory.readUInt16LE(at + 30)
    const name = directory.toString('utf8', at + 46, at + 46 + nameLength)
    let packed = directory.readUInt32LE(at + 20)
    let offset = directory.readUInt32LE(at + 42)
    const plain = directory.readUInt32LE(at + 24)
    // Zip64 extra field: only what did not fit, in this order.
    for (let e = at + 46 + nameLength; e < at + 46 + nameLength + extraLength; ) {
      const [id, bytes] = [directory.readUInt16LE(e), directory.readUInt16LE(e + 2)]
      if (id === 1) {
        let p = e + 4
        if (plain === 0xffffffff) p += 8
        if (packed === 0xffffffff) [packed, p] = [Number(directory.readBigUInt64LE(p)), p + 8]
        if (offset === 0xffffffff) offset = Number(directory.readBigUInt64LE(p))
      }
      e += 4 + bytes
    }
    if (members.has(name)) throw new Error(`\`${name}\` stands in the zip twice`)
    members.set(name, { method: directory.readUInt16LE(at + 10), packed, offset })
    at += 46 + nameLength + extraLength + directory.readUInt16LE(at + 32)
  }
  return {
    has: (name) => members.has(name),
    names: () => [...members.keys()],
    stream: (name) => {
      const { method, packed, offset } = members.get(name)
      const head = read(offset, 30)
      const from = offset + 30 + head.readUInt16LE(26) + head.readUInt16LE(28)
      if (packed === 0) return Readable.from([])
      const raw = createReadStream('', { fd, autoClose: false, start: from, end: from + packed - 1 })
      if (method === 0) return raw
      if (method !== 8) throw new Error(`\`${name}\` is packed in an unknown way`)
      const inflate = createInflateRaw()
      raw.on('error', (error) => inflate.destroy(error))
      return raw.pipe(inflate)
    },
    close: () => closeSync(fd),
  }
}

async function whole(pack, name) {
  const chunks = []
  let size = 0
  for await (const chunk of pack.stream(name)) {
    size += chunk.length
    if (size > MAX_SMALL) throw new Error(`\`${name}\` is too large`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const json = async (pack, name) => JSON.parse((await whole(pack, name)).toString('utf8'))
const sha256 = (...parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const leafHash = (line) => sha256(Buffer.of(0), line)
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right)

/** A verifier key `name+id+base64`, or `null`. */
function readKey(text) {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u.exec(text.trim())
  if (match === null) return null
  const bytes = Buffer.from(match[3], 'base64')
  if (bytes.length !== 33 || bytes[0] !== 1) return null
  const id = sha256(`${match[1]}\n`, bytes).subarray(0, 4).toString('hex')
  if (id !== match[2]) return null
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)])
  return { name: match[1], id, raw: bytes.subarray(1), key: createPublicKey({ key: der, format: 'der', type: 'spki' }) }
}

/** The text of a note with a good signature by the key, or `null`. */
function openNote(note, { name, id, key }) {
  const end = note.lastIndexOf('\n\n')
  if (end === -1) return null
  const text = note.slice(0, end + 1)
  for (const line of note.slice(end + 2).split('\n')) {
    const match = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line)
    if (match === null || match[1] !== name) continue
    const bytes = Buffer.from(match[2], 'base64')
    if (bytes.toString('hex', 0, 4) === id && verify(null, Buffer.from(text), key, bytes.subarray(4))) return text
  }
  return null
}

/** The key of another name of the same installation: the same 32 bytes. */
function sibling(known, name) {
  const raw = Buffer.concat([Buffer.of(1), known.raw])
  const id = sha256(`${name}\n`, raw).subarray(0, 4).toString('hex')
  return { ...known, name, id }
}

async function checkManifest(pack, givenKey) {
  const bytes = await whole(pack, 'manifest.json')
  const manifest = JSON.parse(bytes.toString('utf8'))
  if (manifest.format !== FORMAT) throw new Error(`unknown format \`${manifest.format}\``)
  if (!pack.has('manifest.sig') || !pack.has('verifier-key')) {
    if (givenKey === null) say('manifest: NOT SIGNED')
    else bad('manifest: not signed, although a key was given')
    return { manifest, key: givenKey }
  }
  const own = readKey((await whole(pack, 'verifier-key')).toString('utf8'))
  if (own === null) {
    bad('verifier-key: is no key')
    return { manifest, key: givenKey }
  }
  if (givenKey !== null && !givenKey.raw.equals(own.raw)) bad('verifier-key: is not the key that you gave')
  const key = givenKey === null ? own : sibling(givenKey, own.name)
  const text = openNote((await whole(pack, 'manifest.sig')).toString('utf8'), key)
  const line = `manifest.json sha256:${sha256(bytes).toString('hex')}`
  if (text === null) bad('manifest.sig: the signature does not fit')
  else if (text.split('\n')[1] !== line) bad('manifest.json: was changed after it was signed')
  else say(`manifest: signed by ${key.name}${givenKey === null ? ', a key that came with the pack' : ''}`)
  return { manifest, key }
}

async function checkFiles(pack, { files }) {
  let good = 0
  const listed = new Set(['manifest.json', 'manifest.sig', ...files.map(({ name }) => name)])
  for (const name of pack.names()) if (!listed.has(name)) bad(`${name}: is in the pack, but not in the manifest`)
  for (const { name, size, sha256: wanted } of files) {
    if (!pack.has(name)) {
      bad(`${name}: is missing`)
      continue
    }
    const hash = createHash('sha256')
    let length = 0
    try {
      for await (const chunk of pack.stream(name)) {
        hash.update(chunk)
        length += chunk.length
        // A small zip can unpack to any length.
        if (length > size) break
      }
    } catch (error) {
      bad(`${name}: cannot be read: ${error.message}`)
      continue
    }
    if (length !== size || hash.digest('hex') !== wanted) bad(`${name}: was changed`)
    else good++
  }
  say(`files: ${good} of ${files.length} as listed`)
}

/** A line that is longer is no record. */
const MAX_LINE = 16 * 1024 * 1024

/** Lines as bytes, without newline: only a newline ends one. */
async function* linesOf(pack, name) {
  let rest = Buffer.alloc(0)
  for await (const chunk of pack.stream(name)) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
      yield bytes.subarray(from, end)
      from = end + 1
    }
    rest = bytes.subarray(from)
    if (rest.length > MAX_LINE) throw new Error(`\`${name}\` has a line without end`)
  }
  if (rest.length > 0) yield rest
}

/** Root over known leaves and the hashes beside them, leaf by leaf: memory does not grow with the range. */
class RangeRoot {
  constructor({ first, end, size, beside }) {
    this.first = first
    this.end = end
    this.beside = beside.map((hash) => Buffer.from(hash, 'base64'))
    this.steps = this.walk(0, size)
    this.done = null
    this.advance()
  }
  *walk(from, to) {
    if (to <= this.first || from >= this.end) return this.beside.shift() ?? Buffer.alloc(32)
    if (to - from === 1) return yield from
    let split = 1
    while (split * 2 < to - from) split *= 2
    const left = yield* this.walk(from, from + split)
    return nodeHash(left, yield* this.walk(from + split, to))
  }
  advance(leaf) {
    const { value, done } = this.steps.next(leaf)
    if (done) this.done = value
    else this.wants = value
  }
}

async function checkProof(pack, name, key, leaves) {
  const proof = await json(pack, name)
  const { stream, origin, size, first, end, beside } = proof
  if (proof.format !== PROOF_FORMAT) return bad(`${name}: unknown format`)
  if (![size, first, end].every((n) => Number.isSafeInteger(n) && n >= 0) || first >= end || end > size) return bad(`${name}: impossible numbers`)
  const note = (await whole(pack, name.replace(/json$/u, 'checkpoint'))).toString('utf8')
  const signer = key === null ? readKey(proof.verifierKey ?? '') : sibling(key, origin)
  const text = signer === null ? null : openNote(note, signer)
  if (text === null) return bad(`${name}: the checkpoint is not signed by the key`)
  const [said, saidSize, saidRoot] = text.split('\n')
  if (said !== origin || Number(saidSize) !== size || !origin.endsWith(`/${stream}`)) return bad(`${name}: does not fit its checkpoint`)
  const root = new RangeRoot({ first, end, size, beside })
  for await (const [seq, leaf] of leaves(stream, first, end)) {
    if (root.done !== null || root.wants !== seq - 1) return bad(`events.jsonl: record ${root.wants + 1} of ${stream} is missing, or record ${seq} stands there twice`)
    root.advance(leaf)
  }
  if (root.done === null) return bad(`events.jsonl: record ${root.wants + 1} of ${stream} is missing`)
  if (root.done.toString('base64') !== saidRoot) return bad(`events.jsonl: the records of ${stream} are not those that the checkpoint fixed (one was changed, removed, inserted or moved)`)
  say(`proof: records ${first + 1} to ${end} of ${stream} are in the tree of ${size} that ${origin} signed`)
  if (proof.earlier !== null) checkEarlier(proof, signer, Buffer.from(saidRoot, 'base64'), name)
}

/** RFC 9162 section 2.1.4.2. */
function checkEarlier({ earlier, size }, signer, root, name) {
  const text = openNote(earlier.note, signer)
  const [, oldSize, oldRoot] = text?.split('\n') ?? []
  const old = Number(oldSize)
  if (text === null || old !== earlier.size) return bad(`${name}: the earlier checkpoint is not signed by the key`)
  const hashes = earlier.consistency.map((hash) => Buffer.from(hash, 'base64'))
  const first = Buffer.from(oldRoot, 'base64')
  if (old === size ? !first.equals(root) : !isConsistent(old, size, first, root, hashes)) {
    return bad(`${name}: the later tree does not continue the earlier one`)
  }
  say(`history: the tree of ${size} continues the signed tree of ${old}`)
}

function isConsistent(old, size, oldRoot, root, hashes) {
  const [first, ...rest] = Number.isInteger(Math.log2(old)) ? [oldRoot, ...hashes] : hashes
  if (first === undefined) return false
  let [at, last, a, b] = [old - 1, size - 1, first, first]
  const up = () => {
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  while (at % 2 === 1) up()
  for (const hash of rest) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      a = nodeHash(hash, a)
      b = nodeHash(hash, b)
      while (at % 2 === 0 && at > 0) up()
    } else b = nodeHash(b, hash)
    up()
  }
  return last === 0 && a.equals(oldRoot) && b.equals(root)
}

/** Records of a stream with those left out between them, in the order of their numbers. */
const leavesIn = (pack) =>
  async function* (stream, first, end) {
    const omitted = linesOf(pack, `proofs/${stream}.omitted`)[Symbol.asyncIterator]()
    const nextOmitted = async () => {
      const { value, done } = await omitted.next()
      const match = done ? null : /^(\d+) ([0-9a-f]{64})$/u.exec(value.toString('latin1'))
      return match === null ? null : [Number(match[1]), Buffer.from(match[2], 'hex')]
    }
    let waiting = await nextOmitted()
    for await (const line of linesOf(pack, 'events.jsonl')) {
      const fields = parse(line)
      if (fields?.stream !== stream || fields.seq > end || fields.seq <= first) continue
      while (waiting !== null && waiting[0] < fields.seq) {
        yield waiting
        waiting = await nextOmitted()
      }
      yield [fields.seq, leafHash(line)]
    }
    while (waiting !== null) {
      yield waiting
      waiting = await nextOmitted()
    }
  }

function parse(line) {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    return null
  }
}

/** Numbers of a stream that a file could not be read for, as the manifest names them. */
const damagedOf = (manifest, stream) => (manifest.damaged ?? []).filter((each) => each.missing === 'records' && each.stream === stream)
const isIn = (seq, { firstSeq, lastSeq }) => seq >= firstSeq && (lastSeq === null || seq <= lastSeq)

/** Each line names the one before it, where both are in the pack; what is left out is what the manifest says. */
async function checkChain(pack, manifest) {
  const before = new Map()
  let count = 0
  for await (const line of linesOf(pack, 'events.jsonl')) {
    const fields = parse(line)
    if (fields === null || typeof fields.stream !== 'string' || !Number.isSafeInteger(fields.seq)) {
      bad('events.jsonl: a line is no record')
      continue
    }
    let last = before.get(fields.stream)
    if (last !== undefined && fields.seq === last.seq + 1 && fields.prevHash !== last.hash) {
      bad(`events.jsonl: record ${fields.seq} of ${fields.stream} does not follow on the record before it`)
    }
    if (last !== undefined && fields.seq <= last.seq) bad(`events.jsonl: record ${fields.seq} of ${fields.stream} stands at the wrong place`)
    last ??= { first: fields.seq, records: 0, damaged: damagedOf(manifest, fields.stream) }
    const file = last.damaged.find((each) => isIn(fields.seq, each))
    if (file !== undefined) bad(`events.jsonl: record ${fields.seq} of ${fields.stream} is here, although \`${file.file}\` is said not to have been readable`)
    before.set(fields.stream, { ...last, seq: fields.seq, records: last.records + 1, hash: sha256(line).toString('hex') })
    count++
  }
  say(`records: ${count}`)
  for (const said of manifest.streams ?? []) checkLeftOut(said, before.get(said.stream))
  for (const stream of before.keys()) if (!(manifest.streams ?? []).some((said) => said.stream === stream)) bad(`events.jsonl: stream ${stream} is not in the manifest`)
  return count
}

/** Numbers between the first and the last record of a stream that are not here: told, and as many as told. */
function checkLeftOut(said, seen) {
  if (seen === undefined || seen.first !== said.firstSeq || seen.seq !== said.lastSeq || seen.records !== said.records) {
    return bad(`events.jsonl: the records of ${said.stream} are not those from ${said.firstSeq} to ${said.lastSeq} that the manifest names`)
  }
  if (said.leftOut === undefined) return
  let left = seen.seq - seen.first + 1 - seen.records
  for (const { firstSeq, lastSeq } of seen.damaged) {
    left -= Math.max(0, Math.min(lastSeq ?? seen.seq, seen.seq) - Math.max(firstSeq, seen.first) + 1)
  }
  if (left !== said.leftOut) return bad(`events.jsonl: ${left} records of ${said.stream} are left out between others, the manifest says ${said.leftOut}`)
  if (left > 0) say(`left out: ${left} records of ${said.stream} between others (another time, not asked for, or missing: see coverage.json)`)
}

/** Files that could not be read when the pack was made: nothing of them can be checked here, so it is said aloud. */
function sayDamage(manifest) {
  for (const { file, why, stream, firstSeq, lastSeq, signedSize, missing } of manifest.damaged ?? []) {
    const range = lastSeq === null ? `from ${firstSeq} on` : `${firstSeq} to ${lastSeq}`
    const fixed = signedSize === null || signedSize < firstSeq ? 'no checkpoint fixes them' : `signed checkpoints fix them up to ${Math.min(signedSize, lastSeq ?? signedSize)}`
    if (missing === 'records') say(`DAMAGED: ${file} (${why}): records ${range} of ${stream} are not in this pack; ${fixed}: ask for a good copy of the file`)
    else say(`DAMAGED: ${file} (${why}): records ${range} of ${stream} may stand here without their persons`)
  }
  return (manifest.damaged ?? []).length
}

/** Persons stand in the order of their records, each with the line that the record holds a digest of. */
async function checkPersons(pack) {
  if (!pack.has('persons.jsonl')) return say('persons: none in this pack')
  const persons = linesOf(pack, 'persons.jsonl')
  let [known, gone] = [0, 0]
  for await (const line of linesOf(pack, 'events.jsonl')) {
    const fields = parse(line)
    if (typeof fields?.whoDigest !== 'string') continue
    const { value } = await persons.next()
    const person = value === undefined ? null : parse(value)
    if (person?.id !== fields.id) return bad(`persons.jsonl: record ${fields.seq} of ${fields.stream} is not at its place`)
    if (person.line === null) gone++
    else if (sha256(String(person.line)).toString('hex') === fields.whoDigest) known++
    else bad(`persons.jsonl: the person of record ${fields.seq} is not the one whose digest the record holds`)
  }
  say(`persons: ${known} with the line that their record holds a digest of, ${gone} erased or not readable`)
}

/** Revisions are computed again from the files that stand here. */
async function checkPolicies(pack) {
  const { revisions } = await json(pack, 'policies/index.json')
  let good = 0
  for (const { part, revision, kept, files } of revisions) {
    if (kept !== 'yes' || files.some(({ at }) => at === null)) continue
    const hash = createHash('sha256')
    const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const { name, at } of sorted) {
      const text = await whole(pack, at)
      hash.update(`${Buffer.byteLength(name)} ${text.length}\n${name}\n`).update(text).update('\n')
    }
    if (`sha256:${hash.digest('hex')}` === revision) good++
    else bad(`policies/index.json: the files of ${part} ${revision} do not make that revision`)
  }
  const missing = revisions.filter(({ kept }) => kept === 'no').length
  say(`rules: ${good} revisions computed again from their files${missing === 0 ? '' : `, ${missing} have no text here`}`)
}

function readArguments([path, flag, value]) {
  if (path === undefined || (flag !== undefined && (flag !== '--key' || value === undefined))) return null
  if (flag === undefined) return { path, key: null }
  const key = readKey(existsSync(value) ? readFileSync(value, 'utf8') : value)
  return key === null ? null : { path, key }
}

async function main() {
  const asked = readArguments(process.argv.slice(2))
  if (asked === null) {
    process.stderr.write('usage: node weir-verify-pack.mjs PACK [--key VERIFIER_KEY_OR_FILE]\n')
    return 2
  }
  let damaged = 0
  try {
    const pack = statSync(asked.path).isDirectory() ? folderPack(asked.path) : zipPack(asked.path)
    const { manifest, key } = await checkManifest(pack, asked.key)
    await checkFiles(pack, manifest)
    const count = await checkChain(pack, manifest)
    if (count !== manifest.records) bad(`events.jsonl: holds ${count} records, the manifest says ${manifest.records}`)
    const proofs = manifest.files.map(({ name }) => name).filter((name) => /^proofs\/[^/]+\.json$/u.test(name))
    if (proofs.length === 0) say('proof: NONE, there are no checkpoints in this pack')
    for (const name of proofs) await checkProof(pack, name, key, leavesIn(pack))
    await checkPersons(pack)
    await checkPolicies(pack)
    damaged = sayDamage(manifest)
  } catch (error) {
    process.stderr.write(`${printable(`the pack cannot be read: ${error.message}`)}\n`)
    for (const problem of problems) say(`WRONG: ${problem}`)
    return problems.length > 0 ? 1 : 3
  }
  for (const problem of problems) say(`WRONG: ${problem}`)
  const but = damaged === 0 ? '' : `, but the pack is incomplete: ${damaged} files could not be read when it was made`
  say(problems.length === 0 ? `everything that can be checked fits${but}` : `${problems.length} problems`)
  return problems.length === 0 ? 0 : 1
}

process.exitCode = await main()
