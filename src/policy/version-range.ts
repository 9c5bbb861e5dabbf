/** Version ranges of rules: `<0.160.0`, `>=1.2 <2`, `1.4 || >=2`. Order of versions as semver, any number of parts. */

export type VersionTest = (version: string) => boolean

interface Version {
  readonly numbers: readonly number[]
  /** Pre-release identifiers; `null` for a release. */
  readonly pre: readonly string[] | null
}

const COMPARATOR = /^(<=|>=|<|>|=)?v?(\d[0-9A-Za-z.+-]*)$/u

/** Compile a range; `null` when it cannot be read. A version that cannot be read is in no range. */
export function compileVersionRange(range: string): VersionTest | null {
  const alternatives: VersionTest[] = []
  for (const part of range.split('||')) {
    const tests = part.trim().split(/\s+/u).map(compileComparator)
    const known = tests.filter((test) => test !== null)
    if (known.length !== tests.length) return null
    alternatives.push((version) => known.every((test) => test(version)))
  }
  return (version) => alternatives.some((test) => test(version))
}

function compileComparator(text: string): VersionTest | null {
  const match = COMPARATOR.exec(text)
  const bound = parseVersion(match?.[2] ?? '')
  if (match === null || bound === null) return null
  const operator = match[1] ?? '='
  return (text) => {
    const version = parseVersion(text)
    if (version === null) return false
    if (operator === '=') return startsWith(version, bound)
    const order = compareVersions(version, bound)
    if (operator.startsWith('<')) return order < 0 || (operator === '<=' && order === 0)
    return order > 0 || (operator === '>=' && order === 0)
  }
}

function parseVersion(text: string): Version | null {
  const match = /^v?(\d{1,9}(?:\.\d{1,9}){0,7})(?:-([0-9A-Za-z.-]{1,64}))?(?:\+.*)?$/u.exec(text)
  if (match === null) return null
  return { numbers: (match[1] ?? '').split('.').map(Number), pre: match[2]?.split('.') ?? null }
}

/** `=1.4` means every 1.4.x; a full version means itself. */
function startsWith(version: Version, bound: Version): boolean {
  if (bound.pre !== null) return compareVersions(version, bound) === 0
  return bound.numbers.every((number, index) => (version.numbers[index] ?? 0) === number)
}

function compareVersions(a: Version, b: Version): number {
  const length = Math.max(a.numbers.length, b.numbers.length)
  for (let index = 0; index < length; index += 1) {
    const difference = (a.numbers[index] ?? 0) - (b.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  return comparePre(a.pre, b.pre)
}

/** Semver 2.0 section 11: a pre-release comes before its release; numbers before words. */
function comparePre(a: readonly string[] | null, b: readonly string[] | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const left = a[index]
    const right = b[index]
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1
    if (left !== right) return compareIdentifiers(left, right)
  }
  return 0
}

function compareIdentifiers(left: string, right: string): number {
  const isLeftNumber = /^\d+$/u.test(left)
  const isRightNumber = /^\d+$/u.test(right)
  if (isLeftNumber && isRightNumber) return Number(left) - Number(right)
  if (isLeftNumber !== isRightNumber) return isLeftNumber ? -1 : 1
  return left < right ? -1 : 1
}
