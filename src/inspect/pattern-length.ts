/** How short and how long the texts are that a pattern matches, in characters. */
import type { PatternNode } from './pattern-syntax.ts'

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
