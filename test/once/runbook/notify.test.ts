import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Workshop, createWorkshop, document, step } from '../../support/runbook.ts';

let workshop: Workshop;
let receiver: Server;
let url: string;
let status: number;
let received: Record<string, unknown>[];

beforeEach(async () => {
  workshop = createWorkshop();
  received = [];
  status = 200;
  receiver = createServer((request, response) => {
    void json(request).then((body) => {
      received.push(body as Record<string, unknown>);
      response.writeHead(status).end();
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook/secret-path-of-the-hook`;
});
afterEach(async () => {
  receiver.close();
  await workshop.remove();
});

const all = 'notify:\n  - { on: [started, waiting, held, rolled_back, failed, finished], to: webhook, url_env: OPS_WEBHOOK_URL }';

test('a run tells when it starts, waits, and how it ended', async () => {
  const environment = { OPS_WEBHOOK_URL: url };
  const file = workshop.write(
    'a.md',
    document(all, '- [ ] The team knows', step('name=one', 'true'), step('undo=one', 'true'), step('name=two kind=check', 'test -e fine')),
  );
  const { run } = await workshop.last(['run', file], { environment });
  expect(await workshop.last(['resume', run, '--yes', '--by', 'ada'], { environment })).toMatchObject({ exit: 4 });
  expect(received).toMatchObject([
    { event: 'started', run, title: 'A runbook' },
    { event: 'waiting', run, step: 'the-team-knows', exit: 3, left: [] },
    { event: 'rolled_back', run, outcome: 'rolled_back', exit: 4, left: [], reason: 'two: the exit status is 1' },
  ]);
});

test('what cannot be sent stops nothing, and is said at the end', async () => {
  status = 400;
  const file = workshop.write('a.md', document(all, step('name=show kind=check', 'env | grep OPS_')));
  const { code, stdout, stderr } = await workshop.runbook(['run', file], { environment: { OPS_WEBHOOK_URL: url } });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(
    /Not told: Nobody was told by webhook OPS_WEBHOOK_URL that the run has started: .*400.*\n.*Not told: .* has finished: /,
  );
  // The address is a secret of its own.
  expect(stdout).not.toContain('secret-path-of-the-hook');
  const unset = await workshop.runbook(['run', file]);
  expect([unset.code, unset.stderr]).toEqual([0, expect.stringContaining('OPS_WEBHOOK_URL is not set, so nobody is told')]);
});

test('a run inside another tells those that the outer one tells', async () => {
  workshop.write('child.md', document('{}', step('name=inner kind=check', 'true')).replace('# A runbook', '# The inner one'));
  const file = workshop.write('a.md', document(all, step('name=outer kind=check', 'quarterdeck runbook run child.md')));
  expect(await workshop.last(['run', file], { environment: { OPS_WEBHOOK_URL: url } })).toMatchObject({ exit: 0 });
  expect(received.map(({ event, title }) => [event, title])).toEqual([
    ['started', 'A runbook'],
    ['started', 'The inner one'],
    ['finished', 'The inner one'],
    ['finished', 'A runbook'],
  ]);
});
