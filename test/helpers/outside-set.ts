/** Texts of the outside sets: formats and texts that were written before any rule was tuned by them, values made anew. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { expandExample } from '../../src/inspect/example-text.ts'
import { type LabelledText, place } from './labelled-set.ts'
import { fillPersonal } from './personal-numbers.ts'

const CASES = new URL('../cases/detect/', import.meta.url)
const read = (file: string): unknown => parse(readFileSync(new URL(file, CASES), 'utf8'))

/** In how many contexts each format stands; which ones differs from format to format. */
const CONTEXTS_EACH = 4

interface OutsideSet {
  /** Provider and what its credential looks like where nothing but the provider's name tells it. */
  readonly named: readonly (readonly [string, string])[]
  /** Formats that tell by themselves. */
  readonly bare: readonly string[]
  /** Whole texts; the value stands between « and ». */
  readonly texts: readonly string[]
}
type Contexts = Readonly<Record<`${'named' | 'bare'}${'' | '2' | '4' | '5'}`, Readonly<Record<string, string>>>>

/** `outside-<set>.yaml`. */
export type OutsideSetName = '1' | '2' | '3' | '4' | '5'
/** Which contexts of `outside-contexts.yaml` a set is put into. */
const CONTEXTS_OF = { 1: '', 2: '2', 3: '2', 4: '4', 5: '5' } as const

/** Every format of `outside-<set>.yaml` in some of the outside contexts, and its texts. Another `seed`, other values. */
export function outsideSet(set: OutsideSetName, seed: string): LabelledText[] {
  const contexts = read('outside-contexts.yaml') as Contexts
  const { named, bare, texts } = read(`outside-${set}.yaml`) as OutsideSet
  const suffix = CONTEXTS_OF[set]
  const [ofNamed, ofBare] = [contexts[`named${suffix}`], contexts[`bare${suffix}`]]
  return [
    ...named.flatMap(([name, value]) => inContexts('named', ofNamed, { name, value, seed })),
    ...bare.flatMap((value) => inContexts('bare', ofBare, { name: '', value, seed })),
    ...texts.map((text, index) => marked(text, `${seed}/${set}/${index}`)),
  ]
}

/** The hard lines of the outside sets: nothing may be found in them. */
export const outsideLines = (seed: string): string[] =>
  ['', '-4']
    .flatMap((set) => read(`outside-negatives${set}.yaml`) as string[])
    .map((line, index) => expandExample(line, `${seed}/line/${index}`))

function inContexts(
  group: 'named' | 'bare',
  contexts: Readonly<Record<string, string>>,
  { name, value, seed }: { readonly name: string; readonly value: string; readonly seed: string },
): LabelledText[] {
  const entries = Object.entries(contexts)
  const first = createHash('sha256').update(`${group}/${name}/${value}`).digest().readUInt16BE(0)
  return Array.from({ length: CONTEXTS_EACH }, (_, step) => {
    const [context, template] = entries[
      (first + step * Math.floor(entries.length / CONTEXTS_EACH)) % entries.length
    ] ?? ['', '']
    const source = name === '' ? value : name
    return unmarked(
      place(template, { group, context, source, name, value: expandExample(value, `${seed}/${source}/${context}`) }),
    )
  })
}

function marked(template: string, seed: string): LabelledText {
  const text = fillPersonal(expandExample(template, seed), seed)
  return unmarked({ group: 'texts', context: 'text', source: template, text, start: 0, end: text.length })
}

/** Where « and » stand, only what is between them is the credential; both are taken out. */
function unmarked(row: LabelledText): LabelledText {
  const start = row.text.indexOf('«')
  if (start < 0) return row
  const end = row.text.indexOf('»') - 1
  return { ...row, text: row.text.replace('«', '').replace('»', ''), start, end }
}
