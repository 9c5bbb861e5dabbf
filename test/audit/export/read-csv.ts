/** A reader of CSV, character by character as RFC 4180 section 2 describes it. */

/** Records of cells. Throws for a quote in a bare cell or behind a quoted one, and for one that never ends. */
export function readCsv(text: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  let at = 0
  while (at < text.length) {
    let cell = ''
    if (text[at] === '"') {
      for (at++; ; at++) {
        if (at >= text.length) throw new Error('a quoted cell never ends')
        if (text[at] === '"' && text[++at] !== '"') break
        cell += text[at] ?? ''
      }
    } else {
      for (; at < text.length && text[at] !== ',' && text[at] !== '\r' && text[at] !== '\n'; at++) {
        if (text[at] === '"') throw new Error('a quote in a bare cell')
        cell += text[at] ?? ''
      }
    }
    record.push(cell)
    if (text[at] === ',') {
      at++
      if (at === text.length) record.push('')
    } else if (text.startsWith('\r\n', at)) {
      at += 2
      records.push(record)
      record = []
    } else throw new Error(`\`${text[at] ?? 'the end'}\` behind a cell`)
  }
  return records
}
