/** What the main thread and the thread of a local model say to each other. */

import type { Pooling } from '../families.ts';

/** The package that runs the model. It is optional, and so never named in an import. */
export const library = '@huggingface/transformers';

export interface LocalSettings {
  /** As the library is asked for it: a name on the hub of Hugging Face, or that of a folder in `folder`. */
  id: string;
  /** Where models are looked for, and where those that are fetched are kept. */
  folder: string;
  /** False for a model in a folder of the user's: nothing is fetched. */
  fetches: boolean;
  pooling: Pooling;
}

/** Answered one by one, in order. */
export interface LocalRequest {
  texts: readonly string[];
}

export type LocalAnswer =
  /** One vector after the other. */
  | { kind: 'vectors'; values: Float32Array; count: number }
  /** `loading`: there is no model yet. */
  | { kind: 'failed'; loading: boolean; message: string }
  /** The model is still being fetched or loaded. */
  | { kind: 'loading' };
