/**
 * The inner loop of the keyword search, as a WebAssembly module that is put together here (decision 0043). A step waits
 * for the row of the last one to come from memory, so several stretches of a text are walked at once, each a lane of its
 * own: the processor has then always something to do. In JavaScript the same takes two to four times as long, and a loop
 * that runs over a whole text is compiled and given up again and again.
 */
import { Buffer } from 'node:buffer'

/** Stretches of a long text that are walked at once. More than this gain nothing. */
export const LANES = 4
/** A row of the table: the next state per class of character. */
export const CLASS_BITS = 6
/** Most states of a table of two bytes each; more of them take four. */
const MOST_NARROW = 0x10000

/** Where things lie in the memory, in bytes. Code units take two each. */
const CLASSES_AT = 0
const CLASSES_BYTES = 0x10000
const ENDS_AT = CLASSES_AT + CLASSES_BYTES
const UNITS_AT = ENDS_AT + 64
const HIT_BYTES = 8
const PAGE_BYTES = 0x10000

/** A table of states to walk by. */
export interface KernelTable {
  /** A class below `1 << CLASS_BITS` for each of the 65,536 UTF-16 units. */
  readonly classes: Uint8Array
  /** The next state, by `state << CLASS_BITS | class`. The walk begins in state 0. */
  readonly next: Uint32Array
  /** States from here on are told. */
  readonly firstAccepting: number
  /** Most units that a walk is given: those of all its lanes, and those that they share. */
  readonly mostUnits: number
}

export interface Kernel {
  /** What is walked over; the owner fills it. At least `mostUnits` long. */
  readonly units: Uint16Array
  /** `units` as bytes. */
  readonly bytes: Buffer
  /**
   * Walks `lanes` (1 or `LANES`) stretches of `length` units each, which begin `stride` units apart, and says how many
   * hits the lanes have.
   */
  readonly walk: (lanes: number, stride: number, length: number) => void
  /** Hits of the last walk in one lane, in their order. */
  readonly hits: (lane: number) => number
  /** The unit at which hit `index` of a lane was told, and the state. */
  readonly unitOf: (lane: number, index: number) => number
  readonly stateOf: (lane: number, index: number) => number
}

export function createKernel({ classes, next, firstAccepting, mostUnits }: KernelTable): Kernel {
  const isNarrow = next.length >> CLASS_BITS <= MOST_NARROW
  const hitsAt = aligned(UNITS_AT + 2 * mostUnits)
  // One lane may have all the units, or each of several its share and a common rest: never more than all for each.
  const laneBytes = HIT_BYTES * mostUnits
  const tableAt = aligned(hitsAt + LANES * laneBytes)
  const size = tableAt + next.length * (isNarrow ? 2 : 4)
  const memory = new WebAssembly.Memory({ initial: Math.ceil(size / PAGE_BYTES) })
  const { buffer } = memory
  new Uint8Array(buffer, CLASSES_AT, CLASSES_BYTES).set(classes)
  ;new (isNarrow ? Uint16Array : Uint32Array)(buffer, tableAt, next.length).set(next)
  const { exports } = new WebAssembly.Instance(moduleOf(isNarrow), { '': { memory } })
  const numbers = new Uint32Array(buffer, 0, tableAt >> 2)
  const hitAt = (lane: number, index: number): number => (hitsAt + lane * laneBytes + index * HIT_BYTES) >> 2
  return {
    units: new Uint16Array(buffer, UNITS_AT, mostUnits),
    bytes: Buffer.from(buffer, UNITS_AT, 2 * mostUnits),
    walk: (lanes, stride, length) => {
      const walk = lanes === 1 ? exports.one : exports.all
      walk(UNITS_AT, 2 * stride, 2 * length, firstAccepting, tableAt, hitsAt, laneBytes)
    },
    hits: (lane) => ((numbers[(ENDS_AT >> 2) + lane] ?? 0) - hitsAt - lane * laneBytes) / HIT_BYTES,
    unitOf: (lane, index) => ((numbers[hitAt(lane, index)] ?? 0) - UNITS_AT) >> 1,
    stateOf: (lane, index) => numbers[hitAt(lane, index) + 1] ?? 0,
  }
}

const aligned = (at: number): number => (at + 63) & ~63

type Walk = (
  unitsAt: number,
  stride: number,
  length: number,
  firstAccepting: number,
  tableAt: number,
  hitsAt: number,
  laneBytes: number,
) => void

/** What is used of it; the types of Node have none. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { readonly initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, object>>>>,
  ) => { readonly exports: { readonly one: Walk; readonly all: Walk } }
}

const modules = new Map<boolean, object>()

function moduleOf(isNarrow: boolean): object {
  const known = modules.get(isNarrow) ?? new WebAssembly.Module(Buffer.from(moduleBytes(isNarrow)))
  modules.set(isNarrow, known)
  return known
}

/** WebAssembly core specification 2.0, section 5 (binary format). */
const I32 = 0x7f
const NOTHING = 0x40
const LOOP = 0x03
const IF = 0x04
const END = 0x0b
const AGAIN_IF = [0x0d, 0]
const I32_ADD = 0x6a
const I32_OR = 0x72
const I32_SHL = 0x74
const I32_LESS = 0x49
const I32_NOT_LESS = 0x4f
const LOAD_BYTE = [0x2d, 0]
const LOAD_TWO = [0x2f, 1]
const LOAD_FOUR = [0x28, 2]
const STORE_FOUR = [0x36, 2]

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

const get = (local: number): number[] => [0x20, ...unsigned(local)]
const set = (local: number): number[] => [0x21, ...unsigned(local)]
/** Of small numbers: the one byte of signed LEB128 holds up to 63. */
const constant = (value: number): number[] => [0x41, value]
const name = (text: string): number[] => [text.length, ...Buffer.from(text, 'latin1')]
const list = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()]
const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes]
const section = (id: number, items: readonly (readonly number[])[]): number[] => [id, ...sized(list(items))]

/** Imports its memory; exports `one` and `all`, which walk one lane and `LANES` of them. */
function moduleBytes(isNarrow: boolean): number[] {
  return [
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [[0x60, ...list(Array<number[]>(7).fill([I32])), ...list([])]]),
    ...section(2, [[...name(''), ...name('memory'), 0x02, 0x00, 1]]),
    ...section(3, [[0], [0]]),
    ...section(7, [
      [...name('one'), 0x00, 0],
      [...name('all'), 0x00, 1],
    ]),
    ...section(10, [walkBody(1, isNarrow), walkBody(LANES, isNarrow)].map(sized)),
  ]
}

/** The parameters of `Walk`, and behind them the locals. */
const [FIRST, STRIDE, LENGTH, FIRST_ACCEPTING, TABLE, HITS, LANE_BYTES, STOP, LOCALS] = [0, 1, 2, 3, 4, 5, 6, 7, 8]

function walkBody(lanes: number, isNarrow: boolean): number[] {
  const lane = (index: number) => ({
    state: LOCALS + 3 * index,
    unit: LOCALS + 3 * index + 1,
    hit: LOCALS + 3 * index + 2,
  })
  const all = Array.from({ length: lanes }, (_, index) => lane(index))
  const row = [...constant(isNarrow ? 1 : 2), I32_SHL]
  return [
    ...list([[...unsigned(LOCALS - STOP + 3 * lanes), I32]]),
    ...[...get(FIRST), ...get(LENGTH), I32_ADD, ...set(STOP)],
    ...all.flatMap(({ unit, hit }, index) => {
      const before = lane(index - 1)
      return index === 0
        ? [...get(FIRST), ...set(unit), ...get(HITS), ...set(hit)]
        : [
            ...[...get(before.unit), ...get(STRIDE), I32_ADD, ...set(unit)],
            ...[...get(before.hit), ...get(LANE_BYTES), I32_ADD, ...set(hit)],
          ]
    }),
    ...[LOOP, NOTHING],
    ...all.flatMap(({ state, unit }) => [
      ...get(TABLE),
      ...[...get(state), ...constant(CLASS_BITS), I32_SHL],
      ...[...get(unit), ...LOAD_TWO, 0, ...LOAD_BYTE, CLASSES_AT],
      ...[I32_OR, ...row, I32_ADD],
      ...[...(isNarrow ? LOAD_TWO : LOAD_FOUR), 0, ...set(state)],
    ]),
    ...all.flatMap(({ state, unit, hit }) => [
      ...[...get(state), ...get(FIRST_ACCEPTING), I32_NOT_LESS, IF, NOTHING],
      ...[...get(hit), ...get(unit), ...STORE_FOUR, 0],
      ...[...get(hit), ...get(state), ...STORE_FOUR, 4],
      ...[...get(hit), ...constant(HIT_BYTES), I32_ADD, ...set(hit), END],
    ]),
    ...all.flatMap(({ unit }) => [...get(unit), ...constant(2), I32_ADD, ...set(unit)]),
    ...[...get(lane(0).unit), ...get(STOP), I32_LESS, ...AGAIN_IF, END],
    ...all.flatMap(({ hit }, index) => [...constant(0), ...get(hit), ...STORE_FOUR, ...unsigned(ENDS_AT + 4 * index)]),
    END,
  ]
}
