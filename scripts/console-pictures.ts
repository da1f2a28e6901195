// Pictures of every view of the console, for a look after a change, and those of the pages.
//   node scripts/console-pictures.ts DIR [VIEW…]  every view, or these: three widths, light, dark and forced colors
//   node scripts/console-pictures.ts --docs       the pictures of docs/console.md
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { computerId, password, ringedUpdate, startFleet, updateId } from '../packages/server/test/console-fleet.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const isForDocs = process.argv[2] === '--docs';
const wanted = process.argv.slice(3);
const out = isForDocs ? join(root, 'docs/pictures') : (process.argv[2] ?? 'console-pictures');

const views: Readonly<Record<string, string>> = {
  home: '',
  computers: 'computers?sort=failed&order=desc',
  computer: `computers/${computerId(8)}`,
  updates: 'updates?needed=true&sort=needed&order=desc',
  update: `updates/${updateId(7)}`,
  rules: 'rules?test=now',
  rings: 'rings',
  'ring-plans': 'rings/plans',
  rollout: `rings/${updateId(ringedUpdate)}`,
  holds: 'holds',
  groups: 'groups',
  events: 'events?failed=true',
  'self-update': 'events/self-update',
  content: 'content?all=true',
  audit: 'audit',
  accounts: 'accounts',
  account: 'account',
  'set-up': 'set-up/source',
  'set-up-choices': 'set-up/choices',
  'set-up-clients': 'set-up/clients',
  'set-up-approval': 'set-up/approval',
  downstream: 'downstream',
  cleanup: 'cleanup?computerDays=30',
  sync: 'sync',
  'sync-products': 'sync/product',
  jobs: 'jobs',
  doctor: 'doctor',
  policy: 'policy',
  releases: 'releases',
  'release-list': 'releases/list',
  reports: 'reports',
  'reports-failed': 'reports/failed',
  'reports-ages': 'reports/ages',
  catalogs: 'catalogs',
  packages: 'catalogs/packages',
  settings: 'settings',
  limits: 'settings/limits',
  checks: 'settings/checks',
};
/** Those that docs/console.md shows. */
const forDocs: readonly string[] = [
  ...['home', 'computers', 'computer', 'updates', 'update', 'groups', 'events', 'self-update', 'accounts'],
  ...['sync', 'releases'],
];

mkdirSync(out, { recursive: true });
const dataDir = mkdtempSync(join(tmpdir(), 'moult-pictures-'));
const sizes = { computers: 240, updates: 60, isHostile: false };
const fleet = await startFleet({ dataDir, consoleDir: join(root, 'packages/console/dist'), ...sizes });
const browser = await chromium.launch({
  executablePath: process.env.MOULT_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  await (isForDocs ? shootForDocs() : shootAll());
} finally {
  await browser.close();
  await fleet.store.close();
  await fleet.server.stop();
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
}

async function shootAll(): Promise<void> {
  for (const [width, height] of [
    [360, 780],
    [1280, 800],
    [3840, 2160],
  ] as const) {
    const page = await open(await browser.newContext({ viewport: { width, height }, baseURL: fleet.server.url }));
    for (const [name, view] of Object.entries(views)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      await page.goto(`/console/${view}`);
      for (const scheme of ['light', 'dark', 'forced'] as const) {
        const colorScheme = scheme === 'dark' ? 'dark' : 'light';
        await page.emulateMedia({ colorScheme, forcedColors: scheme === 'forced' ? 'active' : 'none' });
        await shoot(page, `${name}-${width}-${scheme}.png`);
      }
    }
    await page.context().close();
  }
}

async function shootForDocs(): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const look = { viewport: { width: 1280, height: 720 }, colorScheme, baseURL: fleet.server.url, locale: 'en-US' };
    const page = await open(await browser.newContext(look));
    for (const name of colorScheme === 'light' ? forDocs : ['home', 'updates']) {
      await page.goto(`/console/${views[name]}`);
      await shoot(page, `console-${name}${colorScheme === 'dark' ? '-dark' : ''}.png`);
    }
    await page.goto(`/console/${views.update}`);
    await page.getByRole('button', { name: 'Approve…' }).click();
    await page.getByRole('checkbox', { name: /^Pilot/ }).check();
    await page.getByText(/The groups have/).waitFor();
    if (colorScheme === 'light') await shoot(page, 'console-approve.png');
    await page.context().close();
  }
}

async function open(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto('/console/');
  await page.getByLabel('Name').fill('administrator');
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation').first().waitFor();
  return page;
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.getByRole('heading').first().waitFor();
  await page.locator('.loading, [aria-busy="true"]').first().waitFor({ state: 'detached' });
  await page.screenshot({ path: join(out, name) });
}
