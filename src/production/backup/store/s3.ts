/** Backups in S3, or in a store that speaks its protocol. */

import { Readable } from 'node:stream';
import { DeleteObjectCommand, GetObjectCommand, NoSuchKey, S3Client, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { Store, StoredFile } from './store.ts';

/** S3 allows 10,000 parts: 32 MiB make 312 GiB, and two under way at once take 64 MiB of memory. */
const partBytes = 32 * 1024 * 1024;
const partsAtOnce = 2;

export interface S3Place {
  bucket: string;
  /** Without slashes around it; may be empty. */
  prefix: string;
  /** Default: AWS. */
  endpoint: string | undefined;
}

/** Stores other than Amazon's seldom have a host name for each bucket, know no regions, and not all know the newer checksums; ours is in the manifest. */
const forOthers = {
  forcePathStyle: true,
  region: process.env['AWS_REGION'] ?? 'us-east-1',
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
} as const;

/** Credentials and region come from where the AWS tools have theirs. */
export function openS3({ bucket, prefix, endpoint }: S3Place): Store {
  const client = new S3Client(endpoint === undefined ? {} : { endpoint, ...forOthers });
  const folder = prefix === '' ? '' : `${prefix}/`;
  const named = (name: string) => ({ Bucket: bucket, Key: `${folder}${name}` });
  const get = async (name: string) => (await client.send(new GetObjectCommand(named(name)))).Body;
  const place = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
  const told = <Result>(work: Promise<Result>) => work.catch((error: unknown) => Promise.reject(failureAt(place, error)));

  async function list(): Promise<StoredFile[]> {
    const files: StoredFile[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: folder, Delimiter: '/' }))
      for (const { Key = '', Size = 0 } of Contents) files.push({ name: Key.slice(folder.length), bytes: Size });
    return files;
  }

  /** In parts, which become an object with the last request; the library throws the parts away when one fails. */
  async function write(name: string, source: AsyncIterable<Uint8Array>): Promise<void> {
    let cause: unknown;
    const body = Readable.from(source, { objectMode: false }).once('error', (error) => (cause = error));
    const upload = new Upload({ client, params: { ...named(name), Body: body }, partSize: partBytes, queueSize: partsAtOnce });
    await told(upload.done()).catch((error: unknown) => {
      // What went wrong with the source says more than that nothing came of the upload.
      throw cause ?? error;
    });
  }

  return {
    place,
    list: () => told(list()),
    write,
    async read(name) {
      const body = await told(get(name));
      if (body instanceof Readable) return body;
      throw new Error(`${name} came from ${place} as something that is no stream.`);
    },
    async readText(name) {
      try {
        return await (await get(name))?.transformToString();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw failureAt(place, error);
      }
    },
    async remove(name) {
      await told(client.send(new DeleteObjectCommand(named(name))));
    },
    close: () => client.destroy(),
  };
}

/** The library's messages name neither the bucket nor what to look at. */
function failureAt(place: string, error: unknown): Error {
  const why = error instanceof Error ? (error.message === '' ? error.name : error.message) : String(error);
  return new Error(
    `${place} cannot be used: ${why.replace(/\.$/, '')}. Check the name, the credentials (AWS_ACCESS_KEY_ID or AWS_PROFILE), AWS_REGION, and AWS_ENDPOINT_URL_S3 for a store that is not Amazon's.`,
    { cause: error },
  );
}
