/** `quarterdeck check disk`: whether there is room. */

import { defaultRoom } from '../../production/check/disk.ts';
import type { CliCommand } from '../command.ts';
import { optionOf, shareOf, sizeOf } from '../options.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

interface DiskOptions extends CheckOptions {
  minFree: number;
  minFreeBytes: number;
  minFreeInodes: number;
}

export function diskCommand(): CliCommand {
  const command = checkCommand('disk', {
    summary: 'Whether the file system of a path has room: a share, bytes, and inodes.',
    example: 'quarterdeck check disk /var/lib --min-free 10% --min-free-bytes 1GiB',
  });
  command
    .argument('[path]', 'Any path on it.', '.')
    .addOption(optionOf('--min-free <share>', 'Of its bytes.', shareOf, defaultRoom.freeShare, '10%'))
    .addOption(optionOf('--min-free-bytes <size>', 'In bytes.', sizeOf, defaultRoom.freeBytes, '1GiB'))
    .addOption(
      optionOf('--min-free-inodes <share>', 'Of its inodes, where their number is fixed.', shareOf, defaultRoom.freeInodesShare, '10%'),
    );
  return command.action(async (path: string, options: DiskOptions) => {
    const { minFree: freeShare, minFreeBytes: freeBytes, minFreeInodes: freeInodesShare } = options;
    await runCheck(options, `looking at ${path}`, async () => {
      const { checkDisk } = await import('../../production/check/disk.ts');
      return checkDisk(path, { freeShare, freeBytes, freeInodesShare });
    });
  });
}
