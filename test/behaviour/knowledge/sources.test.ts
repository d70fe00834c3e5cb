import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Caller, type OwnHouse, openHouse } from '../../support/house.ts';
import { makePdf } from '../../support/pdf.ts';

let house: OwnHouse;
let ada: Caller;

beforeAll(async () => {
  house = await openHouse({ environment: { QUARTERDECK_SOURCE_VERSIONS: '3', QUARTERDECK_MAX_SOURCE_CHARACTERS: '50000' } });
  ada = await house.person('Ada');
});
afterAll(() => house.close());

let projects = 0;
/** A project of its own for each test, so that none finds the sources of another. */
async function project(): Promise<string> {
  projects += 1;
  await ada.call('create_project', { key: `S${projects}`, name: `Sources ${projects}` });
  return `S${projects}`;
}
const ingest = (input: Record<string, unknown>, by = ada) => by.call('ingest_source', input);
const search = async (query: string, key: string) => (await ada.call('search_knowledge', { query, project: key })).items as Answer[];
const textOf = async (source_id: string, more = {}) => (await ada.call('get_source', { source_id, ...more })).text as string;
const hashOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

describe('taking in a source', () => {
  test('shows what it has become', async () => {
    const key = await project();
    const answer = await ingest({ project: key, title: 'Leases', content: 'A claim has a lease.', format: 'text' });
    expect(answer).toMatchObject({
      change: 'created',
      conversation_id: null,
      source: {
        project: key,
        kind: 'document',
        title: 'Leases',
        format: 'text',
        url: null,
        conversation_id: null,
        language: 'en',
        version: 1,
        characters: 20,
        chunks: 1,
        created_by: { kind: 'person', id: ada.principal.id, name: 'Ada' },
      },
    });
    expect(await ada.call('get_source', { source_id: answer.source.id })).toMatchObject({
      source: answer.source,
      text: 'A claim has a lease.',
      start: 0,
      end: 20,
      next_start: null,
    });
  });

  test('without a project belongs to nobody else', async () => {
    const bob = await house.colleague(ada, 'Bob', 'admin');
    const { source } = await ingest({ content: 'A secret of Ada alone, about marzipan.' });
    expect(source.project).toBe('ME');
    expect((await bob.call('search_knowledge', { query: 'marzipan' })).items).toEqual([]);
    expect((await ada.call('search_knowledge', { query: 'marzipan' })).items).toHaveLength(1);
    expect((await bob.refused('get_source', { source_id: source.id })).code).toBe('not_found');
  });

  test('the same again changes nothing', async () => {
    const key = await project();
    const first = await ingest({ project: key, title: 'One', content: 'The same text.' });
    const again = await ingest({ project: key, title: 'One', content: 'The same text.\r\n'.trimEnd() });
    expect(again).toEqual({ ...first, change: 'unchanged' });
    expect((await ada.call('list_sources', { project: key })).items).toHaveLength(1);
  });

  test('twenty times at once makes one', async () => {
    const key = await project();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ingest({ project: key, title: 'One', content: 'The same text, twenty times.' })),
    );
    expect(new Set(answers.map(({ source }) => source.id)).size).toBe(1);
    expect(answers.filter(({ change }) => change === 'created')).toHaveLength(1);
    expect(await search('twenty times', key)).toHaveLength(1);
  });

  test('many at once are all found', async () => {
    const key = await project();
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        ingest({ project: key, title: `Number ${n}`, content: `The text of number${n}, and the word everywhere.` }),
      ),
    );
    const { items } = await ada.call('search_knowledge', { query: 'everywhere', project: key, limit: 100 });
    expect(new Set(items.map((item: Answer) => item.title)).size).toBe(20);
    expect((await search('number7', key)).map(({ title }) => title)).toEqual(['Number 7']);
  });

  test('finds the title in the text, and else takes its beginning or its address', async () => {
    const key = await project();
    const titled = await ingest({ project: key, content: '# Leases\n\nA claim has one.', format: 'markdown' });
    expect(titled.source.title).toBe('Leases');
    const plain = await ingest({ project: key, content: 'A claim has a lease.\nMore.', format: 'text' });
    expect(plain.source.title).toBe('A claim has a lease.');
    const addressed = await ingest({ project: key, content: 'Just some words.', format: 'text', url: 'https://example.com/leases' });
    expect(addressed.source).toMatchObject({ title: 'https://example.com/leases', url: 'https://example.com/leases' });
  });

  test('knows the language, or is told', async () => {
    const key = await project();
    const german = 'Wer eine Aufgabe übernimmt, hält sie so lange, wie sein Anspruch gilt, und die Häuser bleiben stehen.';
    expect((await ingest({ project: key, content: german })).source.language).toBe('de');
    expect((await ingest({ project: key, content: 'Kurz.', language: 'de' })).source.language).toBe('de');
    await ingest({ project: key, content: 'The houses of the harbour are painted in white, as they have been for hundreds of years.' });
    expect(await search('haus', key)).toHaveLength(1);
    expect(await search('house', key)).toHaveLength(1);
  });

  test('refuses what is neither content nor messages, both, or nothing', async () => {
    for (const wrong of [{}, { content: 'x', messages: [{ content: 'x' }] }, { content: '  \n' }, { messages: [] }]) {
      const { code, next } = await ada.refused('ingest_source', wrong);
      expect(code).toBe('invalid_input');
      expect(next).not.toBe('');
    }
  });

  test('refuses what is too long, says by how much, and leaves nothing behind', async () => {
    const key = await project();
    const problem = await ada.refused('ingest_source', { project: key, title: 'Long', content: 'word '.repeat(10_001) });
    expect(problem).toMatchObject({ code: 'too_large', details: { limit: 50_000 } });
    expect(problem.next).toContain('QUARTERDECK_MAX_SOURCE_CHARACTERS');
    expect((await ada.call('list_sources', { project: key })).items).toEqual([]);
  });
});

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

describe('a source of another format', () => {
  test('is a page, whose content is found without what is around it', async () => {
    const key = await project();
    const content = '<!doctype html><title>Leases</title><nav>Marzipan</nav><h2>Ends</h2><p>A lease <b>runs out</b>.';
    const { source } = await ingest({ project: key, content });
    expect(source).toMatchObject({ title: 'Leases', format: 'html' });
    expect(await textOf(source.id)).toBe('## Ends\n\nA lease runs out.');
    expect(await search('marzipan', key)).toEqual([]);
  });

  test('is a PDF in base64, found with its page', async () => {
    const key = await project();
    const pages = Array.from({ length: 3 }, (_, page) => [
      `Page ${page + 1}`,
      ...Array.from({ length: 45 }, () => 'Nothing else is said in all of these lines here.'),
    ]);
    pages[2]?.push('A word for marzipan.');
    const { source } = await ingest({ project: key, title: 'Manual', content: base64(makePdf(pages)), format: 'pdf' });
    expect(source.format).toBe('pdf');
    expect(await search('marzipan', key)).toMatchObject([{ page: 3 }]);
  });

  test('is the export of a Slack channel, with who spoke', async () => {
    const key = await project();
    const ann = { type: 'message', user: 'U1', user_profile: { real_name: 'Ann Arbor' } };
    const { source } = await ingest({
      project: key,
      content: JSON.stringify([{ ...ann, ts: '1769850001.000200', text: 'Marzipan &amp; more, <@U1>' }]),
    });
    expect(source.format).toBe('slack');
    expect(await textOf(source.id)).toBe('[Ann Arbor, 2026-01-31 09:00 UTC]\nMarzipan & more, @Ann Arbor');
    expect(await search('marzipan', key)).toMatchObject([{ authors: ['Ann Arbor'] }]);
  });

  test.each([
    ['a PDF of pictures', { content: base64(makePdf([['']])), format: 'pdf' }, 'scanned'],
    ['a PDF with a password', { content: base64(makePdf([['a']], { encrypted: true })), format: 'pdf' }, 'encrypted'],
    ['HTML without text', { content: '<html><script>start()</script>' }, 'empty'],
    ['what is no Slack export', { content: '{}', format: 'slack' }, 'malformed'],
  ])('is refused with its reason and leaves nothing behind: %s', async (_what, input, reason) => {
    const key = await project();
    expect(await ada.refused('ingest_source', { project: key, ...input })).toMatchObject({ code: 'invalid_input', details: { reason } });
    expect((await ada.call('list_sources', { project: key })).items).toEqual([]);
  });
});

describe('a source that comes again with another text', () => {
  test('has a new version, by the address or the id of its conversation', async () => {
    const key = await project();
    for (const identity of [{ url: 'https://example.com/page' }, { conversation_id: 'talk' }]) {
      const first = await ingest({ project: key, ...identity, content: 'Before it said walrus.' });
      const second = await ingest({ project: key, ...identity, content: 'Now it says narwhal.' });
      expect(second).toMatchObject({ change: 'replaced', source: { id: first.source.id, version: 2 } });
      expect(await textOf(first.source.id)).toBe('Now it says narwhal.');
      expect(await textOf(first.source.id, { version: 1 })).toBe('Before it said walrus.');
    }
    expect(await search('walrus', key)).toEqual([]);
    expect((await search('narwhal', key)).map(({ citation }) => citation.version)).toEqual([2, 2]);
  });

  test('keeps as many versions as the setting says', async () => {
    const key = await project();
    const versions: Answer[] = [];
    for (let n = 1; n <= 5; n += 1)
      versions.push(await ingest({ project: key, conversation_id: 'talk', content: `Text of version ${n}.` }));
    const { id } = versions[0].source;
    expect(await textOf(id, { version: 3 })).toBe('Text of version 3.');
    const gone = await ada.refused('get_source', { source_id: id, version: 2 });
    expect(gone).toMatchObject({ code: 'not_found', details: { newest: 5 } });
  });

  test('tells listeners', async () => {
    const key = await project();
    const heard = await house.listen(ada);
    const { source } = await ingest({ project: key, conversation_id: 'talk', content: 'One.' });
    await ingest({ project: key, conversation_id: 'talk', content: 'One.' });
    await ingest({ project: key, conversation_id: 'talk', content: 'Two.' });
    await ada.call('delete_source', { source_id: source.id });
    await expect.poll(() => heard.map(({ type }) => type)).toEqual(['source.created', 'source.changed', 'source.deleted']);
    expect(heard[1]).toMatchObject({
      subject: source.id,
      resource: `quarterdeck://sources/${source.id}`,
      data: { change: 'replaced', version: 2 },
    });
  });
});

describe('a conversation', () => {
  const hello = { author_name: 'Ann', author_type: 'customer', content: 'The printer is on fire.', timestamp: '2026-01-31T09:00:00Z' };
  const reply = { author_name: 'Ben', author_type: 'support', content: 'Pull the plug, then call me.', timestamp: '2026-01-31T09:01:00Z' };
  const thanks = { author_name: 'Ann', author_type: 'customer', content: 'Thank you, it is out.', timestamp: '2026-01-31T10:00:00Z' };

  test('keeps who said what, and when', async () => {
    const key = await project();
    const answer = await ingest({ project: key, scenario_title: 'Fire', url: 'https://example.com/1', messages: [hello, reply] });
    expect(answer.source).toMatchObject({ title: 'Fire', format: 'messages', chunks: 1 });
    const [found] = await search('plug', key);
    expect(found).toMatchObject({ authors: ['Ann', 'Ben'], at: '2026-01-31T09:00:00.000Z' });
  });

  test('grows by the messages that are new, and what was cited before still stands', async () => {
    const key = await project();
    const first = await ingest({ project: key, conversation_id: 'fire', messages: [hello, reply] });
    expect(first).toMatchObject({ conversation_id: 'fire', source: { kind: 'conversation', conversation_id: 'fire' } });
    const [{ citation }] = await search('plug', key);
    expect(await ingest({ project: key, conversation_id: 'fire', messages: [hello, reply] })).toMatchObject({ change: 'unchanged' });
    const grown = await ingest({ project: key, conversation_id: 'fire', messages: [hello, reply, thanks] });
    expect(grown).toMatchObject({ change: 'appended', source: { id: first.source.id, version: 1 } });
    expect(await textOf(first.source.id)).toMatch(/fire\.[\s\S]*plug[\s\S]*Thank you/);
    expect((await textOf(first.source.id)).match(/printer/g)).toHaveLength(1);
    expect(await ada.call('verify_citation', citation)).toMatchObject({ status: 'valid' });
    expect(await search('thank', key)).toHaveLength(1);
  });

  test('that comes message by message has chunks like one that came at once', async () => {
    const key = await project();
    const messages = Array.from({ length: 40 }, (_, n) => ({
      author_name: n % 2 === 0 ? 'Ann' : 'Ben',
      content: `Sentence number ${n} of a long talk about printers, fires and how to put them out, with 🔥 and all.`,
      timestamp: new Date(Date.UTC(2026, 0, 31, 9, n)).toISOString(),
    }));
    const whole = await ingest({ project: key, conversation_id: 'whole', messages });
    let grown: Answer;
    for (const message of messages) grown = await ingest({ project: key, conversation_id: 'grown', messages: [message] });
    expect(await textOf(grown.source.id)).toBe(await textOf(whole.source.id));
    expect(grown.source.chunks).toBe(whole.source.chunks);
    for (const { citation, source_id } of await search('printers', key)) {
      const text = await textOf(source_id, { start: citation.start, limit: citation.end - citation.start });
      expect(hashOf(text)).toBe(citation.hash);
    }
  });

  test('without an id gets one, by which it is found again', async () => {
    const key = await project();
    const first = await ingest({ project: key, messages: [hello] });
    expect(first.conversation_id).toMatch(/^[0-9a-f]{16}$/);
    expect(await ingest({ project: key, messages: [hello] })).toMatchObject({ change: 'unchanged', source: { id: first.source.id } });
    expect(await ingest({ project: key, conversation_id: first.conversation_id, messages: [reply] })).toMatchObject({
      change: 'appended',
      source: { id: first.source.id },
    });
  });

  test('grows by content too, where that is asked for', async () => {
    const key = await project();
    const { source } = await ingest({ project: key, conversation_id: 'log', content: 'First line.' });
    expect(await ingest({ project: key, conversation_id: 'log', content: 'Second line.', mode: 'append' })).toMatchObject({
      change: 'appended',
    });
    expect(await textOf(source.id)).toBe('First line.\n\nSecond line.');
    expect(await search('second', key)).toHaveLength(1);
  });

  test('that twenty append to at once loses nothing', async () => {
    const key = await project();
    await ingest({ project: key, conversation_id: 'busy', messages: [hello] });
    const said = Array.from({ length: 20 }, (_, n) => ({ author_name: `Person ${n}`, content: `I say word${n}.` }));
    const answers = await Promise.all(said.map((message) => ingest({ project: key, conversation_id: 'busy', messages: [message] })));
    const text = await textOf(answers[0].source.id);
    for (const { content } of said) expect(text).toContain(content);
    for (const n of [0, 7, 19]) expect(await search(`word${n}`, key)).toHaveLength(1);
  });
});

describe('a citation', () => {
  test('counts code points, and says the hash of what stands there', async () => {
    const key = await project();
    const content = `${'🔥 '.repeat(30)}\n\n# Smoke\n\nWhere there is 🔥 there is smoke, says the raven 🐦‍⬛.`;
    const { source } = await ingest({ project: key, content, format: 'markdown' });
    const [found] = await search('raven', key);
    const { start, end, hash } = found.citation;
    const text = Array.from(await textOf(source.id))
      .slice(start, end)
      .join('');
    expect(text).toContain('says the raven');
    expect(hash).toBe(hashOf(text));
    expect(await ada.call('verify_citation', found.citation)).toEqual({ status: 'valid', version: 1, text, found: null });
  });

  test('is stale once there is a newer version, which says so or does not any more', async () => {
    const key = await project();
    await ingest({ project: key, conversation_id: 'c', content: 'The raven is black.' });
    const [{ citation }] = await search('raven', key);
    await ingest({ project: key, conversation_id: 'c', content: 'As everybody knows: The raven is black. And wise.' });
    expect(await ada.call('verify_citation', citation)).toEqual({
      status: 'stale',
      version: 2,
      text: 'The raven is black.',
      found: { start: 20, end: 39 },
    });
    await ingest({ project: key, conversation_id: 'c', content: 'The raven is white.' });
    expect(await ada.call('verify_citation', citation)).toMatchObject({ status: 'stale', version: 3, found: null });
  });

  test('is gone with its source, and was never there for others', async () => {
    const key = await project();
    const { source } = await ingest({ project: key, content: 'The raven flies.' });
    const [{ citation }] = await search('raven', key);
    const mallory = await house.person('Mallory');
    const never = { status: 'gone', version: null, text: null, found: null };
    expect(await mallory.call('verify_citation', citation)).toEqual(never);
    await ada.call('delete_source', { source_id: source.id });
    expect(await ada.call('verify_citation', citation)).toEqual(never);
    expect(await search('raven', key)).toEqual([]);
  });

  test('that was made up or altered is found out', async () => {
    const key = await project();
    await ingest({ project: key, content: 'The raven is black. The swan is white.' });
    const [{ citation }] = await search('raven', key);
    const altered = await ada.call('verify_citation', { ...citation, end: citation.end - 5 });
    expect(altered).toMatchObject({ status: 'mismatch', version: 1 });
    expect(await ada.call('verify_citation', { ...citation, hash: hashOf('The raven is pink.') })).toMatchObject({ status: 'mismatch' });
    expect(await ada.call('verify_citation', { ...citation, version: 9 })).toMatchObject({ status: 'gone', version: 1 });
    expect(await ada.call('verify_citation', { ...citation, start: 10_000, end: 10_010 })).toMatchObject({ status: 'mismatch', text: '' });
  });

  test('can be asked whether it holds certain words', async () => {
    const key = await project();
    await ingest({ project: key, content: 'The raven is black. The swan is white.' });
    const [{ citation }] = await search('raven', key);
    expect(await ada.call('verify_citation', { ...citation, quote: 'raven is black' })).toMatchObject({ status: 'valid' });
    expect(await ada.call('verify_citation', { ...citation, quote: 'raven is white' })).toMatchObject({ status: 'mismatch', found: null });
  });
});

describe('sources', () => {
  test('are listed newest first, in pages, by project, kind and words of the title', async () => {
    const key = await project();
    for (const title of ['Alpha one', 'Alpha two', 'Beta']) await ingest({ project: key, title, content: `Text of ${title}.` });
    await ingest({ project: key, title: 'Talk', conversation_id: 't', content: 'Hello.' });
    const list = async (more: Record<string, unknown>) => ada.call('list_sources', { project: key, ...more });
    const titles = ({ items }: Answer) => items.map(({ title }: Answer) => title);
    const first = await list({ limit: 3 });
    expect(titles(first)).toEqual(['Talk', 'Beta', 'Alpha two']);
    const rest = await list({ limit: 3, cursor: first.next_cursor });
    expect([titles(rest), rest.next_cursor]).toEqual([['Alpha one'], null]);
    expect(titles(await list({ query: 'alpha' }))).toEqual(['Alpha two', 'Alpha one']);
    expect(titles(await list({ kind: 'conversation' }))).toEqual(['Talk']);
    expect(titles(await list({ query: '100%' }))).toEqual([]);
  });

  test('are read in pages of their text', async () => {
    const key = await project();
    const content = 'äöü🔥 '.repeat(1_000).trim();
    const { source } = await ingest({ project: key, content, format: 'text' });
    let text = '';
    for (let start: number | null = 0; start !== null;) {
      const page: Answer = await ada.call('get_source', { source_id: source.id, start, limit: 999 });
      text += page.text;
      start = page.next_start;
    }
    expect(text).toBe(content);
  });

  test('go with their project', async () => {
    const key = await project();
    const { source } = await ingest({ project: key, content: 'The raven goes with its project.' });
    expect(await ada.refused('delete_project', { project: key })).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('1 source'),
    });
    expect(await ada.call('delete_project', { project: key, force: true })).toMatchObject({ deleted_tasks: 0, deleted_sources: 1 });
    expect((await ada.refused('get_source', { source_id: source.id })).code).toBe('not_found');
    const { items } = await ada.call('search_knowledge', { query: 'raven goes' });
    expect(items.filter((item: Answer) => item.source_id === source.id)).toEqual([]);
  });
});

describe('what is taken in as it is', () => {
  test('is HTML without what nobody reads', async () => {
    const key = await project();
    const content =
      '<!doctype html><title>Moorings</title><nav>Home</nav><main><h1>Moorings</h1><p>Tie the <b>bowline</b>.</p><script>steal()</script></main>';
    const { source } = await ingest({ project: key, content });
    expect(source).toMatchObject({ format: 'html', title: 'Moorings' });
    expect(await textOf(source.id)).not.toMatch(/steal|Home|<p>/);
    const [{ citation }] = await search('bowline', key);
    expect(await ada.call('verify_citation', citation)).toMatchObject({ status: 'valid' });
  });

  test('is refused where nothing can be read, with what to do, and leaves nothing behind', async () => {
    const key = await project();
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ content: 'no PDF', format: 'pdf' }, /base64/],
      [{ content: '<html><body><script>x</script></body></html>' }, /text/],
      [{ content: 'a\u0000b' }, /U\+0000|NUL/i],
      [{ content: '[{"type":"message"', format: 'slack' }, /JSON/],
    ];
    for (const [input, words] of wrong) {
      const { code, message, next } = await ada.refused('ingest_source', { project: key, ...input });
      expect(`${code} ${message} ${next}`).toMatch(words);
    }
    expect((await ada.call('list_sources', { project: key })).items).toEqual([]);
  });
});
