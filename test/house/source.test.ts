/** Habits that hold for every file. */

import { describe, expect, test } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import { type SourceFile, readModule, readSources } from './source.ts';

/** A file above this has more than one subject. Tests may be longer, because a case is easier to read where its neighbours are. */
const mostLines = { source: 350, test: 500 };

const code = (
  await Promise.all(
    ['src', 'test', 'scripts', 'bin', 'bench'].map((folder) => readSources(folder, ['.ts', '.mjs', '.js', '.css', '.html'])),
  )
).flat();
const modules = code.filter(({ path }) => path.endsWith('.ts') || path.endsWith('.mjs'));

/** The reporter must be a default export, because Vitest asks for one. */
const forcedDefaultExports = ['test/support/attempts-reporter.ts', 'test/support/reporter.ts'];

const isUnfinished = (text: string) => /\b(TODO|FIXME|XXX|HACK)\b/.test(text);

describe('every source file', () => {
  test('has no work left over in its comments', () => {
    expect(pathsOf(modules, (file) => readModule(file).comments.some(isUnfinished))).toEqual([]);
  });

  test(`has at most ${mostLines.source} lines, a test ${mostLines.test}`, () => {
    const most = (path: string) => (path.endsWith('.test.ts') ? mostLines.test : mostLines.source);
    expect(pathsOf(code, ({ path, text }) => text.split('\n').length > most(path))).toEqual([]);
  });

  test('says in its first line what it is for, where a test says it in its name', () => {
    const sources = modules.filter(({ path }) => !path.endsWith('.test.ts'));
    expect(pathsOf(sources, ({ text }) => !/^(#!.*\n)?\/\*\*/.test(text))).toEqual([]);
  });

  test('exports by name', () => {
    const unnamed = pathsOf(modules, (file) => readModule(file).hasDefaultExport || readModule(file).hasStarExport);
    expect(unnamed).toEqual(forcedDefaultExports);
  });
});

describe('the checks themselves notice', () => {
  test.each([
    ['a default export', `export default 1`, { hasDefaultExport: true }],
    ['a default export by name', `const a = 1; export { a as default }`, { hasDefaultExport: true }],
    ['a star export', `export * from './b.ts'`, { hasStarExport: true }],
    ['a comment', `/* TODO */`, { comments: [' TODO '] }],
  ])('%s', (_what, text, facts) => {
    expect(readModule({ path: 'a.ts', text })).toMatchObject(facts);
  });

  test('work left over, but not words that only look like it', () => {
    expect(['TODO: later', 'see FIXME'].map(isUnfinished)).toEqual([true, true]);
    expect(['todos', 'a HACKATHON'].map(isUnfinished)).toEqual([false, false]);
  });
});

test('every dependency has one exact version', () => {
  const versions = Object.entries({ ...packageFile.dependencies, ...packageFile.devDependencies });
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});

function pathsOf(files: readonly SourceFile[], isWrong: (file: SourceFile) => boolean): string[] {
  return files.filter(isWrong).map((file) => file.path);
}
