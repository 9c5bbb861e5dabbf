/** Header lines as received: name, value, name, value … with case, order and repeats kept. */
export type RawHeaders = readonly string[]

/** First value of a header; `name` in lower case. `null` when absent. */
export function headerValue(headers: RawHeaders, name: string): string | null {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const key = headers[index]
    if (key?.length === name.length && key.toLowerCase() === name) return headers[index + 1] ?? null
  }
  return null
}

/** Every value of a header, in order; `name` in lower case. */
export function headerValues(headers: RawHeaders, name: string): string[] {
  const values: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const key = headers[index]
    if (key?.length === name.length && key.toLowerCase() === name) values.push(headers[index + 1] ?? '')
  }
  return values
}

/** Does the head announce a body that is not empty? */
export function announcesBody(headers: RawHeaders): boolean {
  return headerValue(headers, 'transfer-encoding') !== null || Number(headerValue(headers, 'content-length') ?? 0) > 0
}
