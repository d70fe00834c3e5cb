import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNotifier } from './notifier.ts';
import type { Environment, Notification } from './open.ts';

interface Mail {
  readonly from: string;
  readonly to: string[];
  readonly text: string;
}

let server: SMTPServer | undefined;
let mails: Mail[];
/** Codes that the server answers with, one a mail; then it takes them. */
let refusals: number[];
/** User and password of whoever signed in. */
let signedIn: string[];
const defaultAuthorities = getCACertificates('default');

beforeEach(() => {
  mails = [];
  refusals = [];
  signedIn = [];
});
afterEach(async () => {
  setDefaultCACertificates(defaultAuthorities);
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  server = undefined;
});

/** Its port. */
async function listen(options: SMTPServerOptions = {}): Promise<number> {
  const own = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onAuth({ username, password }, _session, callback) {
      signedIn.push(`${username}:${password}`);
      callback(null, { user: username });
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const code = refusals.shift();
        if (code !== undefined) return callback(Object.assign(new Error('not now'), { responseCode: code }));
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        mails.push({ from, to: rcptTo.map(({ address }) => address), text: Buffer.concat(chunks).toString() });
        return callback();
      });
    },
    ...options,
  });
  server = own;
  // A client that refuses the connection is what some tests are about.
  own.on('error', () => undefined);
  return new Promise((resolve) => {
    const listening = own.listen(0, '127.0.0.1', () => resolve((listening.address() as AddressInfo).port));
  });
}

function notifierOf(notification: Partial<Notification>, environment: Environment) {
  return createNotifier({
    notify: [{ on: ['failed'], to: 'email', ...notification }],
    environment,
    run: {
      run: '20261121-100000-abc123',
      title: 'Deploy\r\nBcc: eve@example.org',
      file: 'runbooks/deploy.md',
      host: 'ship',
      user: 'ada',
      owner: null,
      escalate: null,
    },
    redact: (text) => text,
    pace: { tryMs: 10_000, waitsMs: [1, 1], mostWaitMs: 1_000, finishMs: 15_000 },
  });
}

describe('an e-mail', () => {
  test('goes to the address in the file, through the server and from the sender of the environment', async () => {
    const port = await listen();
    const environment = { SMTP_URL: `smtp://127.0.0.1:${port}`, SMTP_FROM: 'Runbooks <runbooks@example.org>' };
    const notifier = notifierOf({ address: 'ops@example.org, second@example.org' }, environment);
    await notifier.send('failed', { step: 'apply', reason: 'exit 1', next: 'undo it' });
    expect(await notifier.finish()).toEqual([]);
    expect(mails).toMatchObject([{ from: 'runbooks@example.org', to: ['ops@example.org', 'second@example.org'] }]);
    const text = mails[0]?.text ?? '';
    expect(text).toContain('Subject: Deploy Bcc: eve@example.org has failed\r\n');
    expect(text).toContain('References: <20261121-100000-abc123@ship>\r\n');
    expect(text).toContain('Auto-Submitted: auto-generated\r\n');
    expect(text).toContain('\r\n\r\nexit 1\r\n\r\nStep:      apply\r\nNext:      undo it\r\n');
  });

  test('may have the sender and the recipient in the address of the server', async () => {
    const port = await listen();
    const notifier = notifierOf({ url_env: 'MAIL' }, { MAIL: `smtp://127.0.0.1:${port}?from=a%40example.org&to=b%40example.org` });
    await notifier.send('failed');
    expect(await notifier.finish()).toEqual([]);
    expect(mails).toMatchObject([{ from: 'a@example.org', to: ['b@example.org'] }]);
  });

  test.each([
    ['tries again when the server says later', [451, 421], 1, []],
    [
      'gives up at once when it says no',
      [554],
      0,
      [
        'Nobody was told by email MAIL that the run has failed: the mail server says "Message failed: 554 not now". Correct the address or its keys.',
      ],
    ],
  ])('%s', async (_what, codes, sent, told) => {
    refusals = codes;
    const port = await listen();
    const notifier = notifierOf({ url_env: 'MAIL' }, { MAIL: `smtp://127.0.0.1:${port}?from=a@example.org&to=b@example.org` });
    await notifier.send('failed');
    expect((await notifier.finish()).map(({ reason }) => reason)).toEqual(told);
    expect(mails).toHaveLength(sent);
  });

  test('is not sent when the password would go over an open line', async () => {
    const port = await listen({ allowInsecureAuth: true });
    const notifier = notifierOf({ url_env: 'MAIL' }, { MAIL: `smtp://ada:horse-battery@127.0.0.1:${port}?from=a@b.org&to=b@b.org` });
    expect(notifier.secrets()).toMatchObject([{ name: 'MAIL', value: expect.stringContaining('horse-battery') }]);
    await notifier.send('failed');
    expect((await notifier.finish()).map(({ reason }) => reason)).toEqual([expect.stringContaining('STARTTLS')]);
    expect([signedIn, mails]).toEqual([[], []]);
  });

  test('is sent with the password when the line can be closed, and to nobody whose certificate is not known', async (context) => {
    const certificate = await makeCertificate();
    if (certificate === undefined) return context.skip('there is no openssl to make a certificate with');
    const port = await listen({ ...certificate, disabledCommands: [] });
    const environment = { MAIL: `smtp://ada:horse%2Fbattery@localhost:${port}?from=a@b.org&to=b@b.org` };
    const stranger = notifierOf({ url_env: 'MAIL' }, environment);
    await stranger.send('failed');
    expect((await stranger.finish()).map(({ reason }) => reason)).toEqual([expect.stringContaining('self-signed certificate')]);
    expect([signedIn, mails]).toEqual([[], []]);

    setDefaultCACertificates([...defaultAuthorities, certificate.cert]);
    const notifier = notifierOf({ url_env: 'MAIL' }, environment);
    await notifier.send('failed');
    expect(await notifier.finish()).toEqual([]);
    expect(signedIn).toEqual(['ada:horse/battery']);
    expect(mails).toHaveLength(1);
  });
});

/** For localhost; undefined: this machine cannot make one. */
async function makeCertificate(): Promise<{ key: string; cert: string } | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'quarterdeck-certificate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  try {
    await promisify(execFile)('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert]);
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  } catch {
    return undefined;
  } finally {
    await rm(folder, { recursive: true });
  }
}
