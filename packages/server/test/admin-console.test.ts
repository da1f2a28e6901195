// The console in a real browser over a real server with a fleet: stories, every view in every scheme, keyboard alone, and
// what happens when the session ends, the role changes or the server goes.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { changeAccount, digestOfSecret } from '../../administration/src/accounts/index.ts';
import { openStore } from '../../store/src/index.ts';
import { computerId, password, startFleet, updateId } from './console-fleet.ts';
import { startTestServer } from './test-server.ts';

const consoleDir = fileURLToPath(new URL('../../console/dist', import.meta.url));
const dataDir = mkdtempSync(join(tmpdir(), 'moult-console-'));

let fleet: Awaited<ReturnType<typeof startFleet>>;
let browser: Browser;
const complaints: string[] = [];
before(async () => {
  fleet = await startFleet({ dataDir, consoleDir });
  browser = await chromium.launch({
    executablePath: process.env.MOULT_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
});
after(async () => {
  await browser?.close();
  await fleet?.store.close();
  await fleet?.server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Look {
  locale?: string;
  width?: number;
  url?: string;
}

/** A browser of its own. Whatever it complains about (policy, scripts, requests to elsewhere) fails the test. */
async function withBrowser(
  use: (page: Page, context: BrowserContext) => Promise<void>,
  look: Look = {},
): Promise<void> {
  const { locale = 'en-US', width = 1280, url = fleet.server.url } = look;
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
async function logOn(page: Page, name: string): Promise<void> {
  const names = /^(Name|Password|Kennwort)$/;
  const [account, secret] = [page.getByLabel(names).first(), page.locator('input[type=password]')];
  await account.fill(name);
  await secret.fill(password);
  await secret.press('Enter');
}

async function openAs(page: Page, name: string, path = ''): Promise<void> {
  await page.goto(`/console/${path}`);
  await logOn(page, name);
  await page.getByRole('navigation').waitFor();
}

async function requireAccessible(page: Page, name: string, rules?: string[]): Promise<void> {
  await page.evaluate('Promise.all(document.getAnimations().map((animation) => animation.finished))');
  const { violations } = await (rules ? new AxeBuilder({ page }).withRules(rules) : new AxeBuilder({ page })).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  assert.deepEqual(found, [], name);
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

/** Every view, with something in each that a client brought. */
const views = [
  '',
  'computers?sort=failed&order=desc&columns=name,failed,agent,groups,system',
  `computers/${computerId(0)}`,
  'updates?needed=true&sort=needed&order=desc',
  `updates/${updateId(0)}`,
  'content?all=true',
  'groups',
  'events?failed=true',
  'events/self-update',
  'audit',
  'accounts',
];

/** Names of the first rows: how many are drawn depends on the room. */
const rowsOf = async (page: Page) => (await page.locator('[data-row] a').allInnerTexts()).slice(0, 4);
const isAtRest = async (page: Page) => {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('.loading, [aria-busy="true"]').first().waitFor({ state: 'detached' });
};

describe('every view', () => {
  it('has nothing that axe complains about, in light, dark and forced colors, and no stored script runs in it', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'administrator');
      for (const view of views) {
        await page.goto(`/console/${view}`);
        await isAtRest(page);
        await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' });
        await requireAccessible(page, `${view} light`);
        // Other colors change no more than the contrast.
        await page.emulateMedia({ colorScheme: 'dark' });
        await requireAccessible(page, `${view} dark`, ['color-contrast']);
        await page.emulateMedia({ forcedColors: 'active' });
        await requireAccessible(page, `${view} forced colors`, ['color-contrast']);
        assert.equal(await page.evaluate('globalThis.hacked'), undefined, view);
      }
    });
  });

  it('fits into 360 pixels, in German throughout', async () => {
    await withBrowser(
      async (page) => {
        await openAs(page, 'administrator');
        for (const view of views) {
          await page.goto(`/console/${view}`);
          await isAtRest(page);
          assert.equal(await page.evaluate('document.documentElement.lang'), 'de');
          await requireAccessible(page, `${view} narrow`, ['target-size', 'scrollable-region-focusable']);
        }
        assert.equal(await page.getByRole('navigation').getByRole('link').first().innerText(), 'Start');
      },
      { locale: 'de-DE', width: 360 },
    );
  });

  it('shows the same rows to a browser that gets only its address', async () => {
    let address = '';
    let rows: string[] = [];
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', 'computers');
      await page.getByLabel('Name or address').fill('till');
      await page.getByRole('button', { name: 'Failed' }).click();
      await page.waitForURL(/search=till/);
      await isAtRest(page);
      address = page.url();
      rows = await rowsOf(page);
      assert.match(address, /sort=failed&order=desc/);
    });
    assert.ok(rows.length > 2 && rows.every((row) => row.includes('till')), rows.join());
    await withBrowser(async (page) => {
      await page.goto(address);
      await logOn(page, 'reporter');
      await page.getByRole('navigation').waitFor();
      await isAtRest(page);
      assert.deepEqual(await rowsOf(page), rows);
    });
  });
});

describe('stories', () => {
  it('from the set-up link to the first account, and the link works once', async () => {
    await using server = await startTestServer({
      config: { consoleDir, passwordMemoryKib: 1024, passwordPasses: 1, firstCatalog: 'empty' },
    });
    const store = await openStore(server.database, { now: () => new Date() });
    await store.saveSetUpLink(digestOfSecret('once-upon-a-time'), new Date(Date.now() + 60_000));
    const fill = async (page: Page) => {
      await page.goto('/console/set-up#once-upon-a-time');
      await page.getByLabel('Name').fill('anna');
      await page.getByLabel('Password, 12').fill(password);
      await page.getByLabel('Password again').fill(password);
      await page.getByRole('button', { name: 'Make the account' }).click();
    };
    const look = { url: server.url };
    await withBrowser(async (page) => {
      await fill(page);
      await page.getByRole('heading', { name: 'To do' }).waitFor();
      assert.equal(new URL(page.url()).hash, '');
    }, look);
    await withBrowser(async (page) => {
      await fill(page);
      await page.getByRole('alert').filter({ hasText: 'used or too old' }).waitFor();
      complaints.splice(0, complaints.length, ...complaints.filter((text) => !/status of 409/.test(text)));
    }, look);
    await store.close();
  });

  it('with the keyboard alone: from Home to an approval, what it does before it is done, and back again', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'approver');
      await page.getByRole('link', { name: 'Review the updates' }).focus();
      await page.keyboard.press('Enter');
      await page.waitForURL(/updates\?approval=unapproved/);
      await isAtRest(page);
      const first = page.locator('[data-row="0"]');
      const title = await first.locator('a').innerText();
      // The tab key comes to the table once, however many rows it has.
      await first.focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press(' ');
      await page.getByText('1 chosen').waitFor();
      await page.keyboard.press('a');
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('checkbox', { name: /^Pilot/ }).focus();
      await page.keyboard.press(' ');
      await dialog.getByText(/The groups have \d+ computers\. \d+ installations? follow/).waitFor();
      await dialog.getByRole('button', { name: 'Save: Install' }).focus();
      await page.keyboard.press('Enter');
      await page.getByText('Saved: Install, 1 update, 1 group.').waitFor();
      const [decided] = (await fleet.store.pageUpdates({ title }, { limit: 1 })).items;
      assert.equal(decided?.approval, 'approved', 'it is durable when the console says so');
      await page.getByRole('button', { name: 'Undo' }).focus();
      await page.keyboard.press('Enter');
      await page.getByText('Undone for 1 update.').waitFor();
      assert.equal((await fleet.store.pageUpdates({ title }, { limit: 1 })).items[0]?.approval, 'unapproved');
    });
  });

  it('a decision that somebody else changed meanwhile is not taken back', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'approver', `updates/${updateId(3)}`);
      await page.getByRole('button', { name: 'Decline', exact: true }).click();
      await page.getByText('Declined 1 update.').waitFor();
      await fleet.store.setDeclined(updateId(3), false, { name: 'bernd', at: new Date() });
      await page.getByRole('status').getByRole('button', { name: 'Undo', exact: true }).click();
      await page.getByText(/Somebody else decided/).waitFor();
    });
  });

  it('the palette finds a computer by a part of its name, and an update by its KB number', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter');
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').fill('office-003');
      await page.getByRole('option', { name: /office-003/ }).waitFor();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: /office-003/ }).waitFor();
      await page.getByText('Contoso, Desk 4, AMD64').waitFor();
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').fill('KB5030007');
      await page.getByRole('option', { name: /KB5030007/ }).waitFor();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: /KB5030007/ }).waitFor();
    });
  });

  it('two tabs share one stream, and a change of one is in the other without a key', async () => {
    await withBrowser(async (page, context) => {
      await openAs(page, 'approver', `updates/${updateId(5)}`);
      const other = await context.newPage();
      await other.goto(`/console/updates/${updateId(5)}`);
      await other.getByRole('heading', { name: 'Approvals' }).waitFor();
      await fleet.store.setDeclined(updateId(5), true, { name: 'bernd', at: new Date() });
      for (const tab of [page, other]) await tab.getByText('This update is declined.').waitFor();
      await fleet.store.setDeclined(updateId(5), false, { name: 'bernd', at: new Date() });
    });
  });
});

describe('what stands in the way', () => {
  it('a reporter sees no button that would be refused', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', 'updates');
      await isAtRest(page);
      assert.equal(await page.getByRole('button', { name: /Approve|Decline/ }).count(), 0);
      assert.equal(await page.getByRole('checkbox', { name: 'Choose' }).count(), 0);
    });
  });

  it('a session that ends asks for the password over the page, which stays as it was', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'approver', `updates?selected=${updateId(2)}`);
      await isAtRest(page);
      const author = { name: 'test', at: new Date() };
      for (const { sessionId } of await fleet.store.listSessions()) await fleet.store.endSession(sessionId, author);
      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.getByRole('dialog', { name: 'Your session is over' }).waitFor();
      assert.equal(await page.evaluate('document.activeElement.type'), 'password', 'the name is there already');
      assert.equal(await page.getByRole('alert').filter({ hasText: 'over' }).count(), 0, 'the dialog says it once');
      await logOn(page, 'approver');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.getByText('1 chosen').waitFor();
      await isAtRest(page);
      assert.equal((await rowsOf(page)).length, 4);
    });
  });

  it('a role that was lowered takes its buttons with it', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'approver', `updates/${updateId(4)}`);
      await page.getByRole('button', { name: 'Approve…' }).waitFor();
      await changeAccount(fleet.administration, 'approver', { role: 'reporter' });
      await page.getByRole('button', { name: 'Decline', exact: true }).click();
      await page.getByRole('dialog', { name: 'Your session is over' }).waitFor();
      await logOn(page, 'approver');
      await page.getByText('Your role is now Reporter.').waitFor();
      await page.getByRole('button', { name: 'Approve…' }).waitFor({ state: 'detached' });
    });
    await changeAccount(fleet.administration, 'approver', { role: 'approver' });
  });

  it('a server that goes is told at once, what was known stays, and all is well when it is back', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', 'computers');
      await isAtRest(page);
      const before = await rowsOf(page);
      const port = Number(new URL(fleet.server.url).port);
      await fleet.server.stop();
      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.getByText('You see the last known state').first().waitFor();
      assert.equal(await page.getByText('The server does not answer').count(), 1, 'it is said once');
      assert.deepEqual(await rowsOf(page), before);
      const config = { consoleDir, port, passwordMemoryKib: 1024, passwordPasses: 1, firstCatalog: 'empty' as const };
      fleet.server = await startTestServer({ dataDir, config });
      await page.getByText('You see the last known state').waitFor({ state: 'detached' });
      await isAtRest(page);
      assert.deepEqual(await rowsOf(page), before);
    });
  });
});
