/** Limits of an exchange with the upstream that hold for every HTTP version. */
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import type { Timeouts } from '../domain/settings.ts'

export type ExchangeTimeouts = Pick<Timeouts, 'firstByteMs' | 'bodyIdleMs' | 'streamIdleMs'>

/** Early hints and the like before the response; more is no server that means well. */
export const MAX_INTERIM_RESPONSES = 10

/** Types whose bodies are streams of messages: events, lines, frames. */
const STREAM_TYPE = /^(?:text\/event-stream|application\/(?:vnd\.amazon\.eventstream|x-ndjson|jsonl|grpc|connect\+))/iu

/** Longest pause inside a response in milliseconds: a stream of events may be silent for an hour, a download may not. */
export const idleMsOf = (headers: RawHeaders, timeouts: ExchangeTimeouts): number =>
  STREAM_TYPE.test(headerValue(headers, 'content-type') ?? '') ? timeouts.streamIdleMs : timeouts.bodyIdleMs
