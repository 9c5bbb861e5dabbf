/**
 * Regexes from rule files, allowed only when V8's backtracking engine runs them in time linear in the text:
 * an attacker chooses the text (a user agent, a host name), so a slow pattern would be a way to stop the proxy.
 */
import { type CharSet, parseRegex, type RegexNode } from './regex-syntax.ts'

export interface LinearRegex {
  readonly source: string
  readonly regex: RegExp
  /** Texts of which a match must begin with one; `null` when it can begin with anything. */
  readonly heads: readonly string[] | null
  /** Texts of which a match must end with one; `null` when it can end with anything. */
  readonly tails: readonly string[] | null
  /** Names of the named groups. */
  readonly groups: readonly string[]
  /** One text that matches. */
  readonly sample: string
}

export type LinearRegexResult =
  | { readonly ok: true; readonly value: LinearRegex }
  | { readonly ok: false; readonly problem: string }

const MAX_SOURCE = 300
const MAX_WAYS = 256
const MAX_TEXTS = 32

/** Compile a pattern, or say why it is refused. */
export function compileLinearRegex(source: string): LinearRegexResult {
  if (source.length > MAX_SOURCE) return { ok: false, problem: `a pattern is longer than ${MAX_SOURCE} characters` }
  const parsed = parseRegex(source)
  if (!parsed.ok) return parsed
  const { tree } = parsed
  const problem = repeatProblem(tree) ?? timeProblem(tree)
  if (problem !== null) return { ok: false, problem }
  const edges = { heads: edgeTexts(tree, 'head'), tails: edgeTexts(tree, 'tail') }
  return {
    ok: true,
    value: { source, regex: new RegExp(source), ...edges, groups: groupNames(tree), sample: sampleOf(tree) },
  }
}

const children = (node: RegexNode): readonly RegexNode[] => {
  switch (node.kind) {
    case 'sequence':
      return node.items
    case 'either':
      return node.branches
    case 'group':
    case 'repeat':
      return [node.body]
    case 'chars':
    case 'start':
    case 'end':
    case 'boundary':
      return []
  }
}

const bare = (node: RegexNode): RegexNode =>
  node.kind === 'group'
    ? bare(node.body)
    : node.kind === 'sequence' && node.items.length === 1 && node.items[0] !== undefined
      ? bare(node.items[0])
      : node

/** Only single characters and classes may repeat without a limit; counted repeats may hold no other repeat. */
function repeatProblem(node: RegexNode): string | null {
  if (node.kind === 'repeat' && bare(node.body).kind !== 'chars') {
    if (node.max === Infinity)
      return 'only a character or a class may repeat without limit: nested quantifiers are refused'
    if (node.max > 1 && hasRepeat(node.body)) return 'nested quantifiers are refused'
  }
  for (const child of children(node)) {
    const problem = repeatProblem(child)
    if (problem !== null) return problem
  }
  return null
}

const hasRepeat = (node: RegexNode): boolean => node.kind === 'repeat' || children(node).some(hasRepeat)

/** A character position of the pattern in reading order, as the analysis sees it. */
interface Loop {
  readonly set: CharSet
  /** What can come right after the loop. */
  readonly follow: First
  /** Something after the loop can fail, so that the engine would come back to it. */
  readonly canBeRetried: boolean
}

interface First {
  readonly set: CharSet
  /** Nothing need come: the pattern can end here. */
  readonly isNullable: boolean
}

const END: First = { set: 0n, isNullable: true }

/** First characters of `node` when `after` follows it. */
function first(node: RegexNode, after: First): First {
  switch (node.kind) {
    case 'chars':
      return { set: node.set, isNullable: false }
    case 'start':
    case 'end':
    case 'boundary':
      return after
    case 'group':
      return first(node.body, after)
    case 'sequence':
      return node.items.reduceRight((rest, item) => first(item, rest), after)
    case 'either':
      return node.branches.map((branch) => first(branch, after)).reduce(union)
    case 'repeat':
      return node.min === 0 ? union(first(node.body, after), after) : first(node.body, after)
  }
}

const union = (a: First, b: First): First => ({ set: a.set | b.set, isNullable: a.isNullable || b.isNullable })

/** Can something in `node` fail, once it is reached? */
const canFail = (node: RegexNode): boolean => {
  switch (node.kind) {
    case 'chars':
    case 'end':
    case 'start':
    case 'boundary':
      return true
    case 'repeat':
      return node.min > 0
    case 'group':
      return canFail(node.body)
    case 'sequence':
      return node.items.some(canFail)
    case 'either':
      return node.branches.every(canFail)
  }
}

/** All variable repeats over one set of characters, in reading order. */
function loops(node: RegexNode, after: First, isRetried: boolean, into: Loop[]): void {
  switch (node.kind) {
    case 'repeat': {
      const body = bare(node.body)
      const isVariable = node.max > Math.max(node.min, 1)
      if (body.kind === 'chars' && isVariable) into.push({ set: body.set, follow: after, canBeRetried: isRetried })
      else loops(node.body, after, isRetried, into)
      return
    }
    case 'sequence': {
      let follow = after
      const follows = node.items.map(() => after)
      for (let index = node.items.length - 1; index >= 0; index -= 1) {
        follows[index] = follow
        const item = node.items[index]
        if (item !== undefined) follow = first(item, follow)
      }
      node.items.forEach((item, index) => {
        loops(item, follows[index] ?? after, isRetried || node.items.slice(index + 1).some(canFail), into)
      })
      return
    }
    case 'group':
    case 'either':
      for (const child of children(node)) loops(child, after, isRetried, into)
      return
    case 'chars':
    case 'start':
    case 'end':
    case 'boundary':
  }
}

/**
 * Linear when at most one place lets the engine choose among many positions (a loop that overlaps what follows it,
 * or an unanchored start), and no loop that can be retried comes after that place.
 */
function timeProblem(tree: RegexNode): string | null {
  if (ways(tree) > MAX_WAYS) return 'too many alternatives follow each other'
  const found: Loop[] = []
  loops(tree, END, false, found)
  const retried = found.filter((loop) => loop.canBeRetried)
  const ambiguous = retried.findIndex((loop) => (loop.set & loop.follow.set) !== 0n)
  if (ambiguous !== -1 && ambiguous < retried.length - 1)
    return 'a repeat overlaps what follows it and another repeat comes later: not linear'
  if (isAnchored(tree)) return null
  const begin = first(tree, END)
  const isRestarted = retried.some((loop) => begin.isNullable || (loop.set & begin.set) !== 0n)
  return isRestarted || ambiguous !== -1
    ? 'a repeat in a pattern without `^` at its start: not linear, anchor it'
    : null
}

/** How many ways alternatives and options give at most, were they all to overlap. */
function ways(node: RegexNode): number {
  switch (node.kind) {
    case 'sequence':
      return node.items.reduce((product, item) => product * ways(item), 1)
    case 'either':
      return node.branches.reduce((sum, branch) => sum + ways(branch), 0)
    case 'group':
      return ways(node.body)
    case 'repeat':
      if (node.max === 1) return 1 + ways(node.body)
      if (bare(node.body).kind === 'chars') return 1
      return ways(node.body) ** node.max * (node.max === node.min ? 1 : node.max)
    case 'chars':
    case 'start':
    case 'end':
    case 'boundary':
      return 1
  }
}

/** Does every match begin at the start of the text? */
function isAnchored(node: RegexNode): boolean {
  switch (node.kind) {
    case 'start':
      return true
    case 'group':
      return isAnchored(node.body)
    case 'either':
      return node.branches.every(isAnchored)
    case 'sequence':
      return node.items[0] !== undefined && isAnchored(node.items[0])
    case 'repeat':
    case 'chars':
    case 'end':
    case 'boundary':
      return false
  }
}

/** A set of texts from one edge inward; `isOpen` when something that is no fixed text comes next. */
interface Edge {
  readonly texts: readonly string[]
  readonly isOpen: boolean
  /** The anchor of this edge was seen. */
  readonly isAnchored: boolean
}

/** The fixed texts at the start or end of every match; `null` when that edge is not anchored or not fixed. */
function edgeTexts(tree: RegexNode, side: 'head' | 'tail'): readonly string[] | null {
  const edge = edgeOf(tree, side)
  return !edge.isAnchored || edge.texts.includes('') ? null : edge.texts
}

function edgeOf(node: RegexNode, side: 'head' | 'tail'): Edge {
  const nothing: Edge = { texts: [''], isOpen: false, isAnchored: false }
  switch (node.kind) {
    case 'chars':
      return node.literal === null ? { ...nothing, isOpen: true } : { ...nothing, texts: [node.literal] }
    case 'start':
      return { ...nothing, isAnchored: side === 'head' }
    case 'end':
      return { ...nothing, isAnchored: side === 'tail' }
    case 'boundary':
      return nothing
    case 'group':
      return edgeOf(node.body, side)
    case 'repeat': {
      const body = edgeOf(node.body, side)
      if (node.max === 1) return { texts: ['', ...body.texts], isOpen: body.isOpen, isAnchored: false }
      return node.min === 0 ? { ...nothing, isOpen: true } : { ...body, isOpen: true }
    }
    case 'either': {
      const edges = node.branches.map((branch) => edgeOf(branch, side))
      return {
        texts: edges.flatMap((edge) => edge.texts),
        isOpen: edges.some((edge) => edge.isOpen),
        isAnchored: edges.every((edge) => edge.isAnchored),
      }
    }
    case 'sequence':
      return joinEdges(side === 'head' ? node.items : node.items.toReversed(), side)
  }
}

function joinEdges(items: readonly RegexNode[], side: 'head' | 'tail'): Edge {
  let joined: Edge = { texts: [''], isOpen: false, isAnchored: false }
  for (const item of items) {
    if (joined.isOpen) break
    const next = edgeOf(item, side)
    const texts = joined.texts.flatMap((a) => next.texts.map((b) => (side === 'head' ? a + b : b + a)))
    if (texts.length > MAX_TEXTS) return { ...joined, isOpen: true }
    joined = { texts, isOpen: next.isOpen, isAnchored: joined.isAnchored || next.isAnchored }
  }
  return joined
}

const groupNames = (node: RegexNode): string[] => [
  ...(node.kind === 'group' && node.name !== null ? [node.name] : []),
  ...children(node).flatMap(groupNames),
]

/** The plainest text that matches. */
function sampleOf(node: RegexNode): string {
  switch (node.kind) {
    case 'chars':
      return node.literal ?? sampleChar(node.set)
    case 'start':
    case 'end':
    case 'boundary':
      return ''
    case 'group':
      return sampleOf(node.body)
    case 'sequence':
      return node.items.map(sampleOf).join('')
    case 'either':
      return node.branches[0] === undefined ? '' : sampleOf(node.branches[0])
    case 'repeat':
      return sampleOf(node.body).repeat(Math.max(node.min, node.max > 1 ? 1 : 0))
  }
}

function sampleChar(set: CharSet): string {
  const wished = ['x', '0', '-', '.']
  const char = wished.find((each) => (set & (1n << BigInt(each.charCodeAt(0)))) !== 0n)
  if (char !== undefined) return char
  for (let code = 33; code < 127; code += 1) if ((set & (1n << BigInt(code))) !== 0n) return String.fromCharCode(code)
  return ' '
}
