/** What all tables of known things have in common: terms of dictionaries, fingerprints of source code. */

/** Called with a place, UTF-16 units. */
export type PlaceHit = (start: number, end: number) => void

/** Knows many things by heart and finds them in a text. */
export interface PlaceTable {
  /** Calls `onPlace` for what it finds, by place; the places are disjoint. Stops when `isOver`. */
  readonly scan: (text: string, isOver: () => boolean, onPlace: PlaceHit) => void
  readonly size: number
}
