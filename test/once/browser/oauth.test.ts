/** The pages of the sign-in in a real browser: what its policies let through, and how they fit on a phone. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { authorizeUrl, newPkce, redeem, register } from '../../support/oauth.ts';
import { type TestServer, type TestUser, signUp, startTestServer } from '../../support/server.ts';
import { findChromium, launchChromium, noChromium } from './chromium.ts';

const chromium = findChromium();
const phone = { width: 390, height: 844 };
let server: TestServer;
let browser: Browser;
let ada: TestUser;

/** The client's own listener. Its answer leads on to another origin, as those of hosted clients do. */
const listener = createServer((incoming, outgoing) => {
  if (incoming.headers.host?.startsWith('localhost') === true) return outgoing.end('Connected.');
  const { port } = listener.address() as AddressInfo;
  return outgoing.writeHead(302, { Location: `http://localhost:${port}${incoming.url ?? ''}` }).end();
});

beforeAll(async () => {
  if (chromium === undefined) return;
  [server, browser] = await Promise.all([startTestServer(), launchChromium(chromium)]);
  ada = await signUp(server.url);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  listener.closeAllConnections();
  listener.close();
});

beforeEach((context) => context.skip(chromium === undefined, noChromium));

test('a person signs in, allows an app on a phone without a script, and the browser is led back to it', { timeout: 90_000 }, async () => {
  const redirect_uri = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/callback`;
  const { client_id } = (await register(server.url, { client_name: '<b>Editor</b>', redirect_uris: [redirect_uri] })).body;
  const pkce = newPkce();
  const context = await browser.newContext({ viewport: phone, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(authorizeUrl(server.url, client_id, pkce, { redirect_uri }));
  await page.getByLabel('E-mail').fill(ada.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Password').fill(ada.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: '<b>Editor</b>' }).waitFor();
  expect(await page.getByRole('note').textContent()).toContain('runs on your own computer');
  const { width } = (await page.locator('main').boundingBox()) ?? { width: Infinity };
  expect(width).toBeLessThanOrEqual(phone.width);
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByText('Connected.').waitFor();
  const code = new URL(page.url()).searchParams.get('code') ?? '';
  expect((await redeem(server.url, { client_id, code, code_verifier: pkce.verifier, redirect_uri })).status).toBe(200);
  await context.close();
});
