/** Where bad numbers come from: one replica, one version, or everywhere. Pure. */

export interface Subject {
  readonly name: string;
  /** Of a replica. */
  readonly version: string;
  /** null: too few requests to say. */
  readonly bad: boolean | null;
}

export type Spread =
  | { readonly kind: 'nobody' | 'everybody' | 'some' | 'unknown'; readonly culprit: undefined }
  | { readonly kind: 'replica' | 'version'; readonly culprit: string };

/**
 * `version`: all replicas of one version are bad, and those of another are not. `replica`: one is bad, and another of the same version is
 * not. `everybody`: all that served are bad. `some`: several, and not by version.
 */
export function spreadOf(overall: boolean | null, replicas: readonly Subject[]): Spread {
  const bad = replicas.filter((each) => each.bad === true);
  const good = replicas.filter((each) => each.bad === false);
  if (bad.length === 0) return { kind: overall === null ? 'unknown' : overall ? 'everybody' : 'nobody', culprit: undefined };
  if (good.length === 0) return { kind: 'everybody', culprit: undefined };
  const versions = new Set(bad.map(({ version }) => version));
  const [version = ''] = versions;
  if (versions.size === 1 && good.every((each) => each.version !== version)) return { kind: 'version', culprit: version };
  const [only] = bad;
  if (bad.length === 1 && only !== undefined) return { kind: 'replica', culprit: only.name };
  return { kind: 'some', culprit: undefined };
}
