import { expect, test } from 'vitest';
import packageFile from '../../../../package.json' with { type: 'json' };
import { installCommand, requireLibrary } from './library.ts';

test('the start says how to install what a local model needs, where that is missing', () => {
  expect(() => requireLibrary(false)).toThrow(
    `QUARTERDECK_EMBEDDING_MODEL: a local model needs the package @huggingface/transformers, which is not installed. Run \`${installCommand}\``,
  );
  expect(() => requireLibrary(true)).not.toThrow();
});

test('the version that it names is the one that the package is made for', () => {
  expect(installCommand).toContain(`@huggingface/transformers@${packageFile.peerDependencies['@huggingface/transformers']}`);
});
