/** By ASCII code: 1 where `pattern` matches the character alone, else 0. `pattern` has neither flag `g` nor `y`. */
export const asciiTable = (pattern: RegExp): Uint8Array =>
  Uint8Array.from({ length: 128 }, (_, code) => Number(pattern.test(String.fromCharCode(code))))
