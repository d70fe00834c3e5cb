/** `check mcp`: speaks MCP with a server as a client does: both agree on a protocol, the tools are there, one of them works. */

import {
  Client,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { reasonOf } from '../reason.ts';
import type { Assertion } from './http.ts';
import { type CheckResult, type Found, type Judgement, conclude, judged, unseen } from './result.ts';

/** `auto`: the newest that both know. `2025`: the revisions with `initialize`. */
export const protocols = ['auto', '2026-07-28', '2025'] as const;

export interface McpQuestion {
  readonly url: string;
  readonly protocol: (typeof protocols)[number];
  readonly token: string | undefined;
  /** This program, as servers write it into their log. */
  readonly version: string;
  /** For each request. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface McpWishes {
  /** That must be listed. */
  readonly tools: readonly string[];
  readonly call: { readonly name: string; readonly input: Record<string, unknown>; readonly result: readonly Assertion[] } | undefined;
}

interface Talk {
  readonly client: Client;
  readonly options: { timeout: number; signal: AbortSignal };
  readonly judgements: Judgement[];
  readonly measured: Record<string, Found>;
}

const modes: Readonly<Record<McpQuestion['protocol'], VersionNegotiationMode>> = {
  auto: 'auto',
  '2026-07-28': { pin: '2026-07-28' },
  '2025': 'legacy',
};

export async function checkMcp(question: McpQuestion, wishes: McpWishes): Promise<CheckResult> {
  const { url, token, version, timeoutMs, signal, protocol } = question;
  const client = new Client({ name: 'quarterdeck-check', version }, { versionNegotiation: { mode: modes[protocol] } });
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  const talk: Talk = { client, options: { timeout: timeoutMs, signal }, judgements: [], measured: {} };
  try {
    if (await connect(talk, transport, protocol)) {
      const listed = await listTools(talk, wishes);
      if (listed && wishes.call !== undefined) await callTool(talk, wishes.call);
    }
  } finally {
    // A server of 2025 keeps a session for whoever does not say goodbye.
    await transport.terminateSession().catch(() => undefined);
    await client.close().catch(() => undefined);
  }
  signal.throwIfAborted();
  return conclude('mcp', talk.judgements, talk.measured);
}

async function connect(
  { client, options, judgements, measured }: Talk,
  transport: StreamableHTTPClientTransport,
  protocol: string,
): Promise<boolean> {
  const wanted = protocol === 'auto' ? 'a protocol that both know' : protocol;
  const started = performance.now();
  try {
    await client.connect(transport, options);
  } catch (error) {
    judgements.push(
      judgeError(
        'protocol',
        error,
        wanted,
        'Check the address (most servers answer at /mcp), the credential, and the revisions that the server speaks.',
      ),
    );
    return false;
  }
  measured['connect_ms'] = Math.round(performance.now() - started);
  const found = client.getNegotiatedProtocolVersion() ?? 'none';
  measured['protocol'] = found;
  const right = protocol === 'auto' || found === protocol || found.startsWith(`${protocol}-`);
  judgements.push(judged('protocol', found, wanted, right, 'Look at which revisions the server speaks.'));
  const { name, version } = client.getServerVersion() ?? {};
  if (name !== undefined) judgements.push(judged('server', `${name} ${version ?? ''}`.trimEnd(), 'any', true, ''));
  return true;
}

async function listTools({ client, options, judgements, measured }: Talk, { tools, call }: McpWishes): Promise<boolean> {
  if (client.getServerCapabilities()?.tools === undefined && tools.length === 0 && call === undefined) {
    judgements.push(judged('tools', 'it offers none', 'any', true, ''));
    return false;
  }
  try {
    const listed = await client.listTools(undefined, options);
    const names = new Set(listed.tools.map(({ name }) => name));
    measured['tools'] = names.size;
    const wanted = [...tools, ...(call === undefined ? [] : [call.name])];
    judgements.push(judged('tools', names.size, '>= 1', names.size > 0, 'Look at what this credential may use.'));
    for (const name of new Set(wanted))
      judgements.push(judged(`tool ${name}`, names.has(name) ? 'listed' : null, 'listed', names.has(name), notListed(names)));
    return call !== undefined && names.has(call.name);
  } catch (error) {
    judgements.push(judgeError('tools', error, 'a list', 'Look at the log of the server.'));
    return false;
  }
}

/** Enough of the names to see a misspelling or another server; a list of hundreds helps nobody. */
const mostNames = 20;

function notListed(names: ReadonlySet<string>): string {
  const shown = [...names].slice(0, mostNames).join(', ');
  const more = names.size > mostNames ? `, and ${names.size - mostNames} more` : '';
  return `Check the name, what the credential may use, and the version of the server; it lists ${shown === '' ? 'none' : shown}${more}.`;
}

async function callTool(
  { client, options, judgements, measured }: Talk,
  { name, input, result }: NonNullable<McpWishes['call']>,
): Promise<void> {
  const started = performance.now();
  try {
    const answer = await client.callTool({ name, arguments: input }, options);
    measured['call_ms'] = Math.round(performance.now() - started);
    const text = answer.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
    const failed = answer.isError === true;
    judgements.push(
      judged(
        `call ${name}`,
        failed ? firstLine(text) : 'answered',
        'no error',
        !failed,
        'Look at what the tool says, and call it with what it wants.',
      ),
    );
    if (failed) return;
    // Models read the text, programs the structured content; a server has one or both.
    const body = answer.structuredContent === undefined ? text : JSON.stringify(answer.structuredContent);
    for (const each of result) judgements.push(judgeResult(each, [body, text]));
  } catch (error) {
    judgements.push(judgeError(`call ${name}`, error, 'a result', 'Look at the log of the server.'));
  }
}

function judgeResult({ text, mismatch }: Assertion, bodies: readonly string[]): Judgement {
  const wrong = bodies.map(mismatch);
  const ok = wrong.includes(undefined);
  return judged(`result ${text}`, ok ? 'holds' : (wrong[0] ?? null), text, ok, 'Compare the result with what was expected.');
}

/** What the server said is false; what it did not say is unseen. */
function judgeError(what: string, error: unknown, wanted: string, next: string): Judgement {
  if (error instanceof UnauthorizedError || (error instanceof SdkHttpError && error.status === 401))
    return judged(
      what,
      '401: the credential is missing or refused',
      wanted,
      false,
      'Name the variable with a good credential with --token-env.',
    );
  if (error instanceof SdkHttpError) return judged(what, `status ${error.status}`, wanted, false, next);
  if (error instanceof SdkError && silence.has(error.code))
    return unseen(what, reasonOf(error), wanted, 'Check that the server runs, and that it can be reached from here.');
  if (error instanceof ProtocolError || error instanceof SdkError) return judged(what, firstLine(error.message), wanted, false, next);
  return unseen(what, reasonOf(error), wanted, 'Check that the server runs, and that it can be reached from here.');
}

const silence: ReadonlySet<SdkErrorCode> = new Set([
  SdkErrorCode.RequestTimeout,
  SdkErrorCode.ConnectionClosed,
  SdkErrorCode.SendFailed,
  SdkErrorCode.NotConnected,
]);

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
