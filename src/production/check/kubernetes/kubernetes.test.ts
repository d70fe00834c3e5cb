/** `check kubernetes` against a kubectl that prints recorded answers: there is no cluster here. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckResult } from '../result.ts';
import { type KubernetesWishes, checkKubernetes } from './check.ts';
import { parseQuantity } from './quantity.ts';
import { type Pod, podsThatFit, sizeOf } from './room.ts';

const mib = 2 ** 20;
const requests = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory } } });

function node(name: string, change: { ready?: string; spec?: object; pressure?: boolean } = {}) {
  const conditions = [
    { type: 'Ready', status: change.ready ?? 'True' },
    { type: 'DiskPressure', status: change.pressure === true ? 'True' : 'False' },
  ];
  return { metadata: { name }, spec: change.spec ?? {}, status: { allocatable: { cpu: '2', memory: '4Gi', pods: '5' }, conditions } };
}

function pod(nodeName: string, cpu: string, memory: string, phase = 'Running'): Pod {
  return { spec: { nodeName, containers: [requests(cpu, memory)] }, status: { phase } };
}

const good = {
  version: { serverVersion: { gitVersion: 'v1.31.4-gke.1000' } },
  nodes: { items: [node('a'), node('b')] },
  pods: { items: [pod('a', '1500m', '1Gi'), pod('b', '250m', '3584Mi')] },
  apiservices: { status: { conditions: [{ type: 'Available', status: 'True' }] } } as object | string,
  storageclasses: {
    items: [
      { metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } },
      { metadata: { name: 'slow' } },
    ],
  },
  deployment: { spec: { template: { spec: { containers: [requests('250m', '512Mi')] } } } },
};

type Cluster = typeof good;

let folder: string;
let made = 0;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'quarterdeck-kubectl-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** Finds its answer by the first known word; a text is an error, as kubectl prints it. */
function fakeKubectl(answers: Record<string, unknown>): string {
  const program = join(folder, `kubectl-${(made += 1)}`);
  writeFileSync(
    program,
    `#!${process.execPath}
const words = process.argv.slice(2);
const answers = ${JSON.stringify(answers)};
if (words[0] !== '--context' || words[1] !== 'staging' || !words.join(' ').endsWith('-o json')) { console.error('error: called wrongly: ' + words); process.exit(1); }
const name = Object.keys(answers).find((each) => words.some((word) => word === each || word.startsWith(each + '.')));
const answer = answers[name];
if (typeof answer === 'string') { console.error(answer); process.exit(1); }
if (answer !== undefined) console.log(JSON.stringify(answer));
`,
  );
  chmodSync(program, 0o755);
  return program;
}

function look(
  change: { [Part in keyof Cluster]?: unknown } = {},
  spare?: KubernetesWishes['spare'],
  program?: string,
): Promise<CheckResult> {
  const cluster = { context: 'staging', timeoutMs: 30_000, signal: new AbortController().signal };
  return checkKubernetes({ ...cluster, program: program ?? fakeKubectl({ ...good, ...change }) }, { minVersion: '1.28', spare });
}

function wrong({ evidence }: CheckResult): Record<string, unknown> {
  return Object.fromEntries(evidence.filter(({ ok }) => ok !== true).map(({ what, found }) => [what, found]));
}

const forbidden = 'Error from server (Forbidden): nodes is forbidden: User "ci" cannot list resource "nodes"';

describe('check kubernetes', () => {
  test('passes on a cluster that is well', async () => {
    const result = await look({}, { replicas: 3, of: { deployment: 'quarterdeck', namespace: 'quarterdeck' } });
    expect(wrong(result)).toEqual({});
    expect(result).toMatchObject({ outcome: 'passed', measured: { version: 'v1.31.4-gke.1000', nodes: 2 } });
    expect(result.evidence.find(({ what }) => what === 'spare replicas')?.found).toBe(3);
  });

  test.each<[string, Parameters<typeof look>[0], string, Record<string, unknown>]>([
    ['too old', { version: { serverVersion: { gitVersion: 'v1.27.9' } } }, 'failed', { version: 'v1.27.9' }],
    [
      'with a node that is away',
      { nodes: { items: [node('a'), node('b', { ready: 'Unknown' })] } },
      'failed',
      { nodes: '1 of 2 not ready: b' },
    ],
    ['with a disk that fills', { nodes: { items: [node('a', { pressure: true })] } }, 'failed', { pressure: 'a: DiskPressure' }],
    ['without metrics-server', { apiservices: undefined }, 'failed', { 'metrics-server': 'not installed' }],
    [
      'whose metrics-server is broken',
      { apiservices: { status: { conditions: [{ type: 'Available', status: 'False', message: 'no endpoints' }] } } },
      'failed',
      { 'metrics-server': 'no endpoints' },
    ],
    ['without a default storage class', { storageclasses: { items: [] } }, 'failed', { 'default storage class': null }],
    ['that may not be looked at', { nodes: forbidden }, 'error', { nodes: forbidden }],
    ['that answers something else', { version: { kind: 'Status' } }, 'error', { version: 'the answer is not what Kubernetes answers' }],
  ])('a cluster %s', async (_name, change, outcome, expected) => {
    const result = await look(change);
    expect(result.outcome).toBe(outcome);
    expect(wrong(result)).toEqual(expected);
  });

  test('a release that does not fit, or of which nobody knows what it needs', async () => {
    const of = { deployment: 'quarterdeck', namespace: 'quarterdeck' };
    expect(wrong(await look({}, { replicas: 4, of }))).toEqual({ 'spare replicas': 3 });
    const silent = { spec: { template: { spec: { containers: [{}] } } } };
    expect(await look({ deployment: silent }, { replicas: 1, of })).toMatchObject({
      outcome: 'error',
      next: expect.stringContaining('resources.requests'),
    });
    expect(wrong(await look({}, { replicas: 1, of: { cpu: 4, memory: 0 } }))).toEqual({ 'spare replicas': 0 });
  });

  test('no kubectl is an error', async () => {
    expect(await look({}, undefined, join(folder, 'none'))).toMatchObject({
      outcome: 'error',
      evidence: expect.arrayContaining([expect.objectContaining({ ok: null })]),
    });
  });
});

describe('room', () => {
  const size = { cpu: 0.5, memory: 512 * mib };

  test.each([
    ['an empty node', [node('a')], [], 4],
    ['what is done takes nothing', [node('a')], [pod('a', '2', '4Gi', 'Succeeded')], 4],
    ['what is on other nodes takes nothing', [node('a')], [pod('b', '2', '4Gi')], 4],
    ['memory can be what is short', [node('a')], [pod('a', '0', '3Gi')], 2],
    ['a node has places for so many pods', [node('a')], Array.from({ length: 4 }, () => pod('a', '0', '0')), 1],
    ['a cordoned node has none', [node('a', { spec: { unschedulable: true } })], [], 0],
    ['a tainted node has none', [node('a', { spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] } })], [], 0],
    ['a node that is away has none', [node('a', { ready: 'False' }), node('b')], [], 4],
    ['an overcommitted node does not take from others', [node('a'), node('b')], [pod('a', '9', '9Gi')], 4],
  ])('%s', (_name, nodes, pods, expected) => {
    expect(podsThatFit(nodes, pods, size)).toBe(expected);
  });

  test('a pod is as large as its containers together, or as its largest first step', () => {
    const containers = [requests('100m', '100Mi'), requests('150m', '100Mi')];
    expect(sizeOf({ containers })).toEqual({ cpu: 0.25, memory: 200 * mib });
    expect(sizeOf({ containers, initContainers: [requests('1', '50Mi')] })).toEqual({ cpu: 1, memory: 200 * mib });
    const sidecar = { ...requests('50m', '10Mi'), restartPolicy: 'Always' };
    expect(sizeOf({ containers, initContainers: [sidecar], overhead: { memory: '5Mi' } }).memory).toBe(215 * mib);
  });
});

describe('quantities', () => {
  test.each([
    ['250m', 0.25],
    ['2', 2],
    ['0.5', 0.5],
    ['1e3', 1_000],
    ['128974848', 128_974_848],
    ['512Mi', 512 * mib],
    ['129M', 129e6],
    ['1Gi', 1024 * mib],
    ['much', undefined],
    ['5 Gi', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(parseQuantity(text)).toBe(expected);
  });
});
