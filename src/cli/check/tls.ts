/** `quarterdeck check tls`: the certificate that a server shows, and how old a protocol it still speaks. */

import { readFile } from 'node:fs/promises';
import { defaultDays } from '../../production/check/tls.ts';
import { type CliCommand, UsageError } from '../command.ts';
import { countOf } from '../options.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

interface TlsOptions extends CheckOptions {
  name?: string;
  issuer?: string;
  minDays: number;
  ca?: string;
}

const httpsPort = 443;

export function tlsCommand(): CliCommand {
  const command = checkCommand('tls', {
    summary: 'A certificate: its names, its chain, its issuer, its days left; and that nothing below TLS 1.2 is spoken.',
    example: 'quarterdeck check tls deck.example.org --min-days 14',
  });
  command
    .argument('<place>', 'A host, a host and port, or an https address.')
    .option('--name <name>', 'The name that clients use, where it is not the host: to look at one server behind it.')
    .option('--issuer <text>', "What must stand in the issuer's name. (default: anybody who is trusted)")
    .option('--min-days <number>', 'Days that it must last at least.', countOf, defaultDays)
    .option('--ca <file>', 'Certificates of your own authority to trust as well, as PEM.');
  return command.action(async (place: string, options: TlsOptions) => {
    const { host, port } = placeOf(place);
    const { name = host, issuer, minDays: days, timeout: timeoutMs } = options;
    const authorities = options.ca === undefined ? undefined : await readAuthorities(options.ca);
    await runCheck(options, `shaking hands with ${host}`, async (signal) => {
      const { checkTls } = await import('../../production/check/tls.ts');
      return checkTls({ host, port, name, authorities, timeoutMs, signal }, { days, issuer });
    });
  });
}

function placeOf(text: string): { host: string; port: number } {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  if (url === null || url.protocol !== 'https:' || url.hostname === '')
    throw new UsageError(
      `${text} is no place to find a certificate.`,
      'Write for example deck.example.org, deck.example.org:8443 or https://deck.example.org.',
    );
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? httpsPort : Number(url.port) };
}

async function readAuthorities(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, 'Check --ca.');
  });
}
