/** `check tls`: the certificate that a server shows, who vouches for it, how long it lasts, and how old a protocol it still speaks. */

import { once } from 'node:events';
import { type ConnectionOptions, type DetailedPeerCertificate, type TLSSocket, checkServerIdentity, connect } from 'node:tls';
import { isIP } from 'node:net';
import { reasonOf } from '../reason.ts';
import { type CheckResult, type Judgement, conclude, judged, unseen } from './result.ts';

export interface TlsQuestion {
  readonly host: string;
  readonly port: number;
  /** The name that clients use; it is sent to the server, and must be in the certificate. */
  readonly name: string;
  /** Certificates to trust besides those that Node trusts, as PEM. */
  readonly authorities: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface TlsWishes {
  readonly days: number;
  /** Part of the issuer's name; undefined: anybody who is trusted. */
  readonly issuer: string | undefined;
}

/** Automatic renewal begins with a third of the life left, which is 30 days of 90: with 14 left it has failed for two weeks. */
export const defaultDays = 14;

export interface Handshake {
  readonly protocol: string;
  /** undefined: the chain ends in somebody who is trusted, and every link holds now. */
  readonly distrust: string | undefined;
  /** undefined: the name is in the certificate. */
  readonly wrongName: string | undefined;
  readonly names: string;
  readonly issuer: string;
  /** Of the certificate in the chain that ends first. */
  readonly ends: Date;
  readonly begins: Date;
  readonly length: number;
}

const dayMs = 86_400_000;

export async function checkTls(question: TlsQuestion, wishes: TlsWishes): Promise<CheckResult> {
  const reach = 'Check the host and port, and that TLS is spoken there from the first byte.';
  let handshake: Handshake;
  try {
    handshake = await shakeHands(question);
  } catch (error) {
    question.signal.throwIfAborted();
    return conclude('tls', [unseen('handshake', reasonOf(error), 'TLS 1.2 or newer', reach)]);
  }
  const now = new Date();
  const judgements = [...judgeHandshake(handshake, question.name, wishes, now), await judgeOldProtocols(question)];
  const { protocol, issuer, ends } = handshake;
  const days_left = Math.floor((ends.getTime() - now.getTime()) / dayMs);
  return conclude('tls', judgements, { protocol, issuer, ends: ends.toISOString(), days_left });
}

export function judgeHandshake({ ...shake }: Handshake, name: string, { days, issuer }: TlsWishes, now: Date): Judgement[] {
  const left = Math.floor((shake.ends.getTime() - now.getTime()) / dayMs);
  const renew = 'Renew the certificate, and find out why that was not done by itself.';
  const chain =
    'Let the server send its certificate with all intermediate ones, of an authority that clients trust; for your own authority give --ca.';
  const judgements = [
    judged('protocol', shake.protocol, 'TLSv1.2 or newer', /^TLSv1\.[23]$/.test(shake.protocol), 'Switch on TLS 1.2 and 1.3.'),
    judged('chain', shake.distrust ?? `${shake.length} certificates, trusted`, 'trusted', shake.distrust === undefined, chain),
    judged(
      'names',
      shake.names,
      name,
      shake.wrongName === undefined,
      `Get a certificate for ${name}, or check that this is the right server.`,
    ),
    judged('begins', shake.begins.toISOString(), 'in the past', shake.begins <= now, 'Check the clocks of both machines.'),
    judged('days left', left, `>= ${days}`, shake.ends > now && left >= days, renew),
  ];
  if (issuer === undefined) return [...judgements, judged('issuer', shake.issuer, 'any', true, '')];
  const right = shake.issuer.includes(issuer);
  return [
    ...judgements,
    judged('issuer', shake.issuer, issuer, right, 'Find out who replaced the certificate: a proxy that reads along shows its own.'),
  ];
}

/** Verification is left to the judgement, so that what is wrong is said, and not only that something is. */
async function shakeHands(question: TlsQuestion): Promise<Handshake> {
  const socket = await open(question, {});
  try {
    const certificate = socket.getPeerCertificate(true);
    if (certificate.raw === undefined) throw new Error('the server shows no certificate');
    const chain = chainOf(certificate);
    return {
      protocol: socket.getProtocol() ?? 'none',
      distrust: socket.authorized ? undefined : textOf(socket.authorizationError),
      wrongName: checkServerIdentity(question.name, certificate)?.message,
      names: certificate.subjectaltname ?? 'none',
      issuer: Object.values(certificate.issuer).flat().join(', '),
      begins: new Date(certificate.valid_from),
      ends: new Date(Math.min(...chain.map(({ valid_to }) => Date.parse(valid_to)))),
      length: chain.length,
    };
  } finally {
    socket.destroy();
  }
}

/** A server that agrees to TLS 1.0 or 1.1 can be talked into it by whoever sits in between. */
async function judgeOldProtocols(question: TlsQuestion): Promise<Judgement> {
  const [what, wanted] = ['TLS 1.0 and 1.1', 'refused'];
  const fix = 'Switch off everything below TLS 1.2.';
  try {
    // OpenSSL itself does not speak them any more, unless told that it may be this careless.
    const socket = await open(question, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    const protocol = socket.getProtocol();
    socket.destroy();
    return judged(what, `${protocol} is accepted`, wanted, false, fix);
  } catch (error) {
    question.signal.throwIfAborted();
    if (error instanceof Late)
      return unseen(what, error.message, wanted, 'Try again; if it stays, look at what is between here and the server.');
    return judged(what, 'refused', wanted, true, fix);
  }
}

class Late extends Error {}

async function open({ host, port, name, authorities, timeoutMs, signal }: TlsQuestion, versions: ConnectionOptions): Promise<TLSSocket> {
  const late = AbortSignal.timeout(timeoutMs);
  const socket = connect({
    host,
    port,
    // An address is no name: RFC 6066 forbids to send one.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(authorities === undefined ? {} : { ca: await withOwn(authorities) }),
    rejectUnauthorized: false,
    // The name is judged apart from the chain.
    checkServerIdentity: () => undefined,
    ...versions,
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.any([signal, late]) });
    return socket;
  } catch (error) {
    socket.destroy();
    throw late.aborted ? new Late(`no handshake within ${timeoutMs} ms`) : error;
  }
}

async function withOwn(authorities: string): Promise<string[]> {
  const { getCACertificates } = await import('node:tls');
  return [...getCACertificates('default'), authorities];
}

/** From the server's own to the one that the chain ends in, which is its own issuer. */
function chainOf(first: DetailedPeerCertificate): DetailedPeerCertificate[] {
  const chain = [first];
  for (let at = first.issuerCertificate; at !== undefined && !chain.includes(at); at = at.issuerCertificate) chain.push(at);
  return chain;
}

function textOf(error: Error | string | undefined): string {
  return error === undefined ? 'not trusted' : reasonOf(error);
}
