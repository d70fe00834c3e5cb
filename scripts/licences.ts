/** A static check: what is installed with the package may be used as this project is, by licences that everybody knows. */

import lock from '../package-lock.json' with { type: 'json' };

/** Licences that ask for no more than to be named. A new one is read by a person before it stands here. */
export const allowed = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PSF-2.0',
  'Unlicense',
];

type Names = Record<string, string>;

/** An entry of the lock file, under the folder that it is installed in. */
export interface LockedPackage {
  /** All have one, also those that name nothing of what is below. */
  version?: string;
  license?: string;
  dependencies?: Names;
  optionalDependencies?: Names;
  peerDependencies?: Names;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

type Packages = Readonly<Record<string, LockedPackage>>;

/** One line for each package of production whose licence is not among those allowed. */
export function unknownLicences(packages: Packages): string[] {
  return [...installedWith(packages)]
    .map((path) => ({ path, license: packages[path]?.license }))
    .filter(({ license }) => license === undefined || !isAllowed(license))
    .map(({ path, license }) => `${path.replace(/^.*node_modules\//, '')}: ${license ?? 'no licence named'}`);
}

/** What whoever installs the package gets. The marks in the lock file are no help: they call optional what only the tests bring in. */
function installedWith(packages: Packages): Set<string> {
  const found = new Set<string>();
  const visit = (path: string): void => {
    for (const name of wanted(packages[path] ?? {})) {
      const place = findPackage(packages, path, name);
      if (place === undefined || found.has(place)) continue;
      found.add(place);
      visit(place);
    }
  };
  visit('');
  return found;
}

function wanted({ dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta }: LockedPackage): string[] {
  const peers = Object.keys(peerDependencies ?? {}).filter((name) => peerDependenciesMeta?.[name]?.optional !== true);
  return [...Object.keys(dependencies ?? {}), ...Object.keys(optionalDependencies ?? {}), ...peers];
}

/** The nearest folder upwards that has it, as Node looks for it. */
function findPackage(packages: Packages, from: string, name: string): string | undefined {
  const place = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
  if (place in packages) return place;
  return from === '' ? undefined : findPackage(packages, from.replace(/\/?node_modules\/(?:@[^/]+\/)?[^/]+$/, ''), name);
}

/** `(MIT OR GPL-3.0)` leaves the choice; `MIT AND ISC` asks for both. */
function isAllowed(expression: string): boolean {
  const choices = expression.replace(/^\(|\)$/g, '').split(' OR ');
  return choices.some((choice) => choice.split(' AND ').every((one) => allowed.includes(one.trim())));
}

if (import.meta.main) {
  const unknown = unknownLicences(lock.packages);
  for (const line of unknown) console.error(line);
  if (unknown.length > 0) {
    console.error(`Read these licences. What may be used like ${allowed.join(', ')} is added to scripts/licences.ts; the rest is removed.`);
    process.exitCode = 1;
  }
}
