// The console in Chromium, over a server with 100,000 computers, 100,000 updates and 1,000 groups: how long until a view can be
// used, the next row, a filter. The browser has what a browser keeps: scripts and the session.
import { chromium, type Page } from 'playwright-core';
import type { BenchRow } from '../scripts/bench.ts';
import { company, makeCompany, password } from './api/prepare.ts';
import { startServer } from './service/server.ts';

const runs = 7;
const views = [
  '',
  'computers',
  'updates',
  'groups',
  'reports',
  'events',
  'content',
  'rules',
  'rings',
  'sync',
  'releases',
];
const size = `${company.computers.toLocaleString('en')} computers, ${company.updates.toLocaleString('en')} updates, ${company.groups.toLocaleString('en')} groups`;

export async function bench(): Promise<BenchRow[]> {
  using made = await makeCompany();
  const server = await startServer(made.dataDir);
  const browser = await chromium.launch({
    executablePath: process.env.MOULT_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  try {
    const page = await browser.newPage({ baseURL: server.url, viewport: { width: 1280, height: 900 } });
    await page.goto('/console/');
    await page.getByLabel('Name', { exact: true }).first().fill('admin-0');
    await page.locator('input[type=password]').fill(password);
    await page.keyboard.press('Enter');
    await page.getByRole('navigation').waitFor();
    const rows: BenchRow[] = [];
    for (const view of views) rows.push(await opened(page, view));
    rows.push(await nextRow(page), await filtered(page));
    return rows;
  } finally {
    await browser.close();
    await server.stop();
  }
}

const atRest = async (page: Page) => {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('.loading, [aria-busy="true"]').first().waitFor({ state: 'detached' });
};

/** From the address to a page at rest. */
async function opened(page: Page, view: string): Promise<BenchRow> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    await page.goto('about:blank');
    const begun = performance.now();
    await page.goto(`/console/${view}`);
    await atRest(page);
    times.push(performance.now() - begun);
  }
  return row(`console: ${view === '' ? 'home' : view} can be used (${size})`, times, 1000);
}

/** From the key to the painted row that has the focus. Measured in the page. */
async function nextRow(page: Page): Promise<BenchRow> {
  await page.goto('/console/computers');
  await atRest(page);
  await page.locator('[data-row="0"]').focus();
  await page.evaluate(`(() => {
    globalThis.moved = [];
    addEventListener('keydown', (event) => {
      const begun = event.timeStamp;
      requestAnimationFrame(() => setTimeout(() => globalThis.moved.push(performance.now() - begun)));
    }, { capture: true });
  })()`);
  for (let step = 1; step <= 100; step++) {
    await page.keyboard.press('ArrowDown');
    await page.locator(`[data-row="${step}"]:focus`).waitFor();
  }
  return row(
    'console: the next row of the computers, by key',
    (await page.evaluate('globalThis.moved')) as number[],
    50,
  );
}

/** From the last letter to the rows that it leaves. */
async function filtered(page: Page): Promise<BenchRow> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    await page.goto('/console/computers');
    await atRest(page);
    const wanted = `client-77${run}1`;
    const begun = performance.now();
    await page.getByLabel('Name or address').fill(wanted);
    await page.locator('[data-row="0"]', { hasText: wanted }).waitFor();
    times.push(performance.now() - begun);
  }
  return row('console: a filter of the computers, from the last letter to the rows', times, 500);
}

function row(what: string, times: readonly number[], wantedMs: number): BenchRow {
  const sorted = times.toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? Number.NaN;
  const slowest = sorted.at(-1) ?? Number.NaN;
  const ours = `median ${median.toFixed(0)} ms, slowest of ${times.length} ${slowest.toFixed(0)} ms`;
  return { what, ours, peer: '', ratio: Number.NaN, wanted: `< ${wantedMs} ms`, met: median < wantedMs };
}
