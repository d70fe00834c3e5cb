import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DamagedJournal, type Entry, Journal, readJournal } from './journal.ts';

let folder: string;
let path: string;
let ticks = 0;
const now = () => new Date(1_800_000_000_000 + (ticks += 1_000));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-journal-'));
  path = join(folder, 'journal.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function written(...types: string[]): Journal<Entry> {
  const journal = Journal.create<Entry>(path, now);
  for (const type of types) journal.append({ type, note: `${type} ü` });
  journal.close();
  return journal;
}

describe('a journal', () => {
  test('keeps what was appended, each record with the hash of the one before', () => {
    const { head } = written('begun', 'ended');
    const { records, damage } = readJournal(path);
    expect(damage).toBeUndefined();
    expect(records).toMatchObject([
      { seq: 1, type: 'begun', note: 'begun ü', prev: '0'.repeat(64) },
      { seq: 2, type: 'ended', prev: records[0]?.hash, hash: head },
    ]);
  });

  test('goes on where it ended', () => {
    written('begun');
    const again = Journal.open(path, now);
    again.append({ type: 'ended' });
    again.close();
    expect(readJournal(path)).toMatchObject({ damage: undefined, records: [{ type: 'begun' }, { seq: 2, type: 'ended' }] });
  });

  test('is made once', () => {
    written('begun');
    expect(() => Journal.create(path, now)).toThrow('EEXIST');
  });

  test('loses nothing but the line that a crash cut off, wherever that was', async () => {
    written('begun', 'done');
    const whole = await readFile(path);
    const first = whole.indexOf('\n') + 1;
    for (let length = first; length < whole.length; length += 7) {
      await writeFile(path, whole.subarray(0, length));
      const journal = Journal.open(path, now);
      expect(journal.records.map(({ type }) => type)).toEqual(['begun']);
      journal.append({ type: 'resumed' });
      journal.close();
      expect(readJournal(path)).toMatchObject({ damage: undefined, records: [{ type: 'begun' }, { type: 'resumed' }] });
    }
  });
});

describe('damage is found', () => {
  test('wherever a byte is changed', async () => {
    written('one', 'two', 'three');
    const whole = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = Buffer.from(whole);
        changed[at] = ((changed[at] ?? 0) + by) % 256;
        await writeFile(path, changed);
        const { records, damage } = readJournal(path);
        // Without its end the last line looks like one that a crash cut off.
        if (damage === undefined) expect([at, records.length]).toEqual([whole.length - 1, 2]);
        else expect(() => Journal.open(path, now)).toThrow(DamagedJournal);
      }),
      { numRuns: 150 },
    );
  });

  test.each<[string, (lines: string[]) => string[], number]>([
    ['a line is taken out', ([a = '', , c = '']) => [a, c], 2],
    ['two lines change places', ([a = '', b = '', c = '']) => [a, c, b], 2],
    ['a line is there twice', ([a = '', b = '', c = '']) => [a, b, b, c], 3],
    ['the beginning is cut off', ([, b = '', c = '']) => [b, c], 1],
  ])('when %s', async (_what, change, line) => {
    written('one', 'two', 'three');
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    await writeFile(path, `${change(lines).join('\n')}\n`);
    expect(readJournal(path).damage?.line).toBe(line);
  });

  test('when something is added that is no record', async () => {
    written('one');
    await appendFile(path, '{"type":"two"}\n');
    expect(readJournal(path)).toMatchObject({ records: [{ type: 'one' }], damage: { line: 2, message: 'it is no record' } });
  });
});
