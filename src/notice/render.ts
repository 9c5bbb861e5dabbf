/** Writes the notice of a blocked request: what, why, what to use instead, how to ask. Never a way around. */
import type { ExchangeDecision } from '../domain/decision.ts'
import type { FindingCount } from '../domain/finding.ts'
import type { Language, LocalizedText, Notice } from '../domain/notice.ts'
import type { TierAssignment } from '../domain/policy-snapshot.ts'
import type { RequestHead, Tool, ToolId } from '../domain/tool.ts'
import type { Notices } from './compile.ts'
import { findingsText } from './findings-text.ts'
import { type LanguageSettings, pickLanguage } from './language.ts'
import { MAX_VALUE_CHARS, plainValue } from './plain-value.ts'
import { WORDS } from './words.ts'

/** The `notice` section of the configuration. */
export interface NoticeSettings extends LanguageSettings {
  /** Template with `{event}`; `null`: `contact`, else "ask your IT department". */
  readonly askUrl: string | null
  readonly contact: string | null
}

export interface RenderNoticeInput {
  readonly decision: ExchangeDecision
  /** What it was blocked for; empty when that was nothing in its body. */
  readonly findings: readonly FindingCount[]
  readonly head: RequestHead
  /** The flow id, under which the audit events are found. */
  readonly event: string
  readonly company: string
  readonly notices: Notices
  readonly settings: NoticeSettings
  /** All tools, in catalogue order: alternatives are looked for among them. */
  readonly tools: ReadonlyMap<ToolId, Tool>
  readonly tierOf: (tool: ToolId) => TierAssignment
}

/** Every value is plain text of at most 200 characters without control characters; nothing is escaped yet. */
export function renderNotice(input: RenderNoticeInput): Notice {
  const { decision, head, notices, settings } = input
  const language = pickLanguage(settings, head, notices)
  const texts = notices.get(language)
  if (texts === undefined) throw new Error('notices without a language: compileNotices refuses that')
  const event = plainValue(input.event)
  const alternatives = alternativesTo(input).map(plainValue)
  const values: Readonly<Record<string, string>> = {
    tool: plainValue(toolName(input)),
    company: plainValue(input.company),
    // A block without a tier comes from a rule of its own; the strictest word says what it means for the reader.
    tier: plainValue(texts.tiers[decision.tier ?? 'prohibited']),
    reason: whyText(input, language),
    ask: askText(settings, event, language),
    event,
    instead:
      alternatives.length === 0
        ? ''
        : fill(texts.instead, { tools: plainValue(alternatives.join(WORDS[language].listComma)) }),
  }
  return {
    title: fill(texts.title, values),
    line: fill(texts.line, values),
    ask: values['ask'] ?? '',
    event,
    language,
  }
}

/** Fills words in braces once: a value that holds braces itself stays as it is. */
const fill = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\{(\w+)\}/gu, (whole, word: string) => values[word] ?? whole)

/** AI on a host outside the catalogue has no name of its own: the host is what the developer knows. */
function toolName({ decision, tools, head }: RenderNoticeInput): string {
  const tool = decision.tool === null ? undefined : tools.get(decision.tool)
  return tool?.name ?? head.host
}

/** IT's reason or ours; behind it what was found, so that the developer knows what to take out. */
function whyText({ decision, findings }: RenderNoticeInput, language: Language): string {
  const { listComma, colon } = WORDS[language]
  const found = findingsText(findings, listComma)
  const reason = plainValue(reasonText(decision, language))
  return found === '' ? reason : reason + colon + found
}

function reasonText(decision: ExchangeDecision, language: Language): string {
  const words = WORDS[language]
  const own = decision.reasonText === null ? undefined : inLanguage(decision.reasonText, language)
  if (own !== undefined) return own
  const why = decision.reason === 'unreadable' && decision.unread !== null ? words.unread[decision.unread] : undefined
  const reason = words.reasons[decision.reason] ?? words.otherReason
  return why === undefined ? reason : reason + words.colon + why
}

const inLanguage = (text: LocalizedText, language: Language): string | undefined =>
  text[language] ?? Object.values(text).find((other) => other !== '')

function askText({ askUrl, contact }: NoticeSettings, event: string, language: Language): string {
  const url = askUrl === null ? '' : plainValue(askUrl.replaceAll('{event}', () => encodeURIComponent(event)))
  // A cut address leads nowhere, so one that is too long is not shown at all.
  if (url !== '' && !url.endsWith('…') && url.length <= MAX_VALUE_CHARS) return url
  return contact === null || contact === '' ? WORDS[language].ask : plainValue(contact)
}

const MAX_ALTERNATIVES = 3

/** Names of approved tools that share a kind with the blocked one; those that share most come first. */
function alternativesTo({ decision, tools, tierOf }: RenderNoticeInput): string[] {
  const blocked = decision.tool === null ? undefined : tools.get(decision.tool)
  if (blocked === undefined) return []
  const ranked = Array.from(tools.values(), (tool) => ({
    tool,
    shared: tool.kinds.filter((kind) => blocked.kinds.includes(kind)).length,
  }))
    .filter(({ tool, shared }) => shared > 0 && tool.id !== blocked.id && tierOf(tool.id).tier === 'approved')
    .sort((a, b) => b.shared - a.shared)
  return ranked.slice(0, MAX_ALTERNATIVES).map(({ tool }) => tool.name)
}
