import { describe, expect, test } from 'vitest';
import { readHtml } from './html.ts';

const textOf = (body: string) => readHtml(`<!doctype html><body>${body}`).text;

describe('HTML is stored as Markdown:', () => {
  test.each([
    ['paragraphs', '<p>One\n  <b>bold</b> <i>word</i>.</p><div>Two</div>three', 'One bold word.\n\nTwo\n\nthree'],
    ['headings', '<h1>A <em>b</em></h1><h3><div>c</div>d</h3><h2> </h2>', '# A b\n\n### c d'],
    ['lists', '<ul><li>one<li>two<ul><li>in</ul><li><p>a</p><p>b</p></ul>', '- one\n- two\n  - in\n- a\n\n  b'],
    ['numbers', '<ol start=3><li>c<li>d</ol>', '3. c\n4. d'],
    ['quotes', '<blockquote><p>a</p><ul><li>b</ul></blockquote>', '> a\n\n> - b'],
    ['code', '<pre><code class="hljs language-js">let a;\n\n  b &lt; `c`\n</code></pre>', '```js\nlet a;\n\n  b < `c`\n```'],
    ['code with fences', '<pre>```\na\n```</pre>', '````\n```\na\n```\n````'],
    ['code in a line', 'Call <code>a  b</code> or <code>c`d</code>.', 'Call `a b` or `` c`d ``.'],
    ['code in a list', '<ul><li>a<pre>b\n c</pre></ul>', '- a\n\n  ```\n  b\n   c\n  ```'],
    [
      'tables',
      '<table><caption>T</caption><tr><th>a<th>b<tr><td>1|2<td><p>3</p>4</table>',
      'T\n\n| a | b |\n| --- | --- |\n| 1\\|2 | 3 4 |',
    ],
    ['tables of one column', '<table><tr><td>a<tr><td>b</table>', 'a\n\nb'],
    ['tables that lay out a page', '<table><tr><td><h1>a</h1><td><table><tr><td>b<td>c</table></table>', '# a\n\n| b | c |\n| --- | --- |'],
    ['line ends', 'a<br>b <br/> c', 'a\nb\nc'],
    ['rulers', 'a<hr>b', 'a\n\n***\n\nb'],
    [
      'links',
      '<a href="https://a.example/b c(d)">the <b>page</b></a>, <a href="https://a.example">https://a.example</a>',
      '[the page](https://a.example/b%20c%28d%29), https://a.example',
    ],
    [
      'links to nowhere',
      '<a href="/in">in</a> <a href="javascript:alert(1)">js</a> <a href="data:text/html,x">data</a> <a>none</a>',
      'in js data none',
    ],
    ['pictures, by what they show', 'a<img src="https://a.example/x.png" alt="a chart">b', 'a a chart b'],
    ['characters', '&eacute;&nbsp;&#x1F600; soft&shy;ly', 'é 😀 softly'],
  ])('%s', (_what, body, markdown) => expect(textOf(body)).toBe(markdown));

  test('names with marks in them are found as they are', () => {
    expect(textOf('<p>snake_case *star* [1] a<b</p>')).toBe('snake_case *star* [1] a');
    expect(textOf('<p>snake_case *star* [1] a &lt; b \\n</p>')).toBe('snake_case *star* [1] a < b \\n');
  });

  test('a paragraph that begins as something else stays a paragraph', () => {
    const texts = ['# a', '- b', '1. c', '> d', '```', '---', '===', '| --- |', '    e'];
    const { blocks } = readHtml(`<body>${texts.map((text) => `<p>${text}</p>`).join('')}<p>a<br>---</p>`);
    expect(blocks.map(({ kind }) => kind)).toEqual([...texts, ''].map(() => 'paragraph'));
  });

  test('its blocks are those of the page', () => {
    const { text, blocks } = readHtml('<body><h2>A</h2><p>b</p><ul><li>c<li>d</ul><pre>e</pre><table><tr><td>f<td>g<tr><td>h<td>i</table>');
    expect(blocks.map(({ kind, start, end }) => [kind, text.slice(start, end)])).toEqual([
      ['heading', '## A'],
      ['paragraph', 'b'],
      ['list', '- c'],
      ['list', '- d'],
      ['code', '```\ne\n```'],
      ['table', '| f | g |\n| --- | --- |\n| h | i |'],
    ]);
  });
});

test('what nobody sees on the page is left out', () => {
  const hidden = [
    '<script>one()</script>',
    '<style>p{}</style>',
    '<noscript>two</noscript>',
    '<template><p>three</p></template>',
    '<nav>four</nav>',
    '<div role="navigation">five</div>',
    '<p hidden>six</p>',
    '<p style="color: red; DISPLAY : none">seven</p>',
    '<p style="visibility:hidden">eight</p>',
    '<p aria-hidden="true">nine</p>',
    '<svg><title>ten</title><text>eleven</text></svg>',
    '<iframe src="https://a.example">twelve</iframe>',
    '<select><option>thirteen</select>',
    '<!-- fourteen -->',
    '<textarea>fifteen</textarea>',
  ];
  expect(textOf(`<form>a${hidden.join('')}b</form>`)).toBe('ab');
});

describe('of a page that says what is its content', () => {
  test('that is read, and nothing around it', () => {
    expect(textOf('<header>Site</header><main><h1>A</h1>b</main><footer>Imprint</footer>')).toBe('# A\n\nb');
  });

  test.each([
    ['nothing', '<p>a<main><script>b()</script></main>', 'a'],
    ['more than one', '<main>a</main>b<main>c</main>', 'a\n\nb\n\nc'],
    ['one that is hidden, and another one', '<main hidden>a</main>b<main>c</main>', 'c'],
  ])('there is %s', (_what, body, text) => expect(textOf(body)).toBe(text));
});

describe('the title of HTML is', () => {
  test.each([
    ['that of its head', '<title> The\n page </title><h1>Other</h1><svg><title>no</title></svg>', 'The page'],
    ['its first heading', '<body><h1>The page</h1>', 'The page'],
    ['nothing without either', '<body>text<svg><title>no</title></svg>', null],
  ])('%s', (_what, source, title) => expect(readHtml(source).title).toBe(title));
});

test('HTML without text is refused, and why', () => {
  expect(() => readHtml('<!doctype html><title>App</title><div id="root"></div><script>start()</script>')).toThrow('The HTML has no text.');
});

describe('made to take long, in a moment is read', () => {
  const many = 100_000;
  test.each([
    ['elements in elements', `${'<div>'.repeat(many)}text`],
    ['quotes in quotes', `${'<blockquote>'.repeat(many)}${'<p>text'.repeat(many / 2)}`],
    ['lists in lists', `${'<ul><li>'.repeat(many / 2)}text`],
    ['tables in tables', `${'<table><tr><td>'.repeat(many / 10)}text`],
    ['links in one paragraph', `<p>${'<a href="https://a.example">b</a> '.repeat(many / 2)}text`],
    ['spaces', `a${' '.repeat(10 * many)}b<br>${'\n \n'.repeat(many)}text`],
    ['a row of many cells over rows of none', `<table><tr>${'<td>a'.repeat(many / 10)}${'<tr>'.repeat(many / 10)}</table>text`],
    ['backticks', `<pre>${'`'.repeat(3 * many)} ${'```a'.repeat(many)}</pre>text`],
    ['tags that do not end', `text${'<a '.repeat(many)}`],
  ])('%s', (_what, source) => {
    // Quadratic work would take minutes; the time of a test is its limit.
    expect(readHtml(source).text).toContain('text');
  });
});
