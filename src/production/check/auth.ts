/** `check auth`: that a server refuses who has no good credential, by asking it without one, with forged ones, and with somebody else's. */

import { createHmac, randomBytes } from 'node:crypto';
import { type Question, ask, isAnswer } from './request.ts';
import { type CheckResult, type Judgement, conclude, judged, unseen } from './result.ts';

export interface Credentials {
  /** Good: it shows that the address answers at all, and forgeries are made after it. */
  readonly good: string | undefined;
  /** Was good once. */
  readonly expired: string | undefined;
  /** Good, of another workspace or tenant. */
  readonly other: string | undefined;
}

export interface AuthWishes {
  /** Of a refusal. */
  readonly status: number;
  /** The address of a thing that belongs to `good` and not to `other`. */
  readonly thing: string | undefined;
}

const unauthorised = 401;
const hidden = 404;

/** `question` is sent once for each credential; its headers have none. */
export async function checkAuth(question: Question, credentials: Credentials, { status, thing }: AuthWishes): Promise<CheckResult> {
  const { good, expired, other } = credentials;
  const judgements: Judgement[] = [];
  const refuse = async (what: string, token: string | undefined) => judgements.push(await judge(question, what, token, [status]));
  await refuse('no credential', undefined);
  for (const [what, token] of forgeries(good, new URL(question.url).origin, new Date())) await refuse(what, token);
  if (expired !== undefined) await refuse('expired credential', expired);
  if (good !== undefined) judgements.push(await judge(question, 'good credential', good, 'answered'));
  if (thing !== undefined) {
    const asked = { ...question, url: thing, method: 'GET', body: undefined };
    judgements.push(await judge(asked, 'own thing', good, 'answered'));
    judgements.push(await judge(asked, "another's thing", other, [hidden]));
  }
  return conclude('auth', judgements, { attempts: judgements.length });
}

export const defaultRefusal = unauthorised;

async function judge(
  question: Question,
  what: string,
  token: string | undefined,
  wanted: readonly number[] | 'answered',
): Promise<Judgement> {
  const headers = { ...question.headers, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
  const answer = await ask({ ...question, headers });
  const text = wanted === 'answered' ? '2xx' : wanted.join(' or ');
  if (!isAnswer(answer)) return unseen(what, answer.why, text, 'Check the address, and that the server runs.');
  const { status } = answer;
  if (wanted === 'answered')
    return judged(
      what,
      status,
      text,
      status >= 200 && status < 300,
      'Check that the credential is good for this address: without that, refusals prove nothing.',
    );
  const got = status >= 200 && status < 300;
  const next = got
    ? 'Take the server off the network: it answers whom it must refuse.'
    : `Look at why it answers ${status}; who may not, must be told ${text}, and nothing else.`;
  return judged(what, status, text, wanted.includes(status), next);
}

const dayMs = 86_400_000;

/** What an attacker can make without the key: the usual mistakes of verification, each as one token. */
export function forgeries(good: string | undefined, origin: string, now: Date): [what: string, token: string][] {
  const real = good === undefined ? undefined : jwtOf(good);
  const seconds = (ms: number) => Math.floor(ms / 1_000);
  const invented = { sub: 'admin', iss: origin, aud: origin, iat: seconds(now.getTime()), exp: seconds(now.getTime() + dayMs) };
  const header = real?.header ?? { typ: 'JWT' };
  const payload = real?.payload ?? invented;
  return [
    ['random credential', randomBytes(32).toString('base64url')],
    ...(good === undefined ? [] : [['good credential, changed', changed(good)] as [string, string]]),
    ['token without signature', `${encode({ ...header, alg: 'none' })}.${encode(payload)}.`],
    ['token signed by somebody else', signed({ ...header, alg: 'HS256' }, payload)],
  ];
}

/** With other characters in its second half, where a signature or a secret is. */
function changed(token: string): string {
  const middle = Math.ceil(token.length / 2);
  const end = token.slice(middle).replaceAll(/[\w-]/g, (character) => (character === 'A' ? 'B' : 'A'));
  return token.slice(0, middle) + end;
}

function signed(header: object, payload: object): string {
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${createHmac('sha256', randomBytes(32)).update(text).digest('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** undefined: it is no JSON Web Token. */
function jwtOf(token: string): { header: object; payload: object } | undefined {
  const [header, payload] = token.split('.').map(decode);
  return header === undefined || payload === undefined ? undefined : { header, payload };
}

function decode(part: string): object | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
