/** A folder of 2,000 files with everything that goes wrong in one, interrupted and carried on. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { environmentOf, program } from '../support/quarterdeck.ts';
import { type Place, createPlace, startTestServer } from '../support/server.ts';

interface Result {
  found: number;
  created: number;
  unchanged: number;
  refused: number;
  skipped: Record<string, number>;
  stopped: boolean;
  files: { file: string; outcome: string; reason?: string }[];
}

async function fill(folder: string): Promise<void> {
  for (let one = 0; one < 20; one += 1) {
    await mkdir(join(folder, `part-${one}`), { recursive: true });
    const write = (n: number) =>
      writeFile(join(folder, `part-${one}`, `${n}.md`), `# File ${one}-${n}\n\nIt says word${one * 100 + n}. ${'The sea. '.repeat(30)}`);
    await Promise.all(Array.from({ length: 100 }, (_, n) => write(n)));
  }
  await writeFile(join(folder, 'broken.pdf'), '%PDF-1.7\nbroken');
  await writeFile(join(folder, 'huge.txt'), 'A sentence of a text that is too long. '.repeat(1_300_000));
  await writeFile(join(folder, 'large.txt'), Array.from({ length: 30_000 }, (_, n) => `Sentence ${n} about a harbour.`).join('\n\n'));
  await writeFile(join(folder, 'picture.png'), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 1));
}

function ingest(place: Place, folder: string) {
  const child = spawn(process.execPath, [program, 'ingest', folder, '--json'], {
    cwd: place.data,
    env: environmentOf(place),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit') as Promise<[number | null]>]);
  return { child, ended: ended.then(([stdout, stderr, [code]]) => ({ code, stderr, result: JSON.parse(stdout) as Result })) };
}

test.each(['embedded', 'postgres'] as const)('%s', async (kind) => {
  const place = await createPlace(kind);
  onTestFinished(() => place.remove());
  const server = await startTestServer({ place, environment: { QUARTERDECK_INGEST_AT_ONCE: '100000' } });
  onTestFinished(() => server.close());
  const { token } = await server.platform.identity.signUp({ email: 'ada@example.org', password: 'correct horse battery', name: 'Ada' });
  const { workspace_id, user_id } = await server.platform.identity.verify(token);
  const folder = join(place.data, 'docs');
  await fill(folder);

  let taken = 0;
  await server.platform.events.subscribe({ workspace_id, user_id }, ({ type }) => void (taken += type === 'source.created' ? 1 : 0));
  const first = ingest(place, folder);
  await expect.poll(() => taken, { timeout: 120_000 }).toBeGreaterThan(50);
  first.child.kill('SIGINT');
  const stopped = await first.ended;
  expect(stopped).toMatchObject({ code: 130, result: { found: 2_003, stopped: true } });
  expect(stopped.result.created).toBeLessThan(2_001);

  const { code, result } = await ingest(place, folder).ended;
  expect(code).toBe(1);
  expect(result).toMatchObject({ found: 2_003, refused: 2, skipped: { binary: 1 }, stopped: false });
  expect(result.created + stopped.result.created).toBe(2_001);
  expect(result.unchanged).toBe(stopped.result.created);
  expect(result.files.filter(({ outcome }) => outcome === 'refused')).toMatchObject([
    { file: 'docs/broken.pdf', reason: 'damaged' },
    { file: 'docs/huge.txt', reason: 'too_large' },
  ]);
  expect((await ingest(place, folder).ended).result).toMatchObject({ created: 0, unchanged: 2_001, refused: 2 });
});
