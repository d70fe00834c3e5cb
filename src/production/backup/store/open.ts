/** Opens the place that somebody named: a folder, or `s3://bucket/prefix`. */

import { openFolder } from './folder.ts';
import type { Store } from './store.ts';

export interface StoreOptions {
  to: string;
  s3Endpoint: string | undefined;
}

/** The AWS library is loaded only where it is used: it is most of the start of a command. */
export async function openStore({ to, s3Endpoint }: StoreOptions): Promise<Store> {
  if (!to.startsWith('s3:')) return openFolder(to);
  const url = URL.parse(to);
  if (url === null || url.host === '') throw new Error(`${to} names no bucket. Write s3://bucket/prefix.`);
  const { openS3 } = await import('./s3.ts');
  return openS3({ bucket: url.host, prefix: url.pathname.replaceAll(/^\/+|\/+$/g, ''), endpoint: s3Endpoint });
}
