/** A release as a picture in the terminal. */

import type { ReleaseStatus, ReplicaStatus, SlotStatus } from '../../production/release/status.ts';
import { type Color, style, table } from '../output.ts';

const barWidth = 20;

const colors: Readonly<Record<SlotStatus['state'], Color>> = { live: 'green', canary: 'yellow', previous: 'dim', starting: 'cyan' };

export function statusText(status: ReleaseStatus): string {
  const { listen, slots, change } = status;
  const title = `${style('bold', `http://${listen}`)}  ${headline(status)}`;
  if (slots.length === 0) return `${title}\n\nRelease a version with \`quarterdeck release deploy\`.`;
  const versions = Math.max(...slots.map(({ version }) => version.length));
  const bars = slots.map((slot) => barOf(slot, versions));
  const under = change === null ? [] : [`Under way: ${change.what}, since ${change.since}.`, ''];
  return [title, '', ...under, ...bars, '', replicaTable(slots)].join('\n');
}

function headline({ live, canary, previous, slots }: ReleaseStatus): string {
  if (live === null) return 'nothing is live';
  const canaryText = canary === null ? '' : `, ${canary} is a canary`;
  const warm = slots.some(({ state, replicas }) => state === 'previous' && replicas.length > 0);
  const back = previous === null ? '' : `, rollback goes to ${previous}${warm ? ' at once' : ''}`;
  return `${live} is live${canaryText}${back}`;
}

function barOf({ slot, version, state, weight, wanted, replicas }: SlotStatus, versions: number): string {
  const filled = Math.round((weight / 100) * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const healthy = replicas.filter((replica) => replica.healthy).length;
  const health = wanted === 0 ? 'not running' : `${healthy} of ${wanted} healthy`;
  return `  ${slot.padEnd(5)}  ${version.padEnd(versions)}  ${style(colors[state], bar)} ${String(Math.round(weight)).padStart(3)} %  ${state.padEnd(8)}  ${health}`;
}

type Row = ReplicaStatus & { version: string };

function replicaTable(slots: readonly SlotStatus[]): string {
  const rows = slots.flatMap(({ version, replicas }) => replicas.map((replica) => ({ ...replica, version })));
  return table<Row>(
    rows,
    [
      { title: 'Replica', value: ({ id }) => id },
      { title: 'Version', value: ({ version }) => version },
      { title: 'Health', value: healthOf, color: ({ healthy }) => (healthy ? 'green' : 'red') },
      { title: 'In flight', value: ({ in_flight }) => String(in_flight) },
      { title: 'Restarts', value: ({ restarts }) => String(restarts) },
      { title: 'Port', value: ({ pid, port }) => (pid === null ? '' : String(port)) },
      { title: 'Pid', value: ({ pid }) => (pid === null ? 'waits to start' : String(pid)) },
    ],
    'No replica runs.',
  );
}

function healthOf({ healthy, health }: ReplicaStatus): string {
  return healthy ? 'healthy' : (health ?? 'not asked yet');
}
