/** How many more pods of a size fit on the nodes of a cluster. Pure. */

import { z } from 'zod';
import { parseQuantity } from './quantity.ts';

const quantities = z.record(z.string(), z.union([z.string(), z.number()])).optional();
const container = z.object({ resources: z.object({ requests: quantities }).optional(), restartPolicy: z.string().optional() });

export const podSpec = z.object({
  nodeName: z.string().optional(),
  containers: z.array(container),
  initContainers: z.array(container).optional(),
  overhead: quantities,
});

export const podList = z.object({
  items: z.array(z.object({ spec: podSpec, status: z.object({ phase: z.string().optional() }).optional() })),
});

export const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({
        unschedulable: z.boolean().optional(),
        taints: z.array(z.object({ key: z.string(), effect: z.string() })).optional(),
      }),
      status: z.object({
        allocatable: quantities,
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
      }),
    }),
  ),
});

export type PodSpec = z.output<typeof podSpec>;
export type Node = z.output<typeof nodeList>['items'][number];
export type Pod = z.output<typeof podList>['items'][number];

export interface Size {
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
}

/** What the scheduler counts: all containers, or the largest step before them, and what the runtime needs. */
export function sizeOf({ containers, initContainers = [], overhead }: PodSpec): Size {
  const main = containers.map(requestsOf);
  // A container that begins before the others and stays is one of them.
  const staying = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always').map(requestsOf);
  const first = initContainers.filter(({ restartPolicy }) => restartPolicy !== 'Always').map(requestsOf);
  const of = (name: keyof Size) => {
    const together = [...main, ...staying].reduce((sum, size) => sum + size[name], 0);
    return Math.max(together, ...first.map((size) => size[name])) + read(overhead, name);
  };
  return { cpu: of('cpu'), memory: of('memory') };
}

function requestsOf({ resources }: z.output<typeof container>): Size {
  return { cpu: read(resources?.requests, 'cpu'), memory: read(resources?.requests, 'memory') };
}

function read(from: z.output<typeof quantities>, name: string): number {
  return parseQuantity(String(from?.[name] ?? '0')) ?? 0;
}

export function isReady({ status: { conditions = [] } }: Node): boolean {
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** Memory, disk, processes: what makes a node throw pods out. */
export function pressuresOf({ status: { conditions = [] } }: Node): string[] {
  return conditions.filter(({ type, status }) => type.endsWith('Pressure') && status === 'True').map(({ type }) => type);
}

/** Where a pod without tolerations may go. */
function isOpen(node: Node): boolean {
  const { unschedulable = false, taints = [] } = node.spec;
  return isReady(node) && !unschedulable && !taints.some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute');
}

export function podsThatFit(nodes: readonly Node[], pods: readonly Pod[], size: Size): number {
  const running = pods.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  return nodes.filter(isOpen).reduce((sum, { metadata, status }) => {
    const here = running.filter(({ spec }) => spec.nodeName === metadata.name);
    const used = here.map(({ spec }) => sizeOf(spec));
    const left = (name: keyof Size) => read(status.allocatable, name) - used.reduce((total, each) => total + each[name], 0);
    const places = read(status.allocatable, 'pods') - here.length;
    return sum + Math.max(0, Math.min(places, times(left('cpu'), size.cpu), times(left('memory'), size.memory)));
  }, 0);
}

/** Quantities have at most nine digits after the point: what differs by less is rounding. */
const grain = 1e-9;

function times(left: number, each: number): number {
  return each === 0 ? Infinity : Math.floor(left / each + grain);
}
