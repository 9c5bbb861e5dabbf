import type { RawHeaders } from './headers.ts'

/** The vocabulary of the catalogue: what an AI tool is and how a request to it looks. */
export const KINDS = [
  'coding-cli',
  'ide-assistant',
  'chat-web',
  'desktop-app',
  'productivity-ai',
  'model-api',
  'agent-platform',
  'model-hub',
  'relay-gateway',
  'local-runtime',
  'mcp',
] as const
export type Kind = (typeof KINDS)[number]

/** What a request to an endpoint can carry. */
export const PURPOSES = ['inference', 'auth', 'telemetry', 'update', 'settings', 'web'] as const
export type Purpose = (typeof PURPOSES)[number]

/** How a provider family speaks. `generic`: every string leaf, field or text part is text. */
export const DIALECTS = [
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'gemini',
  'gemini-code-assist',
  'bedrock',
  'connect',
  'grpc',
  'mcp',
  'generic',
] as const
export type DialectId = (typeof DIALECTS)[number]

/** How sure the catalogue is of an entry. */
export const CATALOGUE_CONFIDENCES = ['verified', 'likely', 'guess'] as const
export type CatalogueConfidence = (typeof CATALOGUE_CONFIDENCES)[number]

/** `[a-z0-9-]{2,40}`, unique over all catalogue files, never reused. */
export type ToolId = string

export interface Vendor {
  readonly id: string
  readonly name: string
  /** ISO 3166 alpha-2; `ZZ` when unknown or several. */
  readonly country: string
}

/** A tool as policy and screens see it (endpoints stay inside the compiled catalogue). */
export interface Tool {
  readonly id: ToolId
  readonly name: string
  readonly vendor: Vendor
  readonly kinds: readonly Kind[]
  readonly confidence: CatalogueConfidence
  readonly sources: readonly string[]
  /** How many endpoint entries the catalogue has for it. */
  readonly endpoints: number
  /** Tenant restriction that the vendor supports, if any. */
  readonly tenant: { readonly header: string; readonly hosts: readonly string[] } | null
}

/** What identification looks at: the head of one request, names canonical, query removed. */
export interface RequestHead {
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** Canonical host: lower case, no trailing dot, punycode, IP in its plain form, no brackets. */
  readonly host: string
  readonly port: number
  /** Path as sent, starting with `/`, without query. */
  readonly path: string
  readonly headers: RawHeaders
  /** `true` when the request asks to switch protocol (WebSocket). */
  readonly isUpgrade: boolean
}

/** One catalogue endpoint that matches a request. */
export interface Candidate {
  readonly tool: ToolId
  readonly purpose: Purpose
  readonly dialect: DialectId
  /** The tool that unmarked traffic of a tie belongs to. */
  readonly isFallback: boolean
  /** The host pattern of the entry that matched, e.g. `*.githubcopilot.com`. */
  readonly hostPattern: string
  /** The path pattern that matched; `null` when the entry names no path. */
  readonly pathPattern: string | null
  /** `false` when no entry names this path on this host and the purpose is the default for unnamed paths. */
  readonly isPathNamed: boolean
}

/** One self-declared sign of a tool in the head. */
export interface MarkHit {
  readonly tool: ToolId
  /** Header name, lower case. */
  readonly header: string
  readonly version: string | null
}

/** What the catalogue knows of a host, before any request is read. */
export interface HostKnowledge {
  readonly isKnown: boolean
  /** All entries of this host are `shared: true`: it serves other traffic too. */
  readonly isShared: boolean
  /** Tools with an endpoint on this host, in catalogue order. */
  readonly tools: readonly ToolId[]
}

/** The catalogue's answer for one request; which tool it is, policy picks. */
export interface Identification {
  readonly host: HostKnowledge
  readonly candidates: readonly Candidate[]
  readonly marks: readonly MarkHit[]
}

/** How sure we are of the picked tool: marked and on its own host, one of the two, or only a fallback. */
export type IdentificationConfidence = 'high' | 'medium' | 'low'
