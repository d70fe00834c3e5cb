/** One visit to the page by a fresh browser profile, watched for everything that the page must never do. */

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

export type VisitOptions = Pick<BrowserContextOptions, 'viewport' | 'colorScheme'>;

export interface Visit {
  page: Page;
  /** Broken policies, requests to other hosts, dialogs and uncaught errors, in the order in which they happened. */
  offences: string[];
  /** Method, path and status of every answered request. */
  requests: { method: string; path: string; status: number }[];
  close(): Promise<void>;
}

export interface Visitor {
  email: string;
  password: string;
  name?: string;
}

/** Runs before the page's own scripts; the prefix tells the report apart from what the page logs. */
const reportViolations = `document.addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective));`;

export async function openVisit(browser: Browser, url: string, options: VisitOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'], ...options });
  await context.addInitScript(reportViolations);
  const page = await context.newPage();
  const visit: Visit = { page, offences: [], requests: [], close: () => context.close() };
  page.on('console', (message) => {
    if (message.text().startsWith('policy: ')) visit.offences.push(message.text());
  });
  page.on('pageerror', (error) => visit.offences.push(`uncaught: ${error.message}`));
  page.on('dialog', async (dialog) => {
    visit.offences.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  context.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) visit.offences.push(`request to ${request.url()}`);
  });
  context.on('response', (response) => {
    const { pathname, search } = new URL(response.url());
    visit.requests.push({ method: response.request().method(), path: pathname + search, status: response.status() });
  });
  await page.goto(`${url}/`);
  return visit;
}

export async function signUp(page: Page, visitor: Visitor): Promise<void> {
  if (visitor.name !== undefined) await page.getByLabel('Name (optional)').fill(visitor.name);
  await page.getByLabel('E-mail').fill(visitor.email);
  await page.getByLabel('Password').fill(visitor.password);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('heading', { name: 'Queue' }).waitFor();
}

/** For a browser that has been here before: it meets the form to sign in. */
export async function signIn(page: Page, visitor: Visitor): Promise<void> {
  await page.getByLabel('E-mail').fill(visitor.email);
  await page.getByLabel('Password').fill(visitor.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Makes a key in the page and returns it as the person would copy it. */
export async function makeKey(page: Page, name: string): Promise<string> {
  await page.getByLabel('Name of the agent').fill(name);
  await page.getByRole('button', { name: 'Make key' }).click();
  await page.getByRole('listitem').filter({ hasText: name }).waitFor();
  const snippet = await page.getByRole('tabpanel').innerText();
  const [key] = /qd_[\w-]{20,}/.exec(snippet) ?? [];
  if (key === undefined) throw new Error(`there is no key in: ${snippet}`);
  return key;
}
