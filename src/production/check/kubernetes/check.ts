/** `check kubernetes`: whether a cluster is one that a release can go to. */

import { coerce, gte } from 'semver';
import { z } from 'zod';
import { type CheckResult, type Judgement, conclude, judged, unseen } from '../result.ts';
import { type Cluster, type Reply, kubectl } from './kubectl.ts';
import { type Size, isReady, nodeList, podList, podSpec, podsThatFit, pressuresOf, sizeOf } from './room.ts';

export interface KubernetesWishes {
  readonly minVersion: string;
  /** How many more pods must fit, and which; undefined: nobody asked. */
  readonly spare:
    { readonly replicas: number; readonly of: Size | { readonly deployment: string; readonly namespace: string } } | undefined;
}

/** The oldest that is still looked after by anybody, two years after it came out. */
export const oldestVersion = '1.28';

const version = z.object({ serverVersion: z.object({ gitVersion: z.string() }) });
const apiService = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() })) }),
});
const storageClasses = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).optional() }) })),
});
const deployment = z.object({ spec: z.object({ template: z.object({ spec: podSpec }) }) });

export async function checkKubernetes(cluster: Cluster, { minVersion, spare }: KubernetesWishes): Promise<CheckResult> {
  const [server, nodes, metrics, storage, room] = await Promise.all([
    kubectl(cluster, ['version']),
    kubectl(cluster, ['get', 'nodes']),
    kubectl(cluster, ['get', 'apiservices.apiregistration.k8s.io', 'v1beta1.metrics.k8s.io', '--ignore-not-found']),
    kubectl(cluster, ['get', 'storageclasses.storage.k8s.io']),
    spare === undefined ? undefined : askRoom(cluster, spare.of),
  ]);
  const judgements = [judgeVersion(server, minVersion), ...judgeNodes(nodes), judgeMetrics(metrics), judgeStorage(storage)];
  if (spare !== undefined && room !== undefined) judgements.push(judgeRoom(nodes, room, spare.replicas));
  const found = version.safeParse(bodyOf(server)).data?.serverVersion.gitVersion;
  return conclude('kubernetes', judgements, { version: found, nodes: nodeList.safeParse(bodyOf(nodes)).data?.items.length });
}

const access = 'Check the context (kubectl config get-contexts), and what its user may see.';

function bodyOf(reply: Reply): unknown {
  return 'json' in reply ? reply.json : undefined;
}

/** What it says, or why nobody knows. */
function read<Body>(reply: Reply, schema: z.ZodType<Body>): Body | string {
  if ('why' in reply) return reply.why;
  const parsed = schema.safeParse(reply.json);
  return parsed.success ? parsed.data : 'the answer is not what Kubernetes answers';
}

function judgeVersion(reply: Reply, least: string): Judgement {
  const [what, wanted] = ['version', `${least} or newer`];
  const body = read(reply, version);
  if (typeof body === 'string') return unseen(what, body, wanted, access);
  const { gitVersion } = body.serverVersion;
  const [found, oldest] = [coerce(gitVersion), coerce(least)];
  if (found === null || oldest === null) return unseen(what, gitVersion, wanted, access);
  return judged(what, gitVersion, wanted, gte(found, oldest), 'Upgrade the control plane, then its nodes.');
}

function judgeNodes(reply: Reply): Judgement[] {
  const [what, wanted] = ['nodes', 'all ready'];
  const body = read(reply, nodeList);
  if (typeof body === 'string') return [unseen(what, body, wanted, access)];
  const { items } = body;
  const away = items.filter((node) => !isReady(node)).map(({ metadata }) => metadata.name);
  const found = away.length === 0 ? `${items.length} ready` : `${away.length} of ${items.length} not ready: ${away.join(', ')}`;
  const pressed = items.flatMap((node) => pressuresOf(node).map((pressure) => `${node.metadata.name}: ${pressure}`));
  return [
    judged(what, found, wanted, items.length > 0 && away.length === 0, 'Look at it with kubectl describe node NAME.'),
    judged(
      'pressure',
      pressed.length === 0 ? 'none' : pressed.join(', '),
      'none',
      pressed.length === 0,
      'Free memory, disk or processes there before it throws pods out.',
    ),
  ];
}

function judgeMetrics(reply: Reply): Judgement {
  const [what, wanted] = ['metrics-server', 'available'];
  const next = 'Install metrics-server: without it nothing scales, and kubectl top says nothing.';
  if ('json' in reply && reply.json === null) return judged(what, 'not installed', wanted, false, next);
  const body = read(reply, apiService);
  if (typeof body === 'string') return unseen(what, body, wanted, access);
  const available = body.status.conditions.find(({ type }) => type === 'Available');
  const ok = available?.status === 'True';
  return judged(what, ok ? 'available' : (available?.message ?? 'not available'), wanted, ok, next);
}

function judgeStorage(reply: Reply): Judgement {
  const [what, wanted] = ['default storage class', 'exactly one'];
  const body = read(reply, storageClasses);
  if (typeof body === 'string') return unseen(what, body, wanted, access);
  const flags = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
  const chosen = body.items
    .filter(({ metadata }) => flags.some((flag) => metadata.annotations?.[flag] === 'true'))
    .map(({ metadata }) => metadata.name);
  return judged(
    what,
    chosen.length === 0 ? null : chosen.join(', '),
    wanted,
    chosen.length === 1,
    `Annotate one, and only one, with ${flags[0]}=true.`,
  );
}

interface Room {
  readonly pods: Reply;
  /** Of one replica, or why nobody knows. */
  readonly size: Size | string;
}

async function askRoom(cluster: Cluster, of: NonNullable<KubernetesWishes['spare']>['of']): Promise<Room> {
  const pods = kubectl(cluster, ['get', 'pods', '--all-namespaces']);
  if (!('deployment' in of)) return { pods: await pods, size: of };
  const body = read(await kubectl(cluster, ['get', 'deployment', of.deployment, '--namespace', of.namespace]), deployment);
  return { pods: await pods, size: typeof body === 'string' ? body : sizeOf(body.spec.template.spec) };
}

function judgeRoom(nodes: Reply, { pods, size }: Room, replicas: number): Judgement {
  const [what, wanted] = ['spare replicas', `>= ${replicas}`];
  const next =
    'Add a node, or lower what other pods request. A release that starts a replica beside the old ones waits for ever without room.';
  const [all, running] = [read(nodes, nodeList), read(pods, podList)];
  if (typeof size === 'string') return unseen(what, size, wanted, access);
  if (typeof all === 'string') return unseen(what, all, wanted, access);
  if (typeof running === 'string') return unseen(what, running, wanted, access);
  if (size.cpu === 0 && size.memory === 0)
    return unseen(
      what,
      'its containers request nothing',
      wanted,
      'Set resources.requests: without them nobody can say what fits, and nodes are filled until they break.',
    );
  const fit = podsThatFit(all.items, running.items, size);
  return judged(what, Number.isFinite(fit) ? fit : 'any number', wanted, fit >= replicas, next);
}
