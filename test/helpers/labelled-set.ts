/** Texts with and without credentials, made anew from formats and contexts: what detection is steered by. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { expandExample } from '../../src/inspect/example-text.ts'
import { shippedDetectors, shippedSources } from './detectors.ts'

const CASES = new URL('../cases/', import.meta.url)
const read = (file: string): unknown => parse(readFileSync(new URL(file, CASES), 'utf8'))

/** One text with one credential at a known place. */
export interface LabelledText {
  /** `named`, `bare` or `generic` of `contexts.yaml`; `rule-named` and `rule-bare` are made from the rules' examples. */
  readonly group: string
  readonly context: string
  /** The rule whose example it is, or the format. */
  readonly source: string
  readonly text: string
  readonly start: number
  readonly end: number
}

type Contexts = Readonly<Record<'named' | 'bare' | 'generic', Readonly<Record<string, string>>>>
interface Format {
  readonly group: 'named' | 'bare' | 'generic'
  readonly name?: string
  readonly value: string
}

/** Every format in every context of its group; another `seed` makes other values. */
export function labelledFormats(seed: string): LabelledText[] {
  const contexts = read('detect/contexts.yaml') as Contexts
  return (read('detect/formats.yaml') as Format[]).flatMap(({ group, name = '', value }) =>
    Object.entries(contexts[group]).map(([context, template]) =>
      place(template, {
        group,
        context,
        source: name === '' ? value : name,
        name,
        value: expandExample(value, `${seed}/${name}${context}`),
      }),
    ),
  )
}

/** The value of every rule's first example, in every context: recall by detector. */
export function labelledRules(seed: string): LabelledText[] {
  const contexts = read('detect/contexts.yaml') as Contexts
  const set = shippedDetectors()
  return shippedSources()
    .flatMap(({ document }) => (document as { detectors: Rule[] }).detectors)
    .flatMap((rule) => {
      const text = expandExample(rule.examples.match[0] ?? '', `${seed}/${rule.id}`)
      const match = set.scan(text, () => false).matches.find((each) => each.detector.id === rule.id)
      const value = match === undefined ? '' : text.slice(match.start, match.end)
      if (value === '' || (rule.near ?? rule.keywords)?.some((word) => /[/.=:]/.test(word)) !== false) return []
      if (rule.near === undefined && !value.startsWith(rule.keywords?.[0] ?? '\n')) return []
      const group = rule.near === undefined ? 'bare' : 'named'
      const name = rule.near?.[0] ?? ''
      return Object.entries(contexts[group]).map(([context, template]) =>
        place(template, { group: `rule-${group}`, context, source: rule.id, name, value }),
      )
    })
}

interface Rule {
  readonly id: string
  readonly near?: readonly string[]
  readonly keywords?: readonly string[]
  readonly examples: { readonly match: readonly string[] }
}

interface Slots {
  readonly group: string
  readonly context: string
  readonly source: string
  readonly name: string
  readonly value: string
}

/** A template of `contexts.yaml` with a name and a value in it. */
export function place(template: string, { group, context, source, name, value }: Slots): LabelledText {
  const upper = name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')
  const lower = name.toLowerCase().replace(/[^a-z0-9]+/g, '_')
  const text = template
    .replaceAll('{NAME}', upper)
    .replaceAll('{name}', lower)
    .replaceAll('{Name}', lower.charAt(0).toUpperCase() + lower.slice(1))
    .replaceAll('<nl>', '\n')
  const start = text.indexOf('{value}')
  return { group, context, source, text: text.replace('{value}', () => value), start, end: start + value.length }
}

/** Ordinary lines in which nothing may be found. */
export const hardLines = (): string[] => [
  ...(read('detectors-hard-lines.yaml') as string[]),
  ...(read('detect/negatives.yaml') as string[]),
]
