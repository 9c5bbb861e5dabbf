import fc from 'fast-check'
import t from 'tap'
import * as marks from '../../../src/inspect/detectors/value-marks.ts'

t.test('each kind of character has its mark, and no other', async (t) => {
  const rows: readonly [value: string, wanted: number][] = [
    ['', 0],
    ['AZ', marks.CAPITALS],
    ['az', marks.SMALLS],
    ['09', marks.DIGITS],
    ['_', marks.UNDERSCORE],
    ['-', marks.DASH],
    ['.', marks.DOT],
    ['/', marks.SLASH],
    ['(>:', marks.SYNTAX],
    ['&', marks.SYNTAX | marks.SYMBOL],
    ['{', marks.TEMPLATE],
    ['$%', marks.TEMPLATE | marks.SYMBOL],
    ['!@#^*?+=~|', marks.SYMBOL],
    ['é密', marks.FOREIGN],
    [' ,;)]}<"\\', marks.OTHER],
    ['aB3', marks.SMALLS | marks.CAPITALS | marks.DIGITS],
  ]
  for (const [value, wanted] of rows) t.equal(marks.marksOf(value), wanted, value)
})

t.test('the marks of a value are those of its characters', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const each = Array.from({ length: value.length }, (_, at) => marks.marksOf(value.charAt(at)))
      t.equal(
        marks.marksOf(value),
        each.reduce((all, mark) => all | mark, 0),
      )
    }),
  )
})
