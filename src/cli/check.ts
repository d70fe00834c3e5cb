/** `quarterdeck check`: one thing each, proved with evidence, or not. */

import { CliCommand } from './command.ts';
import { authCommand } from './check/auth.ts';
import { backupCheckCommand } from './check/backup.ts';
import { configCheckCommand } from './check/config.ts';
import { databaseCommand, migrationsCommand } from './check/database.ts';
import { diskCommand } from './check/disk.ts';
import { httpCommand } from './check/http.ts';
import { kubernetesCommand } from './check/kubernetes.ts';
import { latencyCommand } from './check/latency.ts';
import { locksCommand } from './check/locks.ts';
import { machineCommand } from './check/machine.ts';
import { mcpCommand } from './check/mcp.ts';
import { redisCommand } from './check/redis.ts';
import { clockCommand, refusalsCommand } from './check/refusals.ts';
import { releaseCheckCommand } from './check/release.ts';
import { tlsCommand } from './check/tls.ts';
import { trafficCommand } from './check/traffic.ts';
import { walCommand } from './check/wal.ts';

export function checkGroup(): CliCommand {
  const group = new CliCommand('check', {
    summary: 'Prove one thing, with evidence. Made for steps of runbooks; works on servers that are not Quarterdeck too.',
  });
  const service = [httpCommand(), mcpCommand(), tlsCommand(), authCommand(), refusalsCommand(), latencyCommand()];
  const ground = [configCheckCommand(), databaseCommand(), locksCommand(), walCommand(), migrationsCommand(), redisCommand()];
  const place = [
    kubernetesCommand(),
    backupCheckCommand(),
    diskCommand(),
    machineCommand(),
    clockCommand(),
    releaseCheckCommand(),
    trafficCommand(),
  ];
  for (const command of [...service, ...ground, ...place]) group.addCommand(command);
  return group;
}
