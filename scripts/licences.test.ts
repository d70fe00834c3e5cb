import { expect, test } from 'vitest';
import { type LockedPackage, unknownLicences } from './licences.ts';

const root: LockedPackage = { dependencies: { a: '1' } };
const named = (license?: string) =>
  unknownLicences({
    '': root,
    'node_modules/a': { license: 'MIT', dependencies: { b: '1' } },
    'node_modules/a/node_modules/b': license === undefined ? {} : { license },
  });

test.each(['MIT', '(MIT OR GPL-3.0)', 'MIT AND ISC'])('%s is allowed', (license) => {
  expect(named(license)).toEqual([]);
});

test.each(['GPL-3.0-only', 'MIT AND GPL-3.0', 'SEE LICENSE IN LICENSE.md', undefined])('%s is named', (license) => {
  expect(named(license)).toEqual([`b: ${license ?? 'no licence named'}`]);
});

test('what no user installs does not matter: tools of development, and optional peers', () => {
  const a = { license: 'MIT', peerDependencies: { c: '1', d: '1' }, peerDependenciesMeta: { c: { optional: true } } };
  const strict = { license: 'GPL-3.0' };
  expect(unknownLicences({ '': root, 'node_modules/a': a, 'node_modules/c': strict, 'node_modules/tool': strict })).toEqual([]);
  expect(unknownLicences({ '': root, 'node_modules/a': a, 'node_modules/d': strict })).toEqual(['d: GPL-3.0']);
});
