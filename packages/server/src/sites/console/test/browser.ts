// Chromium for tests of the pages: started once for a file, closed at its end.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { requireNothingOfAxe } from '../../../../../../scripts/axe.ts';
import { type ConsoleServer, startConsole } from './console-server.ts';

interface Look {
  colorScheme?: 'light' | 'dark';
  viewport?: { width: number; height: number };
  headers?: Record<string, string>;
}

type UsePage = (page: Page, server: ConsoleServer) => Promise<void>;

export interface TestBrowser {
  /** A fresh page on a fresh console; whatever the browser complains about (CSP, scripts, missing files) fails the test. */
  withPage(parts: Parameters<typeof startConsole>[0], use: UsePage, look?: Look): Promise<void>;
}

/** To be called at the top of a test file. */
export function openBrowser(): TestBrowser {
  let browser: Browser;
  before(async () => {
    browser = await chromium.launch({
      executablePath: process.env.MOULT_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
    });
  });
  after(() => browser?.close());
  return {
    async withPage(parts, use, look = {}) {
      const server = await startConsole(parts);
      const { headers: extraHTTPHeaders = {}, ...scheme } = look;
      const context = await browser.newContext({ ...scheme, extraHTTPHeaders, timezoneId: 'Europe/Stockholm' });
      const complaints: string[] = [];
      try {
        const page = await context.newPage();
        page.setDefaultTimeout(30_000);
        page.on('pageerror', (error) => complaints.push(String(error)));
        page.on('console', (message) => {
          if (message.type() === 'error' && !/ERR_FAILED|503/.test(message.text())) complaints.push(message.text());
        });
        await page.goto(server.url);
        await use(page, server);
        assert.deepEqual(complaints, []);
        assert.deepEqual(server.failures, []);
      } finally {
        await context.close();
        await server.stop();
      }
    },
  };
}

export async function checkAccessibility(page: Page, withoutRules: string[] = []): Promise<void> {
  await page.getByRole('main').getByRole('heading').first().waitFor();
  // Rows glow as they arrive; contrast is judged once they are at rest.
  await page.evaluate('Promise.all(document.getAnimations().map((animation) => animation.finished))');
  await requireNothingOfAxe(page, { without: withoutRules });
  await checkWidth(page);
}

export async function checkWidth(page: Page): Promise<void> {
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  assert.equal(overflow, 0, 'the page scrolls sideways');
}
