/** Input fields and answers that several API routes share. */
import { z } from 'zod'

/** Exact match on a name; long enough for every host and rule id. */
export const nameFilter = z.string().min(1).max(253)

/** Words to look for. */
export const textFilter = z.string().min(1).max(200)

/** RFC 3339 with offset or `Z`. */
export const timeFilter = z.iso.datetime({
  offset: true,
  error: 'this is no RFC 3339 time: write it like 2026-11-22T10:00:00Z (a + in a URL is %2B)',
})

export const toolFilter = z.string().regex(/^[a-z0-9-]{2,40}$/u, 'this is no tool id: a-z, 0-9 and -')

/** An event line or an exchange: contracts section 6 has its fields. */
export const recordAnswer = z.looseObject({ id: z.string().optional(), flow: z.string().optional() })

export const stepAnswer = z.object({
  step: z.string(),
  rule: z.string().nullable(),
  matched: z.boolean(),
  why: z.string(),
})
