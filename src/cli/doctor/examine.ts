/** Looks at everything in turn. Nothing is changed, and what cannot be looked at is a finding as well. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { EffectiveSettings } from '../../platform/config/read.ts';
import { SettingsError } from '../../platform/config/read.ts';
import { shortageOf } from '../../platform/models/room.ts';
import { failureOf } from '../failure.ts';
import { askData, hasEmbeddedDatabase } from '../place.ts';
import { type ParsedOptions, settingsOf } from '../settings.ts';
import { databaseFacts, judgeDatabase } from './database.ts';
import { lookAtFiles } from './files.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { betweenMs, judgeMetrics, metricSamples } from './metrics.ts';
import { lookAtServer } from './server.ts';

export async function examine(options: ParsedOptions): Promise<Finding[]> {
  const effective = readOrFind(options);
  if (Array.isArray(effective)) return effective;
  const { findServer } = await import('../../server/attach.ts');
  const server = await findServer(effective.settings);
  return [
    lookAtSettings(effective),
    ...lookAtModels(effective),
    ...(await lookAtFiles(effective)),
    ...(await lookAtServer(effective, server)),
    ...(server === undefined ? [] : await lookAtMetrics(effective)),
    ...(await lookAtDatabase(effective, server !== undefined)),
  ];
}

function readOrFind(options: ParsedOptions): EffectiveSettings | Finding[] {
  try {
    return settingsOf(options);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems.map((text) => problem('settings', text, 'Correct it; nothing else can be looked at before.'));
  }
}

function lookAtSettings({ sources }: EffectiveSettings): Finding {
  const set = Object.values(sources).filter((source) => source !== 'default').length;
  return ok('settings', `${set} set, the others at their defaults. \`quarterdeck config show\` lists them.`);
}

function lookAtModels({ settings }: EffectiveSettings): Finding[] {
  const shortage = shortageOf(settings);
  return shortage === undefined ? [] : [warning('embedding model', shortage.message, shortage.next)];
}

async function lookAtMetrics({ settings }: EffectiveSettings): Promise<Finding[]> {
  const { readMetrics } = await import('../../server/attach.ts');
  const read = async () => metricSamples.safeParse(await readMetrics(settings)).data;
  const before = await read();
  if (before === undefined) return [];
  await sleep(betweenMs);
  const after = await read();
  return after === undefined ? [] : judgeMetrics({ before, after });
}

async function lookAtDatabase(effective: EffectiveSettings, running: boolean): Promise<Finding[]> {
  const { settings } = effective;
  if (settings.databaseUrl === undefined && !running && !hasEmbeddedDatabase(settings.data))
    return [
      warning(
        'database',
        'There is none in the data folder yet.',
        'Run `quarterdeck start`, which makes it, or choose the folder with --data.',
      ),
    ];
  const started = performance.now();
  try {
    const facts = databaseFacts.parse(await askData(effective, 'doctor facts', {}, 'asking the database'));
    return judgeDatabase({ facts, settings, now: new Date(), tookMs: performance.now() - started });
  } catch (error) {
    const { message, next } = failureOf(error);
    return [problem('database', message, next === '' ? 'Do as it says, then run `quarterdeck doctor` again.' : next)];
  }
}
