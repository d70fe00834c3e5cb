/** The supervisor as a process: its commands on a socket that only its owner can use. */

import { z } from 'zod';
import { type Call, serveCommands } from './admin.ts';
import { Refused } from './refused.ts';
import { type Changed, deploy, promoteCanary, replaceReplica, rollBack, shiftTo, strategies } from './changes.ts';
import { versionSpec } from './desired.ts';
import { supervisorSocket } from './names.ts';
import { type ReleaseStatus, statusOf } from './status.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

const percent = z.number().int().min(1).max(99);
const deployInput = z.strictObject({ spec: versionSpec, strategy: z.enum(strategies), weight: percent });
const rollbackInput = z.strictObject({ from: z.string().nullable() });
const replaceInput = z.strictObject({ replica: z.string() });
const shiftInput = z.strictObject({ weight: percent });

export interface ServedRelease {
  status(): Promise<ReleaseStatus>;
  /** Ends everything in order. */
  stop(): Promise<void>;
  /** When somebody has stopped it. */
  readonly stopped: Promise<void>;
}

/** The answer of the commands that change something. */
export type ChangeAnswer = Changed & ReleaseStatus;

/** What the proxy measured, and what only the supervisor knows of the replicas. */
export interface Measured {
  /** Prometheus text. */
  proxy: string;
  status: ReleaseStatus;
}

/** @throws Refused when another supervisor has the folder; Error when the address cannot be listened on */
export async function serveRelease(options: SupervisorOptions): Promise<ServedRelease> {
  const ready = Promise.withResolvers<Supervisor>();
  const { promise: stopped, resolve: tellStopped } = Promise.withResolvers<void>();
  const change = (work: (supervisor: Supervisor, input: unknown, call: Call) => Promise<Changed>) => async (input: unknown, call: Call) => {
    const supervisor = await ready.promise;
    const changed = await work(supervisor, input, call);
    return { ...changed, ...(await statusOf(supervisor)) } satisfies ChangeAnswer;
  };
  const stop = async (): Promise<void> => {
    await (await ready.promise).stop();
    tellStopped();
  };
  const closeSocket = await serveCommands(options.folder, supervisorSocket, {
    status: async () => statusOf(await ready.promise),
    deploy: change((supervisor, input, call) => deploy(supervisor, deployInput.parse(input), call)),
    shift: change((supervisor, input, call) => shiftTo(supervisor, shiftInput.parse(input).weight, call)),
    promote: change((supervisor, _input, call) => promoteCanary(supervisor, call)),
    rollback: change((supervisor, input, call) => rollBack(supervisor, rollbackInput.parse(input).from, call)),
    replace: change((supervisor, input, call) => replaceReplica(supervisor, replaceInput.parse(input).replica, call)),
    measure: async () => {
      const supervisor = await ready.promise;
      return { proxy: String(await supervisor.proxy.metrics()), status: await statusOf(supervisor) } satisfies Measured;
    },
    stop,
  });
  if (closeSocket === undefined)
    throw new Refused(
      `A supervisor runs in ${options.folder} already.`,
      'See it with `quarterdeck release status`, or choose another folder with --state.',
    );
  void stopped.then(() => setImmediate(closeSocket));
  // Whoever asks meanwhile waits; whoever asks after a failed start gets the reason.
  ready.promise.catch(() => undefined);
  try {
    const supervisor = new Supervisor(options);
    await supervisor.start();
    ready.resolve(supervisor);
    return { status: () => statusOf(supervisor), stop, stopped };
  } catch (error) {
    ready.reject(error);
    closeSocket();
    throw error;
  }
}
