/** `quarterdeck check auth`: whether strangers are refused. */

import { defaultRefusal } from '../../production/check/auth.ts';
import { type CliCommand, UsageError } from '../command.ts';
import { addressOf, countOf, jsonType, secretFrom } from '../options.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

interface AuthOptions extends CheckOptions {
  method: string;
  data?: string;
  status: number;
  tokenEnv?: string;
  expiredTokenEnv?: string;
  otherTokenEnv?: string;
  thing?: string;
}

export function authCommand(): CliCommand {
  const command = checkCommand('auth', {
    summary: "Whether strangers are refused: no credential, forged ones, an expired one, and somebody else's.",
    details:
      'Without credentials it tries what anybody can: none, and forged ones. With a good one it makes forgeries after it, and shows that the address answers at all. Credentials are named by their variables.',
    example: 'quarterdeck check auth http://127.0.0.1:8000/me --token-env QUARTERDECK_TOKEN',
  });
  command
    .argument('<url>', 'What only those with a credential may see.')
    .option('--method <method>', 'The method of the request. Choose one that changes nothing.', 'GET')
    .option('--data <json>', 'The body of the request, sent as JSON.')
    .option('--status <number>', 'The status of a refusal.', countOf, defaultRefusal)
    .option('--token-env <name>', 'Variable with a good credential.')
    .option('--expired-token-env <name>', 'Variable with a credential that was good and has expired: nobody can forge one.')
    .option('--other-token-env <name>', 'Variable with a good credential of another workspace.')
    .option('--thing <url>', 'A thing that the good credential may see and the other one may not: the other must be told 404.');
  return command.action(async (address: string, options: AuthOptions) => {
    const { method, data, status, timeout: timeoutMs } = options;
    const good = secretFrom(options.tokenEnv);
    const other = secretFrom(options.otherTokenEnv);
    const expired = secretFrom(options.expiredTokenEnv);
    if ((options.thing === undefined) !== (other === undefined) || (other !== undefined && good === undefined))
      throw new UsageError(
        "Another's thing needs --thing, --token-env and --other-token-env.",
        'Give all three, or neither --thing nor --other-token-env.',
      );
    const thing = options.thing === undefined ? undefined : addressOf(options.thing).href;
    const url = addressOf(address).href;
    await runCheck(options, `trying ${url}`, async (signal) => {
      const { checkAuth } = await import('../../production/check/auth.ts');
      return checkAuth(
        { url, method, headers: jsonType(data), body: data, timeoutMs, signal },
        { good, expired, other },
        { status, thing },
      );
    });
  });
}
