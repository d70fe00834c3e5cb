import { expect, it, onTestFinished } from 'vitest';
import { startTestServer } from '../../support/server.ts';
import { findChromium, launchChromium, noChromium } from '../../once/browser/chromium.ts';

it('the page to try the API works without the network and keeps to its policy', async ({ skip }) => {
  const executable = findChromium();
  if (executable === undefined) return skip(noChromium);
  const server = await startTestServer();
  onTestFinished(() => server.close());
  const browser = await launchChromium(executable);
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const complaints: string[] = [];
  const elsewhere: string[] = [];
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  page.on('pageerror', (error) => void complaints.push(error.message));
  page.on('request', (request) => void (/^(http:\/\/127\.0\.0\.1|data:)/.test(request.url()) || elsewhere.push(request.url())));

  await page.goto(`${server.url}/docs`);
  await page.click('#operations-server-version .opblock-summary');
  await page.click('#operations-server-version .try-out__btn');
  await page.click('#operations-server-version .execute');
  await page.waitForSelector('#operations-server-version .live-responses-table .response-col_status');
  expect(await page.textContent('#operations-server-version .live-responses-table')).toContain('protocol_versions');
  expect({ complaints, elsewhere }).toEqual({ complaints: [], elsewhere: [] });
});
