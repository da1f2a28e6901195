// The console in a browser, for tests: one server with a fleet and one browser for all of them. A browser complaint fails the
// test that provoked it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { requireNothingOfAxe } from '../../../scripts/axe.ts';
import { createUpstreamServer, type Listening, listen, simulatedCatalog } from '../../simulator/src/index.ts';
import { password, startFleet } from './console-fleet.ts';

export const consoleDir = fileURLToPath(new URL('../../console/dist', import.meta.url));
export const dataDir = mkdtempSync(join(tmpdir(), 'moult-console-'));

let browser: Browser;
/** Of the server of the fleet. */
let upstream: Listening | undefined;

/** Started before the tests of the file that imports this. */
export const lab = {} as { fleet: Awaited<ReturnType<typeof startFleet>>; upstream: string };
/** What the browser of the test complained about until now. */
export const complaints: string[] = [];
before(async () => {
  const updates = simulatedCatalog({ updates: 30, products: 12, from: new Date('2026-10-01T00:00:00Z') });
  upstream = await listen(createUpstreamServer({ kind: 'wsus', now: () => new Date(), updates }));
  lab.upstream = upstream.url;
  lab.fleet = await startFleet({ dataDir, consoleDir, upstream: upstream.url });
  browser = await chromium.launch({
    executablePath: process.env.MOULT_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
});
after(async () => {
  await browser?.close();
  await lab.fleet?.store.close();
  await lab.fleet?.server.stop();
  await upstream?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Look {
  locale?: string;
  width?: number;
  url?: string;
}

/** A browser of its own. Whatever it complains about (policy, scripts, requests to elsewhere) fails the test. */
export async function withBrowser(
  use: (page: Page, context: BrowserContext) => Promise<void>,
  look: Look = {},
): Promise<void> {
  const { locale = 'en-US', width = 1280, url = lab.fleet.server.url } = look;
  const context = await browser.newContext({ locale, viewport: { width, height: 800 }, baseURL: url });
  complaints.length = 0;
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (!/^(blob:|data:)/.test(request.url()) && !request.url().startsWith(url)) complaints.push(request.url());
    });
    page.on('console', (message) => {
      // Answers that a test provokes: not logged on, not allowed, server gone.
      const isProvoked = /status of (401|403)|ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE/.test(message.text());
      if (message.type() === 'error' && !isProvoked) complaints.push(message.text());
    });
    await use(page, context);
    assert.deepEqual(complaints, []);
    assert.equal(await page.evaluate('globalThis.hacked'), undefined, 'a stored script ran');
  } finally {
    await context.close();
  }
}

/** Fills in the page of the log-on, or its dialog. */
export async function logOn(page: Page, name: string): Promise<void> {
  const names = /^(Name|Password|Kennwort)$/;
  const [account, secret] = [page.getByLabel(names).first(), page.locator('input[type=password]')];
  await account.fill(name);
  await secret.fill(password);
  await secret.press('Enter');
}

export async function openAs(page: Page, name: string, path = ''): Promise<void> {
  await page.goto(`/console/${path}`);
  await logOn(page, name);
  await page.getByRole('navigation').waitFor();
}

/** To another view, as its link does: the page keeps what is loaded, axe too. */
export async function goTo(page: Page, view: string): Promise<void> {
  await page.evaluate(
    `history.pushState(null, '', ${JSON.stringify(`/console/${view}`)}); dispatchEvent(new Event('popstate'))`,
  );
  await isAtRest(page);
}

/** With the tab key alone, to the first control whose text or label fits. */
export async function tabTo(page: Page, text: RegExp): Promise<void> {
  for (let presses = 0; presses < 150; presses++) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate<string>(
      `(() => { const one = document.activeElement; return (one?.ariaLabel || one?.labels?.[0]?.innerText || one?.innerText || '').trim(); })()`,
    );
    if (text.test(now)) return;
  }
  assert.fail(`the tab key does not reach ${text}`);
}

export async function requireAccessible(page: Page, name: string, rules?: string[]): Promise<void> {
  await page.evaluate('Promise.all(document.getAnimations().map((animation) => animation.finished))');
  await requireNothingOfAxe(page, rules && { only: rules }, name);
  const sideways = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  assert.equal(sideways, 0, `${name} scrolls sideways`);
  assert.deepEqual(await page.evaluate(misplaced), [], name);
}

/** In the page: what is cut off, lies over something else, or lets the page be scrolled to nothing. */
const misplaced = `(() => {
  const found = [];
  const { scrollHeight, clientHeight, clientWidth } = document.documentElement;
  if (clientWidth > 768 && scrollHeight > clientHeight) found.push('scrolls to nothing: ' + scrollHeight);
  for (const grid of document.querySelectorAll('.grid'))
    if (!location.search.includes('columns=') && grid.scrollWidth > grid.clientWidth + 1) found.push('columns are cut off');
  for (const label of document.querySelectorAll('.cell-label'))
    if (label.offsetHeight > label.parentElement.offsetHeight + 1) found.push('lies over: ' + label.textContent);
  return found;
})()`;

/** Names of the first rows: how many are drawn depends on the room. */
export const rowsOf = async (page: Page) => (await page.locator('[data-row] a').allInnerTexts()).slice(0, 4);
export const isAtRest = async (page: Page) => {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('.loading, [aria-busy="true"]').first().waitFor({ state: 'detached' });
};
