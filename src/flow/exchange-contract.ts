/** An exchange as `edge/` sees it: what it is told of a request, what it does with the body, what it reports back. */
import type { Usage, UsageReader } from '../dialects/dialect.ts'
import type { RpcEnding } from '../dialects/rpc-refusal.ts'
import type { MessageCounts, WebSocketClose } from '../domain/audit-event.ts'
import type { Client } from '../domain/client.ts'
import type { UnreadReason } from '../domain/finding.ts'
import type { RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer, Notice } from '../domain/notice.ts'
import type { ProxyError } from '../domain/proxy-error.ts'
import type { DialectId, RequestHead } from '../domain/tool.ts'
import type { BodyRestorer } from '../inspect/body-restorer.ts'
import type { Coding } from '../wire/content-coding.ts'
import type { Framing } from '../wire/grpc-frames.ts'
import type { HeldBody } from './ports.ts'
import type { RequestWatch } from './request-watch.ts'

export interface ExchangeInput {
  readonly client: Client
  readonly head: RequestHead
  /** HTTP version the client spoke, e.g. `1.1`. */
  readonly http: string
  readonly hasBody: boolean
  /** With its `?`. Looked into only where a dialect has messages there; never recorded. */
  readonly query?: string
  /** A message inside an open connection: the flow id of that connection. Its body is the message. */
  readonly parent?: string
  /** What is answered goes to the client as it comes: nothing can be put back. */
  readonly isOneWay?: boolean
}

/** What `edge/` does with the body. */
export type ExchangePlan =
  /** Ours; the upstream is never asked. */
  | { readonly kind: 'answer'; readonly answer: LocalAnswer }
  /** Stream through, unread. */
  | { readonly kind: 'pipe' }
  /** Stream through and keep a copy of the first bytes. */
  | { readonly kind: 'measure'; readonly maxBytes: number }
  /** Hold the body, up to a limit, until it was judged. */
  | { readonly kind: 'hold'; readonly maxBytes: number }
  /** Frames: hold each message, up to a limit, until it was judged; what passed goes on as it was received. */
  | {
      readonly kind: 'messages'
      readonly framing: Framing
      readonly maxBytes: number
      /** The upstream may be asked before the first message is there: some servers speak first. */
      readonly mayOpenFirst: boolean
    }
  /** An upgrade whose messages are read (`flow/messages.ts`): before they go upstream when held, from a copy otherwise. */
  | {
      readonly kind: 'frames'
      readonly isHeld: boolean
      /** The client's values are put back in what the server says. */
      readonly isRestored: boolean
      readonly maxBytes: number
      readonly dialect: DialectId
    }

/** What `edge/` does with a held body after the verdict. */
export interface JudgedBody {
  /** The notice, when the verdict is block; the upstream is never asked. */
  readonly answer: LocalAnswer | null
  /** The edited body, in the coding it came in; `null`: send the bytes as they came. */
  readonly body: Uint8Array | null
}

/** A response in whose text the client's values are put back. */
export interface RestoredBody {
  readonly restorer: BodyRestorer
  /** To be undone before; the client gets the body without any. */
  readonly codings: readonly Coding[]
  /** `false`: it is only looked at, its bytes and lines stay. */
  readonly isEdited: boolean
}

/** A message in a stream of frames that must not pass: how the client is told. */
export interface StreamRefusal {
  /** Before the response has begun. */
  readonly answer: LocalAnswer
  /** Inside a response that has begun. */
  readonly ending: RpcEnding
}

/** How it ended, as `edge/` saw it. */
export interface ExchangeEnd {
  readonly status: number | null
  readonly bytesIn: number
  readonly bytesOut: number
  readonly upstreamMs: number | null
  readonly usage: Usage | null
  readonly error: ProxyError | null
  readonly isComplete: boolean
  /** The measured copy, encoded as received; `null` when none was taken. */
  readonly copy: HeldBody | null
  /** What passed on a connection whose messages were read. */
  readonly messages?: MessageCounts
  /** How such a connection was closed. */
  readonly close?: WebSocketClose | null
  /** Set when what should have been read could not be. */
  readonly unread?: UnreadReason | null
}

export interface Exchange {
  /** ULID; notices and answers show it. */
  readonly id: string
  /** A new one after `peek`. */
  readonly plan: ExchangePlan
  /** What may tell that it is AI after all: the first bytes of the body before they pass, or what passes anyway. */
  readonly watch: RequestWatch | null
  /** The first bytes of a body, for `watch.look` of `before`; decides again. */
  readonly peek: (bytes: Uint8Array) => Promise<void>
  /** Is the request recorded at all? Traffic without AI is not. */
  readonly isRecorded: boolean
  /** Was something found, or left unread? */
  readonly isNotable: boolean
  /**
   * Look into a held body and decide again. For the plan `hold`: once, or before it with nothing of a body that says
   * itself that it is too long.
   * Throws `ProxyError` `over-capacity` where the body had to be read and there was no room to.
   */
  readonly judge: (body: HeldBody) => Promise<JudgedBody>
  /**
   * Look into one message of a stream and decide again; `null`: it may pass. One call after the other, for the plan
   * `messages`; the message is one whole frame, or the reason why it is not held. Throws as `judge` does.
   */
  readonly judgeMessage: (message: HeldBody) => Promise<StreamRefusal | null>
  /** Look into a copy of what goes upstream as it is. */
  readonly measure: (copy: HeldBody) => Promise<void>
  /** What the developer is told of a block. */
  readonly blockNotice: () => Notice
  /** Make the intent durable before the first byte goes upstream. An answer means: stop, this is why. */
  readonly commit: () => Promise<LocalAnswer | null>
  /** The request's end-to-end lines as they go upstream: tenant headers set, the client's own copies taken away. */
  readonly requestHeaders: (headers: RawHeaders) => RawHeaders
  /** The same for what stands behind the body: nothing is set there, but no tenant header may come that way either. */
  readonly requestTrailers: (trailers: RawHeaders) => RawHeaders
  /** A reader for the usage in the response; `null` when nobody wants to know. */
  readonly usageReader: (contentType: string | null) => UsageReader | null
  /** Takes the messages of the answer that are to be sealed, `null` for one that was not read; `null`: none are. */
  readonly answerSealer: () => ((message: Uint8Array | null) => void) | null
  /**
   * Puts the client's values back in the response with this head; `null`: it goes on as it comes. `room` is asked before
   * bytes are kept.
   */
  readonly restorer: (
    response: { readonly status: number; readonly headers: RawHeaders },
    room: (bytes: number) => boolean,
  ) => RestoredBody | null
  /** The same for one message of an open connection: what goes out for it, in order; `null`: itself. */
  readonly restoreMessage: (message: Buffer) => readonly Uint8Array[] | null
  /** Headers that Weir adds to the upstream's response. */
  readonly responseHeaders: () => readonly string[]
  /** The answer for a failure; `null` when nobody is left to answer. */
  readonly fail: (error: ProxyError) => LocalAnswer | null
  /** Write the last record. Called exactly once, also on abort. */
  readonly finish: (end: ExchangeEnd) => Promise<void>
}
