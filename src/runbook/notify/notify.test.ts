import { createHmac } from 'node:crypto';
import { type IncomingHttpHeaders, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRedactor } from '../redact/redactor.ts';
import { type Pace, createNotifier } from './notifier.ts';
import type { Environment, Notification } from './open.ts';

interface Request {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly text?: string;
}

let server: Server;
let url: string;
let requests: Request[];
/** What the server says, one a request; then 200. `silent`: nothing at all. */
let answers: (Answer | 'silent')[];

beforeEach(async () => {
  requests = [];
  answers = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const answer = answers.shift() ?? { status: 200 };
      requests.push({ path: request.url ?? '', headers: request.headers, text, body: JSON.parse(text) as Record<string, unknown> });
      if (answer !== 'silent') response.writeHead(answer.status, answer.headers).end(answer.text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const patient: Pace = { tryMs: 10_000, waitsMs: [1, 1], mostWaitMs: 5_000, finishMs: 10_000 };

const run = {
  run: '20261121-100000-abc123',
  title: 'Deploy',
  file: 'runbooks/deploy.md',
  host: 'ship',
  user: 'ada',
  owner: 'platform team',
  escalate: null,
};

function notifierOf(notify: Partial<Notification>[], environment: Environment, pace: Pace = patient) {
  const redactor = createRedactor();
  const all = notify.map((each): Notification => ({ on: ['started', 'failed', 'finished'], to: 'webhook', ...each }));
  const now = () => new Date('2026-11-21T10:00:00Z');
  const notifier = createNotifier({ notify: all, environment, run, redact: (text) => redactor.text(text), now, pace });
  for (const { name, value } of notifier.secrets()) redactor.add(name, value);
  return notifier;
}

const webhook = (environment: Environment = {}, pace?: Pace) =>
  notifierOf([{ url_env: 'OPS_URL' }], { OPS_URL: `${url}/hook`, ...environment }, pace);

/** What `finish` says of each. */
const reasons = async (notifier: ReturnType<typeof webhook>) => (await notifier.finish()).map(({ reason }) => reason);

describe('a webhook', () => {
  test('gets what happened as JSON, for the events that are listed and no others', async () => {
    const notifier = webhook();
    await notifier.send('waiting');
    await notifier.send('failed', { step: 'apply', outcome: 'failed', reason: 'exit 1', exit: 1, left: ['apply'], next: 'undo it' });
    expect(await notifier.finish()).toEqual([]);
    expect(requests.map(({ path, body }) => [path, body])).toEqual([
      [
        '/hook',
        {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          event: 'failed',
          at: '2026-11-21T10:00:00.000Z',
          ...run,
          step: 'apply',
          outcome: 'failed',
          reason: 'exit 1',
          exit: 1,
          left: ['apply'],
          next: 'undo it',
        },
      ],
    ]);
    expect(requests[0]?.headers['quarterdeck-signature']).toBeUndefined();
  });

  test('gets a signature over the time and the body where there is a secret', async () => {
    const secret = 'a secret of the receiver';
    await webhook({ OPS_URL_SECRET: secret }).send('started');
    const [, time = '', signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(requests[0]?.headers['quarterdeck-signature'])) ?? [];
    expect(signature).toBe(createHmac('sha256', secret).update(`${time}.${requests[0]?.text}`).digest('hex'));
    expect(Math.abs(Date.now() / 1_000 - Number(time))).toBeLessThan(60);
  });

  test('never gets a secret, and what is secret about it is named for others to cut out', async () => {
    const notifier = webhook({ OPS_URL: `${url}/services/T0001/B0002/abcdefghijklm`, OPS_URL_SECRET: 'correct horse battery' });
    expect(notifier.secrets().map(({ name, value }) => [name, value])).toEqual([
      ['OPS_URL', `${url}/services/T0001/B0002/abcdefghijklm`],
      ['OPS_URL', '/services/T0001/B0002/abcdefghijklm'],
      ['OPS_URL_SECRET', 'correct horse battery'],
    ]);
    await notifier.send('failed', { reason: 'it said correct horse battery', left: ['correct horse battery'] });
    expect(requests[0]?.body).toMatchObject({ reason: 'it said [secret OPS_URL_SECRET]', left: ['[secret OPS_URL_SECRET]'] });
  });

  test('is tried again when it is down or has too much to do, with the same id, and later events wait for their turn', async () => {
    answers = [{ status: 503 }, { status: 429, headers: { 'Retry-After': '0' } }];
    const notifier = webhook();
    const first = notifier.send('started');
    const second = notifier.send('finished');
    await Promise.all([first, second]);
    expect(await notifier.finish()).toEqual([]);
    expect(requests.map(({ body }) => body['event'])).toEqual(['started', 'started', 'started', 'finished']);
    expect(new Set(requests.map(({ body }) => body['id'])).size).toBe(2);
  });

  test.each<[string, (Answer | 'silent')[], Partial<Pace>, number | undefined, string]>([
    [
      'refuses it',
      [{ status: 400, text: 'no such\n\u001B[31mroom' }],
      {},
      1,
      'it answers 400 "no such room". Correct the address or its keys.',
    ],
    ['sends it elsewhere', [{ status: 302, headers: { Location: '/other' } }], {}, 1, 'it answers 302. Correct the address or its keys.'],
    [
      'is down for long',
      [{ status: 500 }, { status: 502 }, { status: 503, text: 'busy' }],
      {},
      3,
      'it answers 503 "busy", 3 times. Check that the receiver is up.',
    ],
    [
      'wants to be left alone for long',
      [{ status: 429, headers: { 'Retry-After': '3600' } }],
      {},
      1,
      'it answers 429, and asks for 3600 s of rest. Send it less.',
    ],
    [
      'does not answer',
      ['silent', 'silent'],
      { tryMs: 200, waitsMs: [1] },
      undefined,
      'there is no answer within 0.2 s, 2 times. Check that the receiver is up.',
    ],
  ])('that %s stops nothing, and is told at the end', async (_what, said, pace, tries, why) => {
    answers = said;
    const notifier = webhook({}, { ...patient, ...pace });
    await notifier.send('failed');
    expect(await notifier.finish()).toEqual([
      { event: 'failed', to: 'webhook OPS_URL', reason: `Nobody was told by webhook OPS_URL that the run has failed: ${why}` },
    ]);
    // On a slow machine none of those that were given up may have come so far.
    if (tries !== undefined) expect(requests).toHaveLength(tries);
  });

  test('that is not there is tried again', async () => {
    const gone = url;
    await new Promise((resolve) => server.close(resolve));
    const notifier = webhook({ OPS_URL: gone });
    await notifier.send('failed');
    expect(await reasons(notifier)).toEqual([expect.stringContaining('there is no connection (ECONNREFUSED), 3 times')]);
  });

  test('that does not answer holds up the end of a run only so long', async () => {
    answers = ['silent'];
    const notifier = webhook({}, { ...patient, tryMs: 3_600_000, finishMs: 50 });
    const sent = [notifier.send('started'), notifier.send('failed')];
    expect(await reasons(notifier)).toEqual([
      expect.stringContaining('has started: there is no answer yet, and the run has ended.'),
      expect.stringContaining('has failed: the run has ended, and what was to be sent before took too long.'),
    ]);
    await Promise.all(sent);
  });
});

describe('what cannot be used is a warning before the run', () => {
  const nobody = 'so nobody is told by';
  test.each<[Partial<Notification>, Environment, string]>([
    [{ url_env: 'A_URL' }, {}, `A_URL is not set, ${nobody} webhook A_URL`],
    [{ url_env: 'A_URL', to: 'slack' }, { A_URL: '' }, `A_URL is not set, ${nobody} slack A_URL`],
    [{ url_env: 'A_URL' }, { A_URL: 'ftp://secret@host' }, `A_URL is not the address of a web server (https://…), ${nobody} webhook A_URL`],
    [{ address: 'ops' }, {}, `ops is not the address of a web server (https://…), ${nobody} webhook ops`],
    [
      { url_env: 'A_URL' },
      { A_URL: 'https://events.pagerduty.com/v2/enqueue' },
      `PagerDuty needs its routing key, and A_URL_KEY is not set, ${nobody} webhook A_URL`,
    ],
    [{ to: 'email', address: 'ops@example.org' }, {}, `SMTP_URL is not set, ${nobody} email ops@example.org`],
    [
      { to: 'email', address: 'ops@example.org' },
      { SMTP_URL: 'smtp://127.0.0.1' },
      `SMTP_URL has no ?from=, and SMTP_FROM is not set, ${nobody} email ops@example.org`,
    ],
    [{ to: 'email', url_env: 'M_URL' }, { M_URL: 'smtp://127.0.0.1?from=a@b.c' }, `M_URL has no ?to=, ${nobody} email M_URL`],
    [
      { to: 'email', url_env: 'M_URL' },
      { M_URL: 'https://mail' },
      `M_URL is not the address of a mail server (smtps://user:password@host), ${nobody} email M_URL`,
    ],
  ])('%o with %o', async (notification, environment, warning) => {
    const notifier = notifierOf([{ ...notification, on: ['waiting', 'failed'] }], environment);
    expect(notifier.warnings).toEqual([
      `${warning} when it waits for a person or it has failed. Set it, or take the notification out of the file.`,
    ]);
    await notifier.send('started');
    await notifier.send('failed');
    expect(await notifier.finish()).toMatchObject([{ event: 'failed', reason: expect.stringContaining('Nobody was told by') }]);
  });
});
