/** The thread that a local model runs in: tokenizing and inference are synchronous, and would stop everything else. */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type LocalAnswer, type LocalRequest, type LocalSettings, library } from './messages.ts';

/** As much of the library as is used here; it is optional, so its own types may be missing. */
interface Library {
  env: { localModelPath: string; cacheDir: string; allowRemoteModels: boolean };
  pipeline(task: 'feature-extraction', id: string, options: { progress_callback: () => void }): Promise<Extractor>;
}

type Extractor = (texts: string[], options: { pooling: string }) => Promise<{ data: ArrayLike<number>; dims: number[] }>;

function serve(port: MessagePort, { id, folder, fetches, pooling }: LocalSettings): void {
  let extractor: Promise<Extractor> | undefined;

  async function load(): Promise<Extractor> {
    const { env, pipeline } = (await import(library)) as Library;
    Object.assign(env, { localModelPath: folder, cacheDir: folder, allowRemoteModels: fetches });
    return pipeline('feature-extraction', id, { progress_callback: () => post({ kind: 'loading' }) });
  }

  async function embed(extract: Extractor, { texts }: LocalRequest): Promise<LocalAnswer> {
    const { data, dims } = await extract([...texts], { pooling });
    return { kind: 'vectors', values: Float32Array.from(data), count: dims[0] ?? 0 };
  }

  async function reply(request: LocalRequest): Promise<void> {
    let loading = true;
    try {
      extractor ??= load();
      const extract = await extractor;
      loading = false;
      post(await embed(extract, request));
    } catch (error) {
      // What could not be fetched now may be the next time.
      if (loading) extractor = undefined;
      post({ kind: 'failed', loading, message: messageOf(error) });
    }
  }

  function post(answer: LocalAnswer): void {
    port.postMessage(answer, answer.kind === 'vectors' ? [answer.values.buffer as ArrayBuffer] : []);
  }

  let last: Promise<void> = Promise.resolve();
  port.on('message', (request: LocalRequest) => {
    last = last.then(() => reply(request));
  });
}

/** The reason why a fetch failed is behind its error. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

if (parentPort === null) throw new Error('this module is the entry of a worker thread');
serve(parentPort, workerData as LocalSettings);
