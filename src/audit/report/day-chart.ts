/**
 * Columns over time as SVG by hand: the same drawing in HTML and PDF. It tells its parts apart without colour (light,
 * middle, hatched, dark) and holds digits only; names stand in the legend beside it, in any language.
 */

/** One column: its label and its parts from the bottom up. */
export interface Column {
  readonly label: string
  readonly parts: readonly number[]
}

export interface Drawing {
  readonly svg: string
  readonly width: number
  readonly height: number
}

/** From the bottom up; the last one is what stands out. */
export const FILLS = ['#dbe4ec', '#7f9bb3', 'hatch', '#12263a'] as const

const WIDTH = 720
const HEIGHT = 172
const LEFT = 52
const RIGHT = 6
const TOP = 8
const BOTTOM = 22
const FONT = 'font-family="Helvetica, Arial, sans-serif" font-size="9" fill="#52606d"'
const MAX_LABELS = 10

export interface ChartText {
  readonly title: string
  /** What is to be seen, in a sentence. */
  readonly desc: string
  /** Unique in the page: the hatch is named by it. */
  readonly id: string
}

/** `title` and `desc` must be escaped already where they hold foreign text. */
export function dayChart(columns: readonly Column[], { title, desc, id }: ChartText): Drawing {
  const peak = Math.max(1, ...columns.map(({ parts }) => sum(parts)))
  const ticks = niceTicks(peak)
  const top = ticks.at(-1) ?? peak
  const plotHeight = HEIGHT - TOP - BOTTOM
  const y = (value: number): number => round(TOP + plotHeight * (1 - value / top))
  const step = (WIDTH - LEFT - RIGHT) / Math.max(1, columns.length)
  const body = columns.map((column, index) => stack(column, LEFT + index * step, step, { y, id })).join('')
  const every = Math.ceil(columns.length / MAX_LABELS)
  const labels = columns
    .map(({ label }, index) =>
      index % every === 0
        ? `<text x="${round(LEFT + (index + 0.5) * step)}" y="${HEIGHT - 7}" text-anchor="middle" ${FONT}>${label}</text>`
        : '',
    )
    .join('')
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="${id}-t ${id}-d" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">` +
    `<title id="${id}-t">${title}</title><desc id="${id}-d">${desc}</desc>${hatch(id)}` +
    `${ticks.map((tick) => gridLine(tick, y(tick))).join('')}${body}${labels}</svg>`
  return { svg, width: WIDTH, height: HEIGHT }
}

/** A small box of the legend with the same fill. */
export function legendBox(index: number, id: string): string {
  const own = `${id}-${index}`
  const fill = fillOf(index, own)
  return `<svg xmlns="http://www.w3.org/2000/svg" aria-hidden="true" width="14" height="10" viewBox="0 0 14 10">${index === 2 ? hatch(own) : ''}<rect x="0.5" y="0.5" width="13" height="9" fill="${fill}" stroke="#12263a" stroke-width="0.6"/></svg>`
}

function stack(
  { parts }: Column,
  x: number,
  step: number,
  { y, id }: { readonly y: (value: number) => number; readonly id: string },
): string {
  const gap = step > 6 ? Math.min(6, step * 0.22) : 0
  let below = 0
  return parts
    .map((part, index) => {
      const from = y(below)
      below += part
      const to = y(below)
      if (part === 0) return ''
      // A single blocked request among thousands must not vanish.
      const height = Math.max(1, round(from - to))
      return `<rect x="${round(x + gap / 2)}" y="${round(from - height)}" width="${round(Math.max(0.8, step - gap))}" height="${height}" fill="${fillOf(index, id)}"${index === 2 ? ' stroke="#12263a" stroke-width="0.5"' : ''}/>`
    })
    .join('')
}

const fillOf = (index: number, id: string): string => {
  const fill = FILLS[Math.min(index, FILLS.length - 1)] ?? FILLS[0]
  return fill === 'hatch' ? `url(#${id}-h)` : fill
}

const hatch = (id: string): string =>
  `<defs><pattern id="${id}-h" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" fill="#fff"/><path d="M-1 1L1 -1M0 5L5 0M4 6L6 4" stroke="#c05621" stroke-width="1.4"/></pattern></defs>`

const gridLine = (tick: number, at: number): string =>
  `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="#d3dce4" stroke-width="0.6"/><text x="${LEFT - 6}" y="${round(at + 3)}" text-anchor="end" ${FONT}>${shortNumber(tick)}</text>`

/** 0 and up to five round numbers, the last one not below `peak`. */
export function niceTicks(peak: number): number[] {
  const rough = Math.max(1, peak) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const unit = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? 10 * power
  const step = Math.max(1, unit)
  return Array.from({ length: Math.ceil(peak / step) + 1 }, (_, index) => Math.round(index * step))
}

/** `12k`, `3.4M`: room beside the axis is small. */
export function shortNumber(value: number): string {
  if (value >= 1_000_000) return `${round(value / 1_000_000)}M`
  return value >= 10_000 ? `${round(value / 1000)}k` : String(value)
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const round = (value: number): number => Math.round(value * 10) / 10
