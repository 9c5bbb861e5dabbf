/** Decisions, tools and shipped texts for the notice tests. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { ExchangeDecision } from '../../src/domain/decision.ts'
import { LANGUAGES } from '../../src/domain/notice.ts'
import type { Tier } from '../../src/domain/tier.ts'
import type { Kind, Tool } from '../../src/domain/tool.ts'
import { compileNotices, type NoticeSource, type Notices } from '../../src/notice/compile.ts'
import { type RenderNoticeInput, renderNotice } from '../../src/notice/render.ts'
import { requestHead } from '../dialects/request-head.ts'

export const EVENT = '01KC0000000000000000000000'

const readNotices = (language: string) =>
  readFileSync(new URL(`../../rules/notices/${language}.yaml`, import.meta.url), 'utf8')

/** The files that ship. */
export const shippedSources = (): NoticeSource[] =>
  LANGUAGES.map((language) => ({
    file: `rules/notices/${language}.yaml`,
    document: parse(readNotices(language)),
    lineOf: () => 1,
  }))

export function shippedNotices(): Notices {
  const result = compileNotices(shippedSources())
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.notices
}

const tool = (id: string, name: string, kinds: Kind[]): Tool => ({
  id,
  name,
  vendor: { id: 'v', name: 'V', country: 'ZZ' },
  kinds,
  confidence: 'verified',
  sources: [],
  endpoints: 1,
  tenant: null,
})

export const TOOLS = new Map(
  [
    tool('claude-code', 'Claude Code', ['coding-cli', 'ide-assistant']),
    tool('lingma', 'Lingma', ['ide-assistant']),
    tool('qwen-code', 'Qwen Code', ['coding-cli']),
    tool('qoder', 'Qoder', ['ide-assistant', 'coding-cli']),
    tool('trae', 'Trae', ['coding-cli']),
    tool('codex', 'Codex', ['coding-cli']),
    tool('chat', 'Chat', ['chat-web']),
  ].map((entry) => [entry.id, entry]),
)

const TIERS: Readonly<Record<string, Tier>> = {
  'claude-code': 'prohibited',
  lingma: 'approved',
  'qwen-code': 'approved',
  qoder: 'approved',
  trae: 'approved',
  codex: 'restricted',
  chat: 'prohibited',
}

/** Claude Code's inference call, prohibited, unless the row says otherwise. */
export const blockDecision = (row: Partial<ExchangeDecision> = {}): ExchangeDecision => ({
  tool: 'claude-code',
  toolVersion: '2.1.330',
  via: null,
  purpose: 'inference',
  dialect: 'anthropic-messages',
  evidence: [],
  confidence: 'high',
  tier: 'prohibited',
  action: 'block',
  would: null,
  mode: 'enforce',
  reason: 'tier-prohibited',
  reasonText: { en: 'classed as high-risk software', 'zh-CN': '被列为高风险软件' },
  rule: 'assign:tool:claude-code',
  exemption: null,
  tierRules: null,
  needsBody: false,
  messages: null,
  editSeverities: [],
  unread: null,
  isRecorded: true,
  steps: [],
  ...row,
})

export const noticeInput = (row: Partial<RenderNoticeInput> = {}): RenderNoticeInput => ({
  decision: blockDecision(),
  findings: [],
  head: requestHead(),
  event: EVENT,
  company: 'ACME',
  notices: shippedNotices(),
  settings: { language: 'auto', fallback: 'en', askUrl: 'https://ask.acme.example/{event}', contact: null },
  tools: TOOLS,
  tierOf: (id) => ({ tier: TIERS[id] ?? 'monitored', rule: 'test' }),
  ...row,
})

/** The notice of a blocked Claude Code call in English. */
export const someNotice = () => renderNotice(noticeInput())
