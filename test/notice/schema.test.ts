import t from 'tap'
import { noticeFileSchema } from '../../src/notice/schema.ts'

const texts = {
  title: '{tool}',
  line: '{tool} {ask} {event}',
  instead: '{tools}',
  tiers: { approved: 'a', monitored: 'm', restricted: 'r', prohibited: 'p' },
}

t.test('a notice file may hold only texts in one line with the words that are known', async (t) => {
  t.ok(noticeFileSchema.safeParse(texts).success)
  for (const [title, bad] of Object.entries({
    'an unknown key': { ...texts, body: 'x' },
    'no way to ask': { ...texts, line: '{tool} {event}' },
    'no event': { ...texts, line: '{tool} {ask}' },
    'an unknown word': { ...texts, title: '{tool} {ask}' },
    'a line break': { ...texts, title: '{tool}\n' },
    'a missing tier': { ...texts, tiers: { approved: 'a' } },
    'an empty text': { ...texts, instead: '' },
  })) {
    t.notOk(noticeFileSchema.safeParse(bad).success, title)
  }
})
