/** How much of a value is made of words? Random letters use all pairs of letters alike, words only few of them. */

/** The 227 commonest pairs in identifiers and documentation: 91 % of the pairs of words, 34 % of random ones. */
const COMMON_PAIRS = `ab ac ad ag ai al am an ap ar as at au av ay ba be bi bl bo br bs bu ca cc ce ch ci ck cl co cr ct cu da dd de di do dr
ds du ea eb ec ed ee ef eg el em en ep er es et ev ex fa fe ff fi fl fo fu ga ge gh gi gn go gr gs gu ha he hi ho hr ia ib ic id ie
if ig il im in io ip ir is it iv iz js ke ki ks la ld le li ll lo ls lt lu ly ma me mi mm mo mp ms mu na nc nd ne nf ng ni nk nn no
ns nt nu nv oa ob oc od og oi ok ol om on oo op or os ot ou ov ow pa pe pi pl po pp pr ps pt pu qu ra rc rd re rg ri rk rm rn ro rr
rs rt ru ry sa sc se sh si so sp ss st su ta tc te th ti tl to tr ts tt tu ty ua ub uc ue ui ul um un up ur us ut va ve vi wa we wi
xp xt yp ze aw ew ey ax ix wo ye`
const IS_COMMON = pairTable(COMMON_PAIRS)
/** Of a word's pairs, at least so many are common ones. */
const WORD_SHARE = 0.7
/** Longer values are judged by their beginning. */
const LONGEST_JUDGED = 400

function pairTable(pairs: string): Uint8Array {
  const table = new Uint8Array(26 * 26)
  for (const pair of pairs.split(/\s+/)) table[pairNumber(pair, 0)] = 1
  return table
}

function pairNumber(text: string, at: number): number {
  return ((text.charCodeAt(at) | 0x20) - 0x61) * 26 + (text.charCodeAt(at + 1) | 0x20) - 0x61
}

/** By character code: small letters, capital letters, all others. */
const SMALL = 1
const CAPITAL = 2
const KIND = Uint8Array.from({ length: 128 }, (_, code) => {
  const letter = String.fromCharCode(code)
  if (/[a-z]/.test(letter)) return SMALL
  return /[A-Z]/.test(letter) ? CAPITAL : 0
})

/** Share (0 to 1) of the value's characters that stand in runs of letters which read like words. */
export function wordShare(value: string): number {
  const length = Math.min(value.length, LONGEST_JUDGED)
  let inWords = 0
  let at = 0
  while (at < length) {
    const end = endOfRun(value, at, length)
    if (end - at >= 3 && readsLikeWord(value, at, end)) inWords += end - at
    at = Math.max(end, at + 1)
  }
  return length === 0 ? 0 : inWords / length
}

/** `word`, `Word` or `WORD` inside an identifier: two small letters and more, three capitals and more; `at`: none begins here. */
function endOfRun(value: string, at: number, length: number): number {
  const kind = KIND[value.charCodeAt(at)]
  if (kind === SMALL) {
    const end = endOfKind(value, SMALL, at + 1, length)
    return end - at >= 2 ? end : at
  }
  if (kind !== CAPITAL) return at
  const word = endOfKind(value, SMALL, at + 1, length)
  if (word - at >= 3) return word
  const end = endOfKind(value, CAPITAL, at + 1, length)
  return end - at >= 3 ? end : at
}

function endOfKind(value: string, kind: number, from: number, length: number): number {
  let end = from
  while (end < length && KIND[value.charCodeAt(end)] === kind) end += 1
  return end
}

function readsLikeWord(value: string, from: number, to: number): boolean {
  let common = 0
  for (let at = from; at < to - 1; at += 1) common += IS_COMMON[pairNumber(value, at)] ?? 0
  return common >= (to - from - 1) * WORD_SHARE
}
