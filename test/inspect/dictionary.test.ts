import t from 'tap'
import { MAX_TERM_LENGTH, MAX_TERMS, readDictionary } from '../../src/inspect/dictionary.ts'

const read = (text: string) => readDictionary({ file: 'rules/detectors/terms.txt', name: 'terms.txt', text })

t.test('each line is a term; comments, empty lines and a byte order mark are not', async (t) => {
  t.strictSame(read('\ufeff# names\r\nBluebird \r\n\n  蓝鸟计划\n'), { terms: ['Bluebird', '蓝鸟计划'], problems: [] })
})

t.test('lines that can be no term are told with their number, the first of them', async (t) => {
  const { problems } = read(`ok\nx\n${'y'.repeat(MAX_TERM_LENGTH + 1)}\n${'z\n'.repeat(50)}`)
  t.equal(problems.length, 10)
  t.match(problems[0], { file: 'rules/detectors/terms.txt', line: 2, message: /`x` is too short/ })
  t.match(problems[1], { line: 3, message: /longer than 200/ })
})

t.test('a file without terms, or with too many, is a problem', async (t) => {
  t.match(read('# nothing\n').problems, [{ line: null, message: /holds no terms/ }])
  const many = Array.from({ length: MAX_TERMS + 3 }, (_, at) => `t${at}`).join('\n')
  t.match(read(many).problems, [{ line: MAX_TERMS + 1, message: /split the file/ }])
})
