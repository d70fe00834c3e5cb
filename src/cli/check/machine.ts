/** `quarterdeck check machine`: whether this machine has processors and memory left. */

import { InvalidArgumentError } from 'commander';
import { defaultLoad, defaultMemory } from '../../production/check/machine.ts';
import type { CliCommand } from '../command.ts';
import { optionOf, shareOf } from '../options.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

interface MachineOptions extends CheckOptions {
  maxLoad: number;
  minMemory: number;
}

export function machineCommand(): CliCommand {
  const command = checkCommand('machine', {
    summary: 'Whether this machine has processors and memory left for what runs on it.',
    example: 'quarterdeck check machine --max-load 2 --min-memory 5%',
  });
  command
    .option('--max-load <number>', 'Processes that run or want to, for each processor, over a minute.', loadOf, defaultLoad)
    .addOption(optionOf('--min-memory <share>', 'Of the memory that can still be given out.', shareOf, defaultMemory, '5%'));
  return command.action(async (options: MachineOptions) => {
    await runCheck(options, 'looking at the machine', async () => {
      const { checkMachine } = await import('../../production/check/machine.ts');
      return checkMachine({ load: options.maxLoad, memory: options.minMemory });
    });
  });
}

function loadOf(text: string): number {
  const load = Number(text);
  if (load > 0 && Number.isFinite(load)) return load;
  throw new InvalidArgumentError('It is a number above 0, like 2 or 1.5.');
}
