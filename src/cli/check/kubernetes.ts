/** `quarterdeck check kubernetes`: whether a cluster is one that a release can go to. */

import { type KubernetesWishes, oldestVersion } from '../../production/check/kubernetes/check.ts';
import { parseQuantity } from '../../production/check/kubernetes/quantity.ts';
import { type CliCommand, UsageError } from '../command.ts';
import { countOf } from '../options.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

interface KubernetesOptions extends CheckOptions {
  context: string;
  minVersion: string;
  spareReplicas?: number;
  deployment?: string;
  namespace: string;
  cpu?: number;
  memory?: number;
}

export function kubernetesCommand(): CliCommand {
  const command = checkCommand('kubernetes', {
    summary: 'Whether a cluster is well: its version, its nodes, metrics-server, a default storage class, and room for more replicas.',
    details: 'Through kubectl, with the context that is named; the current one is whatever somebody used last.',
    example: 'quarterdeck check kubernetes --context staging --spare-replicas 1 --deployment quarterdeck --namespace quarterdeck',
  });
  command
    .requiredOption('--context <name>', 'The context of kubectl.')
    .option('--min-version <version>', 'The oldest version of Kubernetes that will do.', oldestVersion)
    .option('--spare-replicas <number>', 'How many more replicas must fit, by what they request.', countOf)
    .option('--deployment <name>', 'Whose replicas. (default: quarterdeck, unless --cpu or --memory say how large one is)')
    .option('--namespace <name>', 'Where that deployment is.', 'quarterdeck')
    .option('--cpu <quantity>', 'What one replica requests, where there is no deployment yet: 250m.', quantityOf)
    .option('--memory <quantity>', 'The same of memory: 512Mi.', quantityOf);
  return command.action(async (options: KubernetesOptions) => {
    const { context, minVersion, timeout: timeoutMs } = options;
    const spare = spareOf(options);
    await runCheck(options, `asking ${context}`, async (signal) => {
      const { checkKubernetes } = await import('../../production/check/kubernetes/check.ts');
      return checkKubernetes({ context, timeoutMs, signal }, { minVersion, spare });
    });
  });
}

function spareOf({ spareReplicas: replicas, deployment, namespace, cpu, memory }: KubernetesOptions): KubernetesWishes['spare'] {
  if (replicas === undefined) return undefined;
  if (cpu === undefined && memory === undefined) return { replicas, of: { deployment: deployment ?? 'quarterdeck', namespace } };
  if (deployment !== undefined) throw new UsageError('--deployment and --cpu or --memory say different things.', 'Give one of them.');
  return { replicas, of: { cpu: cpu ?? 0, memory: memory ?? 0 } };
}

function quantityOf(text: string): number {
  const quantity = parseQuantity(text);
  if (quantity !== undefined && quantity >= 0) return quantity;
  throw new UsageError(`${text} is no quantity.`, 'Write it as Kubernetes does, such as 250m or 512Mi.');
}
