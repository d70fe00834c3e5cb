/** `start` and `serve`: the first screen, every reason not to start, and stopping. */

import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Place, type SpawnedServer, createPlace, spawnServer } from '../support/server.ts';
import { program, quarterdeck } from '../support/quarterdeck.ts';
import { withOwner } from './owner.ts';

let place: Place;
let server: SpawnedServer | undefined;

beforeAll(async () => void (place = await createPlace()));
afterAll(async () => {
  await server?.close();
  await place.remove();
});

/** A first line of standard error, which a person reads. */
function reason({ code, stderr }: { code: number | null; stderr: string }) {
  return { code, stderr: stderr.split('\n').find((line) => line.startsWith('quarterdeck')) };
}

/** A request whose body never comes, so that the server gives it up after ten seconds. Resolves when the server has its head. */
async function requestUnderWay(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const head = [
    'POST /api/auth/signin HTTP/1.1',
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    'Content-Length: 9',
    'Expect: 100-continue',
  ];
  socket.on('error', () => undefined).write(`${head.join('\r\n')}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toContain('100 Continue');
  return socket;
}

describe('a server in the foreground', () => {
  test('says where it is, how to sign in, where the data is, how to connect an agent and how to stop', async () => {
    server = await spawnServer({ place });
    const { stdout } = server.output;
    await expect.poll(() => server?.output.stdout).toContain('Stop');
    expect(server.output.stdout).toContain(`Address  ${server.url}\n`);
    expect(server.output.stdout).toContain(`Sign in  open ${server.url}/ui/ in a browser and sign up, or run\n`);
    expect(server.output.stdout).toContain(
      place.kind === 'embedded' ? `Data     ${place.data} (embedded database)` : 'Data     PostgreSQL',
    );
    expect(server.output.stdout).toContain(
      `claude mcp add --transport http quarterdeck ${server.url}/mcp --header "Authorization: Bearer YOUR_KEY"`,
    );
    expect(server.output.stdout).toContain(`Stop     kill ${server.pid}\n`);
    expect(stdout).not.toContain('\u001B');
  });

  test('keeps others from its data, and tells them who it is', async (context) => {
    context.skip(place.kind === 'postgres', 'PostgreSQL serves any number of servers');
    expect(reason(await quarterdeck(place, ['start']))).toEqual({
      code: 1,
      stderr: expect.stringMatching(new RegExp(`^quarterdeck start: The data in .* is in use by process ${server?.pid} since .* --data`)),
    });
  });

  test('keeps others from its port, and tells them what it is', async () => {
    const port = new URL(server?.url ?? '').port;
    expect(reason(await quarterdeck(place, ['start', '--port', port]))).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /^quarterdeck start: Cannot listen on 127\.0\.0\.1 port \d+: another Quarterdeck \(version .*\) has it\. .* --port/,
      ),
    });
  });

  test('ends in order at SIGTERM', async () => {
    expect(await server?.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(server?.output.stderr).toContain('"msg":"stopped"');
  });

  test('is found by programs through one line of JSON', async () => {
    const again = await spawnServer({ place, command: [program, 'serve', '--json'] });
    await expect.poll(() => again.output.stdout).toContain('\n');
    expect(JSON.parse(again.output.stdout)).toMatchObject({ url: again.url, pid: again.pid, database: place.kind, data: place.data });
    expect(await again.kill('SIGINT')).toEqual({ code: 0, signal: null });
  });

  test('finishes what is under way at the first signal, and ends at once at the second', async () => {
    const busy = await spawnServer({ place });
    const request = await requestUnderWay(busy.url);
    const ended = busy.kill('SIGTERM');
    await expect.poll(() => busy.output.stderr).toContain('"msg":"stopping"');
    expect(await Promise.race([ended, sleep(1_000, 'still there')])).toBe('still there');
    await busy.kill('SIGTERM');
    expect(await ended).toEqual({ code: 128 + 15, signal: null });
    request.destroy();
  });

  test('refuses to serve while a migration is pending, names it, and says how to run it', async () => {
    await quarterdeck(place, ['migrate', 'down']);
    const { code, stderr } = reason(await quarterdeck(place, ['serve']));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^quarterdeck serve: .*1 migrations? (is|are) pending \(\d{4}_\w+\)\. Run `quarterdeck migrate up`/);
  });

  test('refuses a database that is newer, in both commands', async () => {
    const name = '9999_later';
    await withOwner(place, (db) => sql`insert into public.quarterdeck_migrations (name) values (${name})`.execute(db));
    for (const command of ['start', 'serve']) {
      const { code, stderr } = reason(await quarterdeck(place, [command]));
      expect(code).toBe(1);
      expect(stderr).toContain(`The database is newer than this`);
      expect(stderr).toContain(name);
    }
  });
});
