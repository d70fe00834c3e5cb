/** Which tests there are, and what each kind may cost. `npm test` runs all but the slow ones, the processes and the rehearsal. */

import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

const second = 1_000;

/** Slow tests of one module. */
const besideSources = '**/*.slow.test.ts';

/** The same files on each kind of database: the server from outside, or processes such as those of the command line. */
function onBoth(folder: 'behaviour' | 'processes', databaseKind: 'embedded' | 'postgres') {
  return {
    extends: true as const,
    test: {
      name: folder === 'behaviour' ? databaseKind : `${folder}-${databaseKind}`,
      include: [`test/${folder}/**/*.test.ts`],
      provide: { databaseKind },
      // A first embedded database takes two seconds to make, more when both cores are busy.
      testTimeout: 30 * second,
      hookTimeout: 60 * second,
    },
  };
}

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/reporter.ts'],
    pool: 'forks',
    // Vitest leaves one core free by default; on two cores that would halve the speed.
    maxWorkers: availableParallelism(),
    // Other work on a shared machine can slow a test beyond its time. CI tries once more and names each test that needed
    // it; at a developer's desk it fails at once.
    retry: process.env['CI'] ? 1 : 0,
    // Time to stop PostgreSQL and the servers of the last file.
    teardownTimeout: 30 * second,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'test/house/**/*.test.ts',
            'test/support/**/*.test.ts',
            'scripts/**/*.test.ts',
            'bench/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, besideSources],
          provide: { databaseKind: 'embedded' },
          testTimeout: 20 * second,
          hookTimeout: 30 * second,
        },
      },
      onBoth('behaviour', 'embedded'),
      onBoth('behaviour', 'postgres'),
      onBoth('processes', 'embedded'),
      onBoth('processes', 'postgres'),
      {
        extends: true,
        // What chooses its databases itself, or does not depend on one.
        test: {
          name: 'once',
          include: ['test/once/**/*.test.ts'],
          provide: { databaseKind: 'embedded' },
          testTimeout: 60 * second,
          hookTimeout: 120 * second,
        },
      },
      {
        extends: true,
        test: {
          name: 'slow',
          include: ['test/slow/**/*.test.ts', besideSources],
          provide: { databaseKind: 'postgres' },
          testTimeout: 900 * second,
          hookTimeout: 120 * second,
        },
      },
      {
        extends: true,
        // Measures itself by the clock, so it has the machine to itself: after the slow ones.
        test: {
          name: 'rehearsal',
          include: ['test/rehearsal/**/*.test.ts'],
          provide: { databaseKind: 'postgres' },
          testTimeout: 1_200 * second,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
