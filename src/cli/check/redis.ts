/** `quarterdeck check redis`: whether Redis answers, takes writes, and has room. */

import { type CliCommand, UsageError } from '../command.ts';
import { secretFrom } from '../options.ts';
import { settingsOf } from '../settings.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

interface RedisOptions extends CheckOptions {
  urlEnv?: string;
}

export function redisCommand(): CliCommand {
  const command = checkCommand('redis', {
    summary: 'Whether Redis answers, is the master, and has memory and clients left.',
    example: 'quarterdeck check redis --url-env REDIS_URL',
  });
  command.option('--url-env <name>', 'Variable with its address. (default: REDIS_URL, also from .env)');
  return command.action(async (options: RedisOptions) => {
    const url = secretFrom(options.urlEnv) ?? settingsOf({}).settings.redisUrl;
    if (url === undefined) throw new UsageError('REDIS_URL is not set.', 'Set it, or name another variable with --url-env.');
    await runCheck(options, 'asking Redis', async () => {
      const { checkRedis } = await import('../../production/check/redis.ts');
      return checkRedis(url, options.timeout);
    });
  });
}
