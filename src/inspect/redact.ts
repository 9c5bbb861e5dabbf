/** Puts placeholders where findings stand. Every byte outside the spans stays as it is; nothing is serialised anew. */
import { Buffer } from 'node:buffer'
import type { Finding, Severity } from '../domain/finding.ts'
import { type PlaceholderConfig, placeholderFor } from './placeholder.ts'

/** `body` with the editable findings of `severities` replaced; the same array when there is nothing to replace. */
export function redactBody(
  body: Uint8Array,
  edit: { readonly findings: readonly Finding[]; readonly severities: readonly Severity[] },
  placeholders: PlaceholderConfig,
): Uint8Array {
  const wanted = edit.findings
    .filter((finding) => finding.isEditable && edit.severities.includes(finding.severity) && isSpanOf(body, finding))
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
  if (wanted.length === 0) return body
  const pieces: Uint8Array[] = []
  let copied = 0
  for (const finding of wanted) {
    if (finding.start >= copied) {
      pieces.push(body.subarray(copied, finding.start))
      const value = finding.placeholder ?? placeholderFor(placeholders, finding.detector, spanOf(body, finding))
      pieces.push(Buffer.from(value, 'latin1'))
    }
    copied = Math.max(copied, finding.end) // overlapping spans share the first one's placeholder
  }
  pieces.push(body.subarray(copied))
  return Buffer.concat(pieces)
}

const spanOf = (body: Uint8Array, finding: Finding): Uint8Array => body.subarray(finding.start, finding.end)

const isSpanOf = (body: Uint8Array, { start, end }: Finding): boolean => start >= 0 && start < end && end <= body.length
