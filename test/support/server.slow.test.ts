import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Place, client, createPlace, signUp, spawnServer } from './server.ts';

// Each case starts processes of its own, which a busy machine makes slow.
vi.setConfig({ testTimeout: 90_000 });

describe.each(['embedded', 'postgres'] as const)('a spawned server on %s', (kind) => {
  let place: Place;

  beforeAll(async () => {
    place = await createPlace(kind);
  });

  afterAll(() => place.remove());

  test('serves, ends with 0 when told to, and finds its data again', async () => {
    const first = await spawnServer({ place });
    const { token } = await signUp(first.url);
    expect(await first.kill('SIGTERM')).toEqual({ code: 0, signal: null });

    // On the same port, because the address is the issuer of the token.
    const second = await spawnServer({ place, environment: { QUARTERDECK_PORT: new URL(first.url).port } });
    expect((await client(second.url, token).get('/me')).status).toBe(200);
    expect(await second.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('that cannot start says why', async () => {
    await expect(spawnServer({ place, environment: { QUARTERDECK_PORT: 'eight thousand' } })).rejects.toThrow(/QUARTERDECK_PORT/);
  });
});
