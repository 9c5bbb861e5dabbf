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
/** `word`, `Word` or `WORD` inside an identifier. */
const LETTER_RUN = /[A-Z]?[a-z]{2,}|[A-Z]{3,}/g
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

/** Share (0 to 1) of the value's characters that stand in runs of letters which read like words. */
export function wordShare(value: string): number {
  const judged = value.slice(0, LONGEST_JUDGED)
  let inWords = 0
  for (const [run] of judged.matchAll(LETTER_RUN)) if (readsLikeWord(run)) inWords += run.length
  return judged === '' ? 0 : inWords / judged.length
}

function readsLikeWord(run: string): boolean {
  if (run.length < 3) return false
  let common = 0
  for (let at = 0; at < run.length - 1; at += 1) common += IS_COMMON[pairNumber(run, at)] ?? 0
  return common >= (run.length - 1) * WORD_SHARE
}
