/** What fingerprints are by definition, written plainly: no slices, nothing remembered. What is fast must agree with it. */

interface PlainBare {
  readonly units: readonly number[]
  /** Where in the text each of the units stood. */
  readonly places: readonly number[]
}

const LONGEST_COMMENT = 8192
const isBlank = (unit: string): boolean => unit <= ' ' || unit === '\u00a0' || unit === '\u3000'

/** The text without white space, comments and case. */
export function plainBare(text: string): PlainBare {
  const units: number[] = []
  const places: number[] = []
  let isLineStart = true
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charAt(at)
    if (isBlank(unit)) isLineStart ||= unit === '\n'
    else if (commentAt(text, at, isLineStart) > 0) at += commentAt(text, at, isLineStart) - 1
    else {
      isLineStart = false
      units.push(unit.replace(/[A-Z]/, (letter) => letter.toLowerCase()).charCodeAt(0))
      places.push(at)
    }
  }
  return { units, places }
}

/** Units of the comment at `at`; 0 when there is none. */
function commentAt(text: string, at: number, isLineStart: boolean): number {
  const rest = text.slice(at, at + LONGEST_COMMENT)
  const block = /^\/\*[^]*?\*\/|^<!-[^]*?-->/.exec(rest)?.[0] ?? ''
  if (rest.startsWith('/*')) return block.length
  if (rest.startsWith('<!--')) return (/^<![^]*?-->/.exec(rest)?.[0] ?? '').length
  const before = text.charAt(at - 1)
  const isLine =
    (rest.startsWith('//') && before !== ':') ||
    (rest.startsWith('#') && (isLineStart || (before !== '' && before <= ' '))) ||
    (isLineStart && (rest.startsWith('--') || /^\*[\0-\x20]/.test(rest)))
  return isLine ? (rest.split('\n')[0] ?? '').length : 0
}

/** The chosen hashes by place, each with the number of the unit that its run of 32 begins at. */
export function plainFingerprints({ units }: PlainBare): [hash: number, unit: number][] {
  const hashes = units.slice(31).map((_, start) => hashOf(units.slice(start, start + 32)))
  const chosen: [number, number][] = []
  for (let last = 15; last < hashes.length; last += 1) {
    const window = hashes.slice(last - 15, last + 1)
    const least = window.reduce((a, b) => Math.min(a, b))
    const unit = last - 15 + window.lastIndexOf(least)
    if (chosen.at(-1)?.[1] !== unit) chosen.push([least, unit])
  }
  return chosen
}

function hashOf(run: readonly number[]): number {
  let hash = 0
  for (const unit of run) hash = (Math.imul(hash, 0x01000193) + unit) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0 || 1
}
