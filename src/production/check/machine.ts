/** `check machine`: whether this machine has processors and memory left for what runs on it. */

import { availableParallelism, loadavg } from 'node:os';
import { availableMemory, totalMemory } from '../../system/memory.ts';
import { type CheckResult, type Judgement, conclude, judged } from './result.ts';

export interface MachineWishes {
  /** Processes that run or want to, for each processor, over a minute. */
  readonly load: number;
  /** Share of the memory that can still be given out. */
  readonly memory: number;
}

/** At two, each process gets half of what it asks for. */
export const defaultLoad = 2;

/** Below that the kernel begins to look for somebody to end. */
export const defaultMemory = 0.05;

export interface Machine {
  /** Over a minute. */
  readonly load: number;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly availableBytes: number;
}

export function checkMachine(wishes: MachineWishes): CheckResult {
  const machine = {
    load: loadavg()[0] ?? 0,
    processors: availableParallelism(),
    memoryBytes: totalMemory(),
    availableBytes: availableMemory(),
  };
  const { load, processors, memoryBytes: memory_bytes, availableBytes: available_bytes } = machine;
  return conclude('machine', judgeMachine(machine, wishes), { load, processors, memory_bytes, available_bytes });
}

/** Pure. */
export function judgeMachine({ load, processors, memoryBytes, availableBytes }: Machine, wishes: MachineWishes): Judgement[] {
  const each = load / processors;
  const share = memoryBytes === 0 ? 0 : availableBytes / memoryBytes;
  return [
    judged(
      'load',
      `${each.toFixed(1)} for each of ${processors} processors`,
      `<= ${wishes.load}`,
      each <= wishes.load,
      'Find what runs with `top -o %CPU`: a backup or a build can wait. More replicas on the same machine make it worse.',
    ),
    judged(
      'memory available',
      `${Math.floor(share * 1_000) / 10} %`,
      `>= ${wishes.memory * 100} %`,
      share >= wishes.memory,
      'Find who has it with `top -o %MEM`. More replicas on the same machine make it worse.',
    ),
  ];
}
