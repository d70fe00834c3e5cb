import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Caller, type OwnHouse, openHouse } from '../../support/house.ts';
import { makePdf } from '../../support/pdf.ts';

let house: OwnHouse;
let ada: Caller;
/** Modes of the transactions since it was emptied. */
const modes: string[] = [];

beforeAll(async () => {
  house = await openHouse({
    environment: {
      QUARTERDECK_MAX_SOURCE_BYTES: '200000',
      QUARTERDECK_MAX_SOURCE_PAGES: '2',
      QUARTERDECK_READ_SECONDS: '60',
      QUARTERDECK_READ_AT_ONCE_MS: '60000',
    },
    wrap: (database) => ({
      ...database,
      transaction: (tenant, options, work) => {
        modes.push(options.mode);
        return database.transaction(tenant, options, work);
      },
    }),
  });
  ada = await house.person('Ada');
});
afterAll(() => house.close());

const ingest = (input: Record<string, unknown>) => ada.call('ingest_source', input);

test.each([
  ['by its address', { url: 'https://example.com/same', content: 'The same page.' }],
  ['by its conversation', { conversation_id: 'same', content: 'The same talk.' }],
  ['by its text', { content: 'The same text, of no address.' }],
])('a source that comes again, known %s, is found before anything is written', async (_how, input) => {
  const { source } = await ingest(input);
  modes.length = 0;
  expect(await ingest(input)).toMatchObject({ change: 'unchanged', source: { id: source.id, version: 1 } });
  expect(modes).not.toContain('write');
});

describe('the address of a source', () => {
  test('says that it is Markdown', async () => {
    const { source } = await ingest({ url: 'https://example.com/notes.md?raw=1', content: 'No mark of Markdown in it.' });
    expect(source.format).toBe('markdown');
  });

  test.each(['page.html', 'paper.pdf'])('does not make %s of what an agent read there', async (name) => {
    const { source } = await ingest({ url: `https://example.com/${name}`, content: '# Title\n\nWhat the agent read: a < b.' });
    expect(source.format).toBe('markdown');
  });
});

test('a PDF in base64 is known by what it begins with', async () => {
  const content = Buffer.from(makePdf([['A page about marmots.']])).toString('base64');
  expect(await ingest({ content })).toMatchObject({ source: { format: 'pdf' } });
});

describe('what is beyond a setting is refused, and says which:', () => {
  test.each([
    ['bytes', { content: 'word '.repeat(50_000) }, 'too_large', 'QUARTERDECK_MAX_SOURCE_BYTES'],
    [
      'pages',
      { content: Buffer.from(makePdf([['one'], ['two'], ['three']])).toString('base64') },
      'too_many_pages',
      'QUARTERDECK_MAX_SOURCE_PAGES',
    ],
  ])('%s', async (_what, input, reason, variable) => {
    const problem = await ada.refused('ingest_source', input);
    expect(problem).toMatchObject({ code: 'invalid_input', details: { reason }, next: expect.stringContaining(variable) });
  });
});
