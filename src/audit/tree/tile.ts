/** Tiles of a Merkle tree as C2SP tlog-tiles v1 (https://c2sp.org/tlog-tiles) lays them out: 256 hashes each. Pure. */

/** Hashes of a full tile, and how many entries one hash of the next level stands for. */
export const TILE_WIDTH = 256
/** Levels of the tree within one tile. */
export const TILE_HEIGHT = 8

export interface Tile {
  /** 0: leaves. A hash of level `L` is the root of `256 ** L` entries. */
  readonly level: number
  /** Place in its level, from 0. */
  readonly index: number
  /** Hashes in it, 1 to 256; fewer than 256: a partial tile. */
  readonly width: number
}

/** Path of a tile below the log's folder, e.g. `tile/0/x001/x234/067` or `tile/0/000.p/17`. */
export const tilePath = ({ level, index, width }: Tile): string => `tile/${level}/${numberPath(index)}${suffix(width)}`

/** Path of the bundle of the entries whose hashes a tile of level 0 holds. */
export const bundlePath = (index: number, width: number): string => `tile/entries/${numberPath(index)}${suffix(width)}`

/** The tiles that the tree of `size` entries ends in: the partial ones, and a full one where it ends with it. */
export function lastTiles(size: number): Tile[] {
  const tiles: Tile[] = []
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
    const width = count % TILE_WIDTH
    if (width > 0) tiles.push({ level, index: Math.floor(count / TILE_WIDTH), width })
  }
  return tiles
}

const suffix = (width: number): string => (width === TILE_WIDTH ? '' : `.p/${width}`)

function numberPath(index: number): string {
  let path = pad(index % 1000)
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    path = `x${pad(rest % 1000)}/${path}`
  return path
}

const pad = (value: number): string => String(value).padStart(3, '0')
