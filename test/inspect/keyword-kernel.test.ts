import fc from 'fast-check'
import t from 'tap'
import { CLASS_BITS, createKernel, type Kernel, LANES } from '../../src/inspect/keyword-kernel.ts'

interface Walked {
  readonly states: number
  /** Next states by `state << CLASS_BITS | class`, taken over and over. */
  readonly targets: readonly number[]
  readonly units: readonly number[]
  readonly firstAccepting: number
}

const walked: fc.Arbitrary<Walked> = fc.integer({ min: 2, max: 40 }).chain((states) =>
  fc.record({
    states: fc.constant(states),
    targets: fc.array(fc.nat({ max: states - 1 }), { minLength: 1, maxLength: 200 }),
    units: fc.array(fc.nat({ max: 0xffff }), { minLength: LANES, maxLength: 300 }),
    firstAccepting: fc.nat({ max: states }),
  }),
)

/** Every unit has a class of its own, as far as they go. */
const CLASSES = Uint8Array.from({ length: 0x10000 }, (_, unit) => unit % (1 << CLASS_BITS))

function nextOf({ states, targets }: Walked, atLeast = 0): Uint32Array {
  const length = Math.max(states, atLeast) << CLASS_BITS
  return Uint32Array.from({ length }, (_, index) => targets[index % targets.length] ?? 0)
}

function slowly({ units, firstAccepting }: Walked, next: Uint32Array, from: number, length: number): string[] {
  let state = 0
  const told: string[] = []
  for (let at = from; at < from + length; at += 1) {
    state = next[(state << CLASS_BITS) | (CLASSES[units[at] ?? 0] ?? 0)] ?? 0
    if (state >= firstAccepting) told.push(`${at}:${state}`)
  }
  return told
}

const hitsOf = (kernel: Kernel, lane: number): string[] =>
  Array.from(
    { length: kernel.hits(lane) },
    (_, index) => `${kernel.unitOf(lane, index)}:${kernel.stateOf(lane, index)}`,
  )

/** `atLeast`: so many states the table has, though only the first ones are entered. */
function isWalkedAlike(one: Walked, lanes: number, atLeast = 0): boolean {
  const next = nextOf(one, atLeast)
  const kernel = createKernel({ classes: CLASSES, next, firstAccepting: one.firstAccepting, mostUnits: 300 })
  kernel.units.set(one.units)
  const stride = Math.floor(one.units.length / lanes)
  kernel.walk(lanes, stride, stride)
  return Array.from({ length: lanes }, (_, lane) => lane).every(
    (lane) => hitsOf(kernel, lane).join() === slowly(one, next, lane * stride, stride).join(),
  )
}

t.test('one lane and several tell the states that a plain loop enters', async () => {
  fc.assert(fc.property(walked, (one) => isWalkedAlike(one, 1) && isWalkedAlike(one, LANES)))
})

t.test('so does a table of more states than two bytes can name', async () => {
  fc.assert(
    fc.property(walked, (one) => isWalkedAlike(one, LANES, 0x10001)),
    { numRuns: 3 },
  )
})

t.test('lanes may overlap, and a second walk forgets the first', async (t) => {
  const next = Uint32Array.from({ length: 2 << CLASS_BITS }, (_, index) => Number(index % 64 === 1))
  const kernel = createKernel({ classes: CLASSES, next, firstAccepting: 1, mostUnits: 16 })
  kernel.units.set([1, 0, 0, 1, 1, 0, 0, 1, 0, 1])
  kernel.walk(LANES, 2, 4)
  t.strictSame(
    [0, 1, 2, 3].map((lane) => hitsOf(kernel, lane)),
    [
      ['0:1', '3:1'],
      ['3:1', '4:1'],
      ['4:1', '7:1'],
      ['7:1', '9:1'],
    ],
  )
  kernel.walk(1, 0, 1)
  t.strictSame(hitsOf(kernel, 0), ['0:1'])
})
