/** Some of many findings, without a copy of them. */
import type { Finding, Findings } from './finding.ts'

/** Those at whose place `isKept` holds something else than 0. An array where they are one. */
export function pickFindings(findings: Findings, isKept: Uint8Array): Findings {
  if (Array.isArray(findings)) return (findings as readonly Finding[]).filter((_, index) => isKept[index] !== 0)
  return new PickedFindings(findings, isKept)
}

class PickedFindings implements Findings {
  readonly length: number
  readonly #all: Findings
  readonly #isKept: Uint8Array

  constructor(all: Findings, isKept: Uint8Array) {
    this.#all = all
    this.#isKept = isKept
    let length = 0
    for (let index = 0; index < all.length; index += 1) if (isKept[index] !== 0) length += 1
    this.length = length
  }

  *[Symbol.iterator](): Generator<Finding> {
    let index = 0
    for (const finding of this.#all) {
      if (this.#isKept[index] !== 0) yield finding
      index += 1
    }
  }
}
