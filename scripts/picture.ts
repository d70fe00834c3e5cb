/**
 * `node scripts/picture.ts`: takes docs/images/first-page.png of a real server with a queue at work, and report.png of the report of a run. Needs a
 * Chromium on this machine.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../src/platform/config/read.ts';
import { createLog } from '../src/platform/telemetry/log.ts';
import { htmlReport } from '../src/runbook/report/html.ts';
import { deploymentLog } from '../src/runbook/report/log.ts';
import { startServer } from '../src/server/start.ts';
import { findChromium, launchChromium, noChromium } from '../test/once/browser/chromium.ts';
import { makeKey, openVisit, signUp } from '../test/once/browser/visit.ts';
import { deployment, plan as deploymentPlan } from '../test/support/deployment.ts';

const images = join(import.meta.dirname, '../docs/images');
/** The width of a README on GitHub, doubled for sharp screens, would be too many bytes; this is sharp enough and small. */
const viewport = { width: 1280, height: 800 };

const executable = findChromium();
if (executable === undefined) throw new Error(`The picture cannot be taken: ${noChromium}. Install Chromium, or set CHROME_PATH.`);

const folder = await mkdtemp(join(tmpdir(), 'quarterdeck-picture-'));
// The default port, since the snippet in the picture shows it.
const { settings, sources } = readSettings({ flags: { data: folder, logLevel: 'warn' }, environment: {}, folder });
const server = await startServer({ settings, sources }, createLog(settings), { migrate: true });
const browser = await launchChromium(executable);
try {
  const { page } = await openVisit(browser, server.url, { viewport, colorScheme: 'light' });
  await signUp(page, { name: 'Ada Lovelace', email: 'ada@example.org', password: 'a picture of the deck' });
  await fillQueue(await makeKey(page, 'builder-1'), await makeKey(page, 'scout'));
  await page.reload();
  await page.getByLabel('Project').selectOption({ label: 'WEB · Website relaunch' });
  await page.getByText('scout', { exact: true }).first().waitFor();
  await page.getByText('Waits for').first().waitFor();
  // Nothing has the focus, as when somebody just looks.
  await page.evaluate('document.activeElement.blur()');
  await page.screenshot({ path: join(images, 'first-page.png'), animations: 'disabled' });
  await takeReport();
  console.log(`wrote first-page.png and report.png to ${images}`);
} finally {
  await browser.close();
  await server.close();
  await rm(folder, { recursive: true });
}

/** The watch of a deployment that is rolled back. */
async function takeReport(): Promise<void> {
  const log = deploymentLog({ records: deployment(), plan: deploymentPlan, damage: undefined, atWork: false, outputOf: () => undefined });
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 }, colorScheme: 'light' });
  await page.setContent(htmlReport(log));
  const box = await page.locator('section', { has: page.locator('.charts') }).boundingBox();
  if (box === null) throw new Error('The report has no watch.');
  const clip = { x: 0, y: box.y - 10, width: 1000, height: box.height + 30 };
  await page.screenshot({ path: join(images, 'report.png'), fullPage: true, clip });
}

/** Two agents at work on a small plan. */
async function fillQueue(builder: string, scout: string): Promise<void> {
  await post(builder, '/projects', { key: 'WEB', name: 'Website relaunch' });
  const plan = [
    { title: 'List every page of the old site' },
    { title: 'Choose the type and the colours' },
    { title: 'Write the sign-up form against the new API', priority: 'urgent', labels: ['frontend'] },
    { title: 'Measure first paint on a slow phone', priority: 'high' },
    { title: 'Rate-limit the contact form', priority: 'high', labels: ['backend'] },
    { title: 'Replace the carousel with three static cards', labels: ['frontend'] },
    { title: 'Redirect the old addresses', labels: ['backend'] },
    { title: 'Switch the DNS record', priority: 'urgent', depends_on: ['#3', '#7'] },
    { title: 'Tell the newsletter', priority: 'low', depends_on: ['#8'] },
  ];
  const { tasks } = await post<{ tasks: { id: string }[] }>(builder, '/tasks/batch', {
    tasks: plan.map((task) => ({ project: 'WEB', ...task })),
  });
  for (const { id } of tasks.slice(0, 2)) await post(builder, `/tasks/${id}/complete`, {});
  await post(builder, '/queue/claim', { project: 'WEB' });
  await post(scout, '/queue/claim', { project: 'WEB', lease_seconds: 300 });
}

async function post<Answer>(key: string, path: string, body: object): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok)
    throw new Error(
      `POST ${path} answered ${response.status}: ${await response.text()}. The picture's plan does not fit the API any more.`,
    );
  return (await response.json()) as Answer;
}
