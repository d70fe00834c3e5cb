import { expect, test } from 'vitest';
import { html } from './markup.ts';

test('values are text, whatever is in them', () => {
  const name = `<script>alert('1')</script> & "x"`;
  expect(html`<p title="${name}">${name}</p>`.text).toBe(
    '<p title="&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;">&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;</p>',
  );
});

test('HTML in HTML stays what it is', () => {
  const items = ['a', '<b>'].map((item) => html`<i>${item}</i>`);
  expect(html`${html`<b></b>`}${items}`.text).toBe('<b></b><i>a</i><i>&lt;b&gt;</i>');
});
