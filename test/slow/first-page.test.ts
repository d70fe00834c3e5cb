/** The first page in a real browser against a real server: from sign-up to a queue that shows what agents do. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { type TestContext, afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestServer, client, startTestServer } from '../support/server.ts';
import { findChromium, launchChromium, noChromium } from '../once/browser/chromium.ts';
import { type Visit, type VisitOptions, type Visitor, makeKey, openVisit, signIn, signUp } from '../once/browser/visit.ts';

interface Refusal {
  error: { message: string; next: string };
}

/** Three rounds of polling, on a machine that is busy with other tests. */
const soon = { timeout: 20_000 };
/** Five browsers at once share the machine with the rest of the suite. */
const limits = { timeout: 90_000 };
const sessionKey = 'quarterdeck.session';

const chromium = findChromium();
let server: TestServer;
let browser: Browser;
let visitors = 0;

beforeAll(async () => {
  if (chromium === undefined) return;
  [server, browser] = await Promise.all([startTestServer(), launchChromium(chromium)]);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

beforeEach((context) => context.skip(chromium === undefined, noChromium));

/** A browser of its own, closed with the test, which fails when the page did what it must never do. */
async function visit(context: TestContext, url: string, options: VisitOptions = {}): Promise<Visit> {
  const opened = await openVisit(browser, url, options);
  context.onTestFinished(async () => {
    await opened.close();
    expect(opened.offences, 'what the page must never do').toEqual([]);
  });
  return opened;
}

function newVisitor(): Visitor {
  visitors += 1;
  return { name: `Ada ${visitors}`, email: `ada-${visitors}@example.org`, password: 'a long enough password' };
}

/** A new person on the deck, with an agent's key for what happens outside of the page. */
async function onDeck(context: TestContext, { url = server.url, ...options }: VisitOptions & { url?: string } = {}) {
  const opened = await visit(context, url, options);
  const visitor = newVisitor();
  await signUp(opened.page, visitor);
  const key = await makeKey(opened.page, 'builder-1');
  return { ...opened, visitor, key, agent: client(url, key) };
}

function group(page: Page, name: string) {
  return page.locator('.group').filter({ has: page.getByRole('heading', { name, exact: false }) });
}

describe.concurrent('signing up and in', limits, () => {
  test('a stranger signs up and is told what to do next', async (context) => {
    const { page } = await visit(context, server.url);
    expect(new URL(page.url()).pathname).toBe('/ui/');
    const visitor = newVisitor();
    await signUp(page, visitor);
    await page.getByText('The deck is clear.').waitFor();
    await page.getByText('No keys yet.').waitFor();
    expect(await page.getByRole('banner').innerText()).toContain(visitor.name);
  });

  test('a person who signed out signs in again, and the browser keeps no token in between', async (context) => {
    const { page, visitor } = await onDeck(context);
    expect(await page.evaluate(`sessionStorage.getItem('${sessionKey}')`)).toContain('token');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    expect(await page.evaluate(`sessionStorage.getItem('${sessionKey}')`)).toBeNull();
    await signIn(page, visitor);
    await page.getByRole('heading', { name: 'Queue' }).waitFor();
    await page.locator('.key-name', { hasText: 'builder-1' }).waitFor();
    expect(await page.getByRole('tabpanel').innerText(), 'a key is shown once').toContain('qd_…');
  });

  test('a wrong password shows what the server says', async (context) => {
    const { page, visitor } = await onDeck(context);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await signIn(page, { ...visitor, password: 'not the password' });
    const { body } = await client(server.url).post<Refusal>('/api/auth/signin', { email: visitor.email, password: 'not the password' });
    const { error } = body;
    await page.getByRole('alert').filter({ hasText: error.message }).waitFor();
    expect(await page.getByRole('alert').filter({ hasText: error.message }).innerText()).toContain(error.next);
  });

  test('a reload keeps the session', async (context) => {
    const { page } = await onDeck(context);
    await page.reload();
    await page.locator('.key-name', { hasText: 'builder-1' }).waitFor();
  });

  test('a session that was ended elsewhere leads back to the form, with the reason', async (context) => {
    const { page } = await onDeck(context);
    const session = JSON.parse(String(await page.evaluate(`sessionStorage.getItem('${sessionKey}')`))) as { token: string };
    await client(server.url, session.token).post('/api/auth/signout');
    await page.getByText('Your session has ended. Sign in again.').waitFor(soon);
    expect(await page.evaluate(`sessionStorage.getItem('${sessionKey}')`)).toBeNull();
  });
});

describe.concurrent('connecting an agent', limits, () => {
  test('every snippet has the address of this server and the new key, and the copy button copies it', async (context) => {
    const { page, key } = await onDeck(context);
    for (const name of ['Claude Code', 'Cursor', 'VS Code', 'curl']) {
      await page.getByRole('tab', { name }).click();
      const snippet = await page.getByRole('tabpanel').locator('pre').innerText();
      expect(snippet).toContain(`Bearer ${key}`);
      expect(snippet).toContain(name === 'curl' ? `${server.url}/tasks` : `${server.url}/mcp`);
      await page.getByRole('button', { name: 'Copy' }).click();
      await page.getByRole('status').filter({ hasText: 'Copied.' }).waitFor();
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(snippet);
    }
  });

  test('the snippets for editors are JSON', async (context) => {
    const { page, key } = await onDeck(context);
    await page.getByRole('tab', { name: 'Cursor' }).click();
    const headers = { Authorization: `Bearer ${key}` };
    expect(JSON.parse(await page.locator('#snippet').innerText())).toEqual({
      mcpServers: { quarterdeck: { url: `${server.url}/mcp`, headers } },
    });
    await page.keyboard.press('ArrowRight');
    expect(JSON.parse(await page.locator('#snippet').innerText())).toEqual({
      servers: { quarterdeck: { type: 'http', url: `${server.url}/mcp`, headers } },
    });
  });

  test('the snippet for curl adds a task as it stands', async (context) => {
    const curl = await promisify(execFile)('curl', ['--version']).catch(() => undefined);
    context.skip(curl === undefined, 'curl is not installed');
    const { page } = await onDeck(context);
    await page.getByRole('tab', { name: 'curl' }).click();
    await promisify(execFile)('sh', ['-c', await page.locator('#snippet').innerText()]);
    await group(page, 'Ready').getByText('Say hello to the deck').waitFor(soon);
  });

  test('a key is revoked with a second click, and then opens nothing', async (context) => {
    const { page, agent } = await onDeck(context);
    expect((await agent.get('/me')).status).toBe(200);
    await page.getByRole('button', { name: 'Revoke builder-1' }).click();
    await page.getByRole('button', { name: 'Really revoke builder-1?' }).click();
    await page.getByText('Key builder-1 is revoked.').waitFor();
    await context.expect.poll(async () => (await agent.get('/me')).status, soon).toBe(401);
  });
});

describe.concurrent('watching the queue', limits, () => {
  test('a task that is added in the page is in the queue, with its priority', async (context) => {
    const { page, agent } = await onDeck(context);
    await page.getByLabel('New task').fill('Polish the brass');
    await page.getByLabel('Priority').selectOption('urgent');
    await page.getByRole('button', { name: 'Add task' }).click();
    await group(page, 'Ready').getByText('Polish the brass').waitFor(soon);
    await group(page, 'Ready').getByText('Urgent').waitFor();
    const { body } = await agent.get('/tasks');
    expect(body).toMatchObject({ items: [{ title: 'Polish the brass', priority: 'urgent', project: 'ME' }] });
  });

  test('a task of an agent appears by itself, shows its holder and the end of the lease, and ends under Done', async (context) => {
    const { page, agent } = await onDeck(context);
    await agent.post('/projects', { key: 'WEB', name: 'Website' });
    const first = await agent.post<{ task: { id: string } }>('/tasks', { project: 'WEB', title: 'Lay the keel' });
    const { id } = first.body.task;
    await agent.post('/tasks', { project: 'WEB', title: 'Raise the mast', depends_on: [id] });
    await group(page, 'Ready').getByText('Lay the keel').waitFor(soon);
    await group(page, 'Waiting').getByText(`Waits for ${id}`).waitFor(soon);

    const claimed = await agent.post<{ claim: { fence: number } }>('/queue/claim', { project: 'WEB', lease_seconds: 600 });
    const { fence } = claimed.body.claim;
    const row = group(page, 'In progress').getByRole('listitem').filter({ hasText: 'Lay the keel' });
    await row.getByText('builder-1').waitFor(soon);
    const left = () => row.locator('.countdown').innerText();
    const before = await left();
    expect(before).toMatch(/^(10:00|9:\d\d) left$/);
    await context.expect.poll(left, { timeout: 5_000, message: 'the countdown runs' }).not.toBe(before);

    await agent.post('/queue/finish', { task_id: id, fence });
    await group(page, 'Done').getByText('Lay the keel').waitFor(soon);
    await group(page, 'Ready').getByText('Raise the mast').waitFor(soon);
  });

  test('a chosen project shows its tasks alone, and takes the new ones', async (context) => {
    const { page, agent } = await onDeck(context);
    await agent.post('/projects', { key: 'WEB', name: 'Website' });
    await agent.post('/tasks', { title: 'My own errand' });
    await page.reload();
    await page.getByLabel('Project').selectOption({ label: 'WEB · Website' });
    await page.getByText('My own errand').waitFor({ state: 'hidden' });
    await page.getByLabel('New task in WEB').fill('Write the imprint');
    await page.getByRole('button', { name: 'Add task' }).click();
    await page.getByText('WEB-1', { exact: true }).waitFor(soon);
    await page.getByLabel('Project').selectOption('ME');
    await page.getByText('My own errand').waitFor(soon);
    expect(await page.getByText('Write the imprint').count()).toBe(0);
  });

  test('markup from the server is shown as text', async (context) => {
    const { page, agent } = await onDeck(context);
    const title = `<img src=x onerror=alert(1)> & <script>alert(2)</script>`;
    await agent.post('/tasks', { title, labels: ['<b>label</b>'] });
    await page.getByText(title, { exact: true }).waitFor(soon);
    await page.getByText('<b>label</b>', { exact: true }).waitFor();
    expect(await page.locator('#sections img, #sections script, #sections b').count()).toBe(0);
  });

  test('what does not fit on a page is loaded on request', async (context) => {
    const { page, agent } = await onDeck(context);
    const tasks = Array.from({ length: 12 }, (_, index) => ({ title: `Plank ${index + 1}` }));
    const { body } = await agent.post<{ tasks: { id: string }[] }>('/tasks/batch', { tasks });
    for (const { id } of body.tasks) await agent.post(`/tasks/${id}/complete`, {});
    const done = group(page, 'Done');
    await done.getByRole('button', { name: 'Load more' }).waitFor(soon);
    expect(await done.getByRole('listitem').count()).toBe(10);
    await done.getByRole('button', { name: 'Load more' }).click();
    await context.expect.poll(() => done.getByRole('listitem').count(), soon).toBe(12);
    await done.getByRole('button', { name: 'Load more' }).waitFor({ state: 'hidden' });
  });

  test('an unchanged queue costs answers without a body, and a hidden page asks nothing', async (context) => {
    const { page, requests } = await onDeck(context);
    const polls = () => requests.filter(({ path }) => path.startsWith('/tasks'));
    await context.expect.poll(() => polls().filter(({ status }) => status === 304).length, soon).toBeGreaterThan(3);
    await pretendHidden(page, true);
    await page.waitForTimeout(500);
    const asked = polls().length;
    await page.waitForTimeout(3_000);
    expect(polls().length).toBe(asked);
    await pretendHidden(page, false);
    await context.expect.poll(() => polls().length, { timeout: 2_000 }).toBeGreaterThan(asked);
  });

  test('a server that fails is said to be away, and the page recovers by itself', async (context) => {
    const { page, agent } = await onDeck(context);
    await page.route('**/tasks?*', (route) => route.abort());
    await page.getByText('The server cannot be reached.').waitFor(soon);
    await page.getByText(/Trying again in \d+ s/).waitFor();
    await page.unroute('**/tasks?*');
    await agent.post('/tasks', { title: 'After the storm' });
    await page.getByText('After the storm').waitFor({ timeout: 15_000 });
    await page.getByText('The server cannot be reached.').waitFor({ state: 'hidden' });
  });
});

describe.concurrent('the page itself', limits, () => {
  test('fits a narrow phone without scrolling sideways', async (context) => {
    const { page, agent } = await onDeck(context, { viewport: { width: 360, height: 740 } });
    await agent.post('/tasks', { title: `A${'h'.repeat(150)}oy`, labels: ['l'.repeat(50)] });
    await group(page, 'Ready').getByText('Ahhh').waitFor(soon);
    // What a row cuts off does not widen the page, so each row is measured too.
    const overflow = `[document.documentElement, ...document.querySelectorAll('.task')].map((box) => box.scrollWidth - box.clientWidth)`;
    expect(await page.evaluate(overflow)).toEqual([0, 0]);
  });

  test('is served under a policy that stops inline scripts', async (context) => {
    const opened = await visit(context, server.url);
    await opened.page.evaluate(
      `document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = true' }))`,
    );
    expect(await opened.page.evaluate('window.ran')).toBeUndefined();
    await context.expect.poll(() => opened.offences).toEqual([expect.stringMatching(/^policy: script-src/)]);
    // This one was on purpose.
    opened.offences.length = 0;
  });

  test('renews its token before it ends', async (context) => {
    const tokenSeconds = 8;
    const short = await startTestServer({ environment: { QUARTERDECK_TOKEN_SECONDS: String(tokenSeconds) } });
    context.onTestFinished(() => short.close());
    const { page, requests } = await onDeck(context, { url: short.url });
    await page.waitForTimeout((tokenSeconds + 2) * 1_000);
    expect(requests.filter(({ path }) => path === '/api/auth/refresh').map(({ status }) => status)).toContain(200);
    expect(requests.filter(({ status }) => status === 401)).toEqual([]);
    expect(await page.getByRole('heading', { name: 'Queue' }).isVisible()).toBe(true);
  });
});

/** Headless browsers show every page; this says otherwise, as switching to another tab does. */
async function pretendHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${hidden} });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
}
