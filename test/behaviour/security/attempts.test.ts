import { afterAll, beforeAll, expect, test } from 'vitest';
import { client } from '../../support/server.ts';
import { credentialAttempts } from './attempts/credentials.ts';
import { fieldAttempts } from './attempts/fields.ts';
import { identifierAttempts } from './attempts/identifiers.ts';
import { injectionAttempts } from './attempts/input.ts';
import { oauthWireAttempts } from './attempts/oauth-wire.ts';
import { referenceAttempts } from './attempts/references.ts';
import { escalationAttempts } from './attempts/rights.ts';
import { wireAttempts } from './attempts/wire.ts';
import { holdAudit } from './audit.ts';
import { type Stage, setStage } from './stage.ts';
import { holdAttempts } from './table.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.server.close());

const of = () => stage;

test('the stage is set: a token signed with the key of the server is good', async () => {
  expect((await client(stage.url, await stage.signed()).get('/me')).status).toBe(200);
});

holdAttempts('getting in', credentialAttempts(of));
holdAttempts('naming what is another’s, by each id of each operation', identifierAttempts(of));
holdAttempts('reaching what is not one’s own', referenceAttempts(of));
holdAttempts('doing what one may not', escalationAttempts(of));
holdAttempts('making text do something', injectionAttempts(of));
holdAttempts('each field of text', fieldAttempts(of));
holdAttempts('getting below the application', wireAttempts(of));
holdAttempts('the edges of the authorization server', oauthWireAttempts(of));

holdAudit(of);

test('after all of it, what was Ada’s is as it was', async () => {
  const { body } = await stage.ada.person.get<{ task: Record<string, unknown> }>(`/tasks/${stage.task}`);
  expect(body.task).toMatchObject({ title: 'Of Ada alone', status: 'pending', version: 1, claim: null });
  expect((await client(stage.url).get('/health')).body).toMatchObject({ status: 'healthy' });
});
