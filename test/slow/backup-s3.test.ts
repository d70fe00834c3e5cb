/** Backups in a store that speaks the protocol of S3. */

import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openS3 } from '../../src/production/backup/store/s3.ts';
import { type Made, type Workbench, openWorkbench } from '../support/backup.ts';
import { type TestS3, startS3 } from '../support/s3.ts';
import { createPlace } from '../support/server.ts';

let s3: TestS3;

beforeAll(async () => {
  s3 = await startS3();
  for (const [name, value] of Object.entries(s3.environment)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await s3.stop();
});

const open = (prefix: string) => openS3({ bucket: s3.bucket, prefix, endpoint: s3.environment['AWS_ENDPOINT_URL_S3'] });

test('what is larger than a part arrives as it left, and is listed under its prefix alone', async () => {
  const store = open('here/and/there');
  const content = randomBytes(80_000_000);
  async function* pieces() {
    for (let at = 0; at < content.length; at += 1_000_000) yield content.subarray(at, at + 1_000_000);
  }
  await store.write('large', pieces());
  expect(await store.list()).toEqual([{ name: 'large', bytes: content.length }]);
  expect((await buffer(await store.read('large'))).equals(content)).toBe(true);
  expect(await open('here').list()).toEqual([]);
  await store.remove('large');
  expect(await store.readText('large')).toBeUndefined();
});

test('a source that fails after some parts leaves nothing', async () => {
  const store = open('failing');
  async function* fails() {
    for (let count = 0; count < 70; count += 1) yield randomBytes(1_000_000);
    throw new Error('the cable was pulled');
  }
  await expect(store.write('half', fails())).rejects.toThrow('the cable was pulled');
  expect(await store.list()).toEqual([]);
});

test('commands make, list and verify backups there', async () => {
  const bench: Workbench = await openWorkbench(await createPlace('embedded'));
  const environment = { ...s3.environment, QUARTERDECK_BACKUP_TO: `s3://${s3.bucket}/quarterdeck` };
  const made = await bench.json<Made>(['create'], environment);
  expect(await bench.json(['verify', 'latest'], environment)).toMatchObject({ backup: made.backup, verified: true });
  expect(await bench.json(['list'], environment)).toMatchObject({
    place: `s3://${s3.bucket}/quarterdeck`,
    backups: [{ backup: made.backup, state: 'verified' }],
  });
  await bench.remove();
});

test('a bucket that is not there is named', async () => {
  const bench: Workbench = await openWorkbench(await createPlace('embedded'));
  const ran = await bench.run(['create'], { ...s3.environment, QUARTERDECK_BACKUP_TO: 's3://nowhere' });
  expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('nowhere') as string });
  await bench.remove();
});
