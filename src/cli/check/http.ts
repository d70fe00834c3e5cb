/** `quarterdeck check http`: one request, and whether its answer is as it should be. */

import { UsageError, type CliCommand } from '../command.ts';
import { addressOf, bearer, collect, countOf, durationOf, jsonType, secretFrom } from '../options.ts';
import { assertionsOf } from './assertions.ts';
import { type CheckOptions, checkCommand, runCheck, tokenHelp } from './run.ts';

interface HttpOptions extends CheckOptions {
  method: string;
  data?: string;
  status?: number;
  expect?: string[];
  contains?: string[];
  expectHeader?: string[];
  within?: number;
  tokenEnv?: string;
}

export function httpCommand(): CliCommand {
  const command = checkCommand('http', {
    summary: 'One request: its status, its headers, its body, its time.',
    details: 'A redirect is an answer like any other and is not followed.',
    example: "quarterdeck check http http://127.0.0.1:8000/health --expect '.status == healthy'",
  });
  command
    .argument('<url>', 'What to ask.')
    .option('--method <method>', 'The method of the request.', 'GET')
    .option('--data <json>', 'The body of the request, sent as JSON.')
    .option('--status <number>', 'The status that the answer must have. (default: any of the 2xx)', countOf)
    .option('--expect <assertion>', "What must be true of the JSON in the body: '.status == healthy'. May be given several times.", collect)
    .option('--contains <text>', 'Text that must stand in the body. May be given several times.', collect)
    .option(
      '--expect-header <header>',
      "A header that the answer must have: 'Name: value', or the name alone. May be given several times.",
      collect,
    )
    .option('--within <duration>', 'How long the answer may take, to its last byte.', durationOf)
    .option('--token-env <name>', tokenHelp);
  return command.action(async (address: string, options: HttpOptions) => {
    const { method, data, status = null, timeout, within: withinMs } = options;
    const url = addressOf(address).href;
    const headers = { ...bearer(secretFrom(options.tokenEnv)), ...jsonType(data) };
    const wishes = { status, headers: (options.expectHeader ?? []).map(headerOf), body: assertionsOf(options), withinMs };
    await runCheck(options, `asking ${url}`, async (signal) => {
      const { checkHttp } = await import('../../production/check/http.ts');
      return checkHttp({ url, method, headers, body: data, timeoutMs: timeout, signal }, wishes);
    });
  });
}

function headerOf(text: string): { name: string; value: string | undefined } {
  const [, name, value] = /^([\w!#$%&'*+.^`|~-]+)(?::\s*(.*))?$/.exec(text) ?? [];
  if (name === undefined) throw new UsageError(`${text} is no header.`, "Write 'Name: value', or the name alone.");
  return { name, value };
}
