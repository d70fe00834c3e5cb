/** Imports go down only. */

import { describe, expect, test } from 'vitest';
import { brokenFloors } from './floors.ts';
import { readSources } from './source.ts';

test('every import in src goes down', async () => {
  const files = await readSources('src', ['.ts']);
  expect(files.length).toBeGreaterThan(10);
  expect(files.flatMap(brokenFloors)).toEqual([]);
});

describe('the rule refuses', () => {
  test.each([
    ['src/platform/a.ts', `import { b } from '../operations/b.ts'`, 'platform imports only system'],
    ['src/platform/a.ts', `import type { B } from '../toolsets/tasks/index.ts'`, 'platform imports only system'],
    ['src/operations/a.ts', `export { b } from '../server/b.ts'`, 'operations imports only platform'],
    ['src/toolsets/tasks/a.ts', `import { b } from '../../server/b.ts'`, 'toolsets imports only operations, platform'],
    ['src/toolsets/tasks/a.ts', `import { b } from '../queue/store.ts'`, 'a toolset is imported only through its index.ts'],
    ['src/server/a.ts', `import { b } from '../toolsets/queue/store.ts'`, 'a toolset is imported only through its index.ts'],
    ['src/toolsets/tasks/a.ts', `import { b } from '../../runbook/b.ts'`, 'toolsets imports only operations, platform'],
    ['src/server/a.ts', `const b = await import('../cli/b.ts')`, 'server imports only toolsets, operations, platform'],
    ['src/runbook/a.ts', `import { b } from '../platform/b.ts'`, 'runbook imports only system'],
    ['src/runbook/a.ts', `import { b } from '../production/b.ts'`, 'runbook imports only system'],
    ['src/system/a.ts', `import { b } from '../platform/b.ts'`, 'system imports no other room'],
    ['src/production/a.ts', `import { b } from '../operations/b.ts'`, 'production imports only platform, system'],
    ['src/production/a.ts', `export * from '../runbook/b.ts'`, 'production imports only platform, system'],
    ['src/cli/a.ts', `import { b } from '../shed/b.ts'`, 'shed is not a room of the house'],
    ['src/cli/a.ts', `import { b } from '../../test/support/server.ts'`, 'src imports nothing outside of src but package.json'],
  ])('%s with %s', (path, text, rule) => {
    expect(brokenFloors({ path, text })).toEqual([expect.stringContaining(`: ${rule}`)]);
  });
});

describe('the rule allows', () => {
  test.each([
    ['src/operations/a.ts', `import { b } from '../platform/b.ts'`],
    ['src/toolsets/queue/a.ts', `import { b } from '../tasks/index.ts'`],
    ['src/toolsets/runbooks/a.ts', `import { b } from '../../runbook/b.ts'`],
    ['src/toolsets/all.ts', `import { b } from './tasks/index.ts'`],
    ['src/cli/a.ts', `import { b } from '../production/b.ts'; import { c } from '../runbook/c.ts'`],
    ['src/production/a.ts', `import { b } from '../platform/b.ts'`],
    ['src/runbook/a.ts', `import { b } from '../system/b.ts'`],
    ['src/server/version.ts', `import { version } from '../../package.json' with { type: 'json' }`],
    ['src/platform/a.test.ts', `import { b } from '../../test/support/postgres.ts'`],
    ['src/platform/a.ts', `// import { b } from '../server/b.ts'\nconst text = "import '../server/b.ts'"`],
  ])('%s with %s', (path, text) => {
    expect(brokenFloors({ path, text })).toEqual([]);
  });
});
