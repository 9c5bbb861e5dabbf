/** Rules of restoring over one placeholder and its value, for whatever reads the answer. */
import type { EventRules } from '../../src/inspect/restore-event.ts'

export const KEY = 'WEIRABCDEFGHIJKL'
/** Of characters that JSON escapes. */
export const VALUE = 'sk-"real"\n'

export const oneValue = (pointsOf: EventRules['pointsOf']): EventRules => ({
  pointsOf,
  historySigns: [],
  onHistory: () => undefined,
  book: {
    prefix: 'WEIR',
    valueOf: (placeholder) => (placeholder === KEY ? VALUE : null),
    onRestored: () => undefined,
    onMiss: () => undefined,
  },
})
