/** One group of rendered events as the bytes of its two files, each line chained to the one before. Pure. */
import { chainedLine, lineHash, type RenderedEvent } from './event-line.ts'

export interface LinkedGroup {
  readonly events: Buffer
  /** Empty when no event has a client. */
  readonly personal: Buffer
  /** Of the last line: `prevHash` of what follows. */
  readonly lastHash: string
}

/** `place` is where the first line goes. */
export function linkGroup(
  group: readonly { readonly rendered: RenderedEvent }[],
  place: { readonly stream: string; readonly seq: number; readonly prevHash: string },
): LinkedGroup {
  let { seq, prevHash } = place
  let events = ''
  let personal = ''
  for (const { rendered } of group) {
    const line = chainedLine(rendered, { stream: place.stream, seq, prevHash })
    prevHash = lineHash(line)
    seq++
    events += `${line}\n`
    personal += rendered.personal ?? ''
  }
  return { events: Buffer.from(events), personal: Buffer.from(personal), lastHash: prevHash }
}
