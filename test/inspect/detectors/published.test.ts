import fc from 'fast-check'
import t from 'tap'
import { isPublished } from '../../../src/inspect/detectors/published.ts'
import { forgetText } from '../../../src/inspect/detectors/value-runs.ts'

const ADDRESS = 'ann.lee@initech.de'
const published = (before: string): boolean => isPublished(`${before}${ADDRESS}\n`, before.length)

t.test('what authors write of themselves is published', async (t) => {
  const rows = [
    'Copyright (C) 1998 Ann Lee <',
    '"author": "Ann Lee <',
    'author_email="',
    '__email__ = "',
    'Signed-off-by: Ann Lee <',
    'Reviewed-by: Ann Lee <',
    'Maintainer: Ann Lee <',
    '# Ann B. Lee <',
    '#           Ann van der Lee (',
    '#    2010, 2012 Ann Łee <',
    '// Based on code by Ann (',
    '2004-03-01  Ann Lee  <',
    'Mon Mar  1 2004 Ann Lee <',
    ' -- Ann Lee <',
    '/*\n * Copyright 2000 Initech\n */\nint a; /* more */\n/* Written or modified by:\n   La Monte Yarroll    <piggy@acm.org>\n   ',
    '/*\n   Copyright (C) 2000-2017 Ann Lee\n      ',
    '=head1 NAME\n\nA\n\n=head1 AUTHORS\n\n=over\n\n=item * Bob C<bob@initech.de>\n\n=item * ',
    '=pod\n\n=head2 Thanks to\n\n\nBob E<lt>',
    '"contributors": [\n  { "name": "Bob" },\n  { "name": "Ann", "email": "',
    '__contributors__ = ["Bob (bob@initech.de)",\n  "Ann (',
  ]
  for (const before of rows) {
    forgetText()
    t.ok(published(before.startsWith('=') ? `\n${before}` : before), before)
  }
})

t.test('what is said of others is not', async (t) => {
  const rows = [
    '',
    'Please answer Ann Lee <',
    '# Send it to Ann Lee <',
    '# the customer <',
    'Author: Ann Lee <',
    'const to = "',
    'INSERT INTO users VALUES (1, "Ann", "',
    '/* Copyright 2000 Initech */\nconst customer = "',
    '/* what to test */\n/* send to ',
    '/*\n * Sends the mail.\n * @example send("',
    'the license of src/*.ts and lib/**/*.js\n',
    '=head1 AUTHOR\n\nBob\n\n=cut\n\nsend("',
    '=head1 AUTHOR\n\nBob\n\n=head1 SYNOPSIS\n\nsend("',
    `\n=head1 AUTHOR\n${'text\n'.repeat(1000)}`,
    `/* Copyright 2000\n${'text\n'.repeat(1000)}`,
    '2004-03-01  order of ann <',
    '"authors": [{ "name": "Bob" }]\n"customer": "',
  ]
  for (const before of rows) {
    forgetText()
    t.notOk(published(before.startsWith('=') ? `\n${before}` : before), before.slice(0, 80))
  }
})

t.test('an address is judged the same whether those before it were asked for or not', async (t) => {
  const piece = fc.constantFrom(
    ...[ADDRESS, ADDRESS, ADDRESS, 'written by@initech.de', 'message-id@initech.de'],
    ...[
      '/*',
      '*/',
      '\n/* ',
      '\n/*\n * ',
      '\n=head1 AUTHOR\n',
      '\n=head1 USE\n',
      '\n=cut\n',
      'Copyright ',
      '(c) ',
      'license ',
      'patch',
    ],
    ...[
      '@author ',
      'authors = [',
      ']',
      '"contributors": ',
      '# by ',
      '# Ann Lee <',
      ' ',
      '\n',
      '\n',
      ', ',
      'x '.repeat(35),
    ],
    ...['filler\n'.repeat(300), 'y '.repeat(2050), '中'.repeat(50), '=he', 'ad2 Thanks\n'],
  )
  let seen = 0
  fc.assert(
    fc.property(fc.array(piece, { minLength: 2, maxLength: 24, size: 'max' }), (pieces) => {
      const text = pieces.join('')
      const starts = Array.from(text.matchAll(/[\w.]+@/g), ({ index }) => index)
      forgetText()
      const all = starts.map((start) => isPublished(text, start))
      const alone = starts.map((start) => {
        forgetText()
        return isPublished(text, start)
      })
      seen += all.filter(Boolean).length
      return all.join() === alone.join()
    }),
    { numRuns: 800 },
  )
  t.ok(seen > 200, `${seen} of them published`)
})
