/** What is known of the texts that a pattern matches: how short and how long they are, in characters, and their beginnings. */
import type { CharacterSet, PatternNode } from './pattern-syntax.ts'

/** Look-around and assertions take nothing. */
export function shortestMatch(node: PatternNode): number {
  switch (node.kind) {
    case 'characters':
      return 1
    case 'assertion':
      return 0
    case 'sequence':
      return node.items.reduce((sum, item) => sum + shortestMatch(item), 0)
    case 'choice':
      return Math.min(...node.options.map(shortestMatch))
    case 'repeat':
      return shortestMatch(node.item) * node.min
  }
}

/** The furthest that a match looks, what its look-around sees included; infinite when there is no end. */
export function longestMatch(node: PatternNode): number {
  switch (node.kind) {
    case 'characters':
      return 1
    case 'assertion':
      return node.inside === null ? 1 : longestMatch(node.inside)
    case 'sequence':
      return node.items.reduce((sum, item) => sum + longestMatch(item), 0)
    case 'choice':
      return Math.max(...node.options.map(longestMatch))
    case 'repeat':
      // `0 × infinite` is no number.
      return node.max === 0 ? 0 : longestMatch(node.item) * node.max
  }
}

const ANY: CharacterSet = (1n << 129n) - 1n

/** With which characters a match may begin; all of them for a pattern that matches the empty text. */
export function firstCharacters(node: PatternNode): CharacterSet {
  const { set, isNullable } = beginningOf(node)
  return isNullable ? ANY : set
}

/** Which characters a match may be made of, wherever in it they stand. */
export function everyCharacter(node: PatternNode): CharacterSet {
  switch (node.kind) {
    case 'characters':
      return node.set
    case 'assertion':
      return 0n
    case 'sequence':
      return node.items.reduce((all, item) => all | everyCharacter(item), 0n)
    case 'choice':
      return node.options.reduce((all, option) => all | everyCharacter(option), 0n)
    case 'repeat':
      return node.max === 0 ? 0n : everyCharacter(node.item)
  }
}

interface Beginning {
  readonly set: CharacterSet
  /** May take no character: what follows begins the match. */
  readonly isNullable: boolean
}

function beginningOf(node: PatternNode): Beginning {
  switch (node.kind) {
    case 'characters':
      return { set: node.set, isNullable: false }
    case 'assertion':
      return { set: 0n, isNullable: true }
    case 'sequence': {
      let set: CharacterSet = 0n
      for (const item of node.items) {
        const beginning = beginningOf(item)
        set |= beginning.set
        if (!beginning.isNullable) return { set, isNullable: false }
      }
      return { set, isNullable: true }
    }
    case 'choice': {
      const options = node.options.map(beginningOf)
      const set = options.reduce((all, option) => all | option.set, 0n)
      return { set, isNullable: options.some((option) => option.isNullable) }
    }
    case 'repeat':
      return { set: beginningOf(node.item).set, isNullable: node.min === 0 || beginningOf(node.item).isNullable }
  }
}
