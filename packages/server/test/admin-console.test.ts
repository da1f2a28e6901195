// The console in a real browser over a real server with a fleet: stories, every view in every scheme, keyboard alone, and
// what happens when the session ends, the role changes or the server goes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { changeAccount, digestOfSecret } from '../../administration/src/accounts/index.ts';
import { openStore } from '../../store/src/index.ts';
import {
  complaints,
  consoleDir,
  dataDir,
  goTo,
  isAtRest,
  lab,
  logOn,
  openAs,
  requireAccessible,
  rowsOf,
  tabTo,
  withBrowser,
} from './console-browser.ts';
import { computerId, password, ringedUpdate, updateId } from './console-fleet.ts';
import { startTestServer } from './test-server.ts';

/** Every view, with something in each that a client brought. */
const views = [
  '',
  'computers?sort=failed&order=desc&columns=name,failed,agent,groups,system',
  `computers/${computerId(0)}`,
  'updates?needed=true&sort=needed&order=desc',
  `updates/${updateId(0)}`,
  'content?all=true',
  'rules?test=now',
  'rings',
  'rings/plans',
  `rings/${updateId(ringedUpdate)}`,
  'holds?columns=says,effect,updates,computers,ends,by,at,source',
  'groups',
  'events?failed=true',
  'events/self-update',
  'audit',
  'accounts',
];

describe('every view', () => {
  it('has nothing that axe complains about, in light, dark and forced colors, and no stored script runs in it', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'administrator');
      for (const view of views) {
        await goTo(page, view);
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
          await goTo(page, view);
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
  it('from the set-up link to the first approved update in five steps, with the keyboard alone, and the link works once', async () => {
    const config = { consoleDir, passwordMemoryKib: 1024, passwordPasses: 1, firstCatalog: 'empty' } as const;
    await using server = await startTestServer({ config: { ...config, upstream: lab.upstream } });
    await using store = await openStore(server.database, { now: () => new Date() });
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
      const press = async (text: RegExp, key = 'Enter') => {
        await tabTo(page, text);
        await page.keyboard.press(key);
      };
      const isAt = (name: string) => page.getByRole('heading', { level: 2, name }).waitFor();
      await fill(page);
      await isAt('Step 2 of 5: Source of updates');
      assert.equal(new URL(page.url()).hash, '');
      await press(/^Save$/);
      await page.getByText('Saved: Another WSUS or Moult server.').waitFor();
      await press(/^Next step$/);
      await isAt('Step 3 of 5: Products and classifications');
      await press(/^Synchronise now$/);
      for (const name of ['Simulated Windows 1', 'critical updates']) {
        await page.getByRole('checkbox', { name, exact: true }).waitFor();
        await press(new RegExp(`^${name}$`), ' ');
        await press(/^Save 1 change$/);
        await page.getByRole('button', { name: 'Save 1 change' }).waitFor({ state: 'detached' });
      }
      await press(/^Synchronise now$/);
      await page.getByText('The job runs. You can leave this page.').waitFor();
      await press(/^Next step$/);
      await isAt('Step 4 of 5: Groups and clients');
      await press(/^Skip this step$/);
      await page.getByText('Skipped: Groups and clients. You can come back').waitFor();
      // The server knows how far it is, and not this browser: the first open step comes up.
      await page.goto('/console/set-up');
      await isAt('Step 5 of 5: First approval');
      await page
        .getByRole('button', { name: /^Approve / })
        .first()
        .waitFor();
      await press(/^Approve /);
      await page.getByRole('checkbox', { name: /^All Computers/ }).waitFor();
      await press(/^All Computers/, ' ');
      await page.getByText('This is what the approval does').waitFor();
      await press(/^Save: Install$/);
      await page.getByText('An update is approved.').waitFor();
      assert.equal((await store.pageUpdates({ approval: 'approved' }, { limit: 1 })).total, 1);
      await press(/^To Home$/);
      await page.getByRole('heading', { name: 'To do' }).waitFor();
      assert.equal(await page.getByText(/of the set-up (is|are) open/).count(), 0);
    }, look);
    await withBrowser(async (page) => {
      await fill(page);
      await page.getByRole('alert').filter({ hasText: 'used or too old' }).waitFor();
      complaints.splice(0, complaints.length, ...complaints.filter((text) => !/status of 409/.test(text)));
    }, look);
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
      const [decided] = (await lab.fleet.store.pageUpdates({ title }, { limit: 1 })).items;
      assert.equal(decided?.approval, 'approved', 'it is durable when the console says so');
      await page.getByRole('button', { name: 'Undo' }).focus();
      await page.keyboard.press('Enter');
      await page.getByText('Undone for 1 update.').waitFor();
      assert.equal((await lab.fleet.store.pageUpdates({ title }, { limit: 1 })).items[0]?.approval, 'unapproved');
    });
  });

  it('a decision that somebody else changed meanwhile is not taken back', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'approver', `updates/${updateId(3)}`);
      await page.getByRole('button', { name: 'Decline', exact: true }).click();
      await page.getByText('Declined 1 update.').waitFor();
      await lab.fleet.store.setDeclined(updateId(3), false, { name: 'bernd', at: new Date() });
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
      await lab.fleet.store.setDeclined(updateId(5), true, { name: 'bernd', at: new Date() });
      for (const tab of [page, other]) await tab.getByText('This update is declined.').waitFor();
      await lab.fleet.store.setDeclined(updateId(5), false, { name: 'bernd', at: new Date() });
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
      for (const { sessionId } of await lab.fleet.store.listSessions())
        await lab.fleet.store.endSession(sessionId, author);
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
      await changeAccount(lab.fleet.administration, 'approver', { role: 'reporter' });
      await page.getByRole('button', { name: 'Decline', exact: true }).click();
      await page.getByRole('dialog', { name: 'Your session is over' }).waitFor();
      await logOn(page, 'approver');
      await page.getByText('Your role is now Reporter.').waitFor();
      await page.getByRole('button', { name: 'Approve…' }).waitFor({ state: 'detached' });
    });
    await changeAccount(lab.fleet.administration, 'approver', { role: 'approver' });
  });

  it('a server that goes is told at once, what was known stays, and all is well when it is back', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', 'computers');
      await isAtRest(page);
      const before = await rowsOf(page);
      const port = Number(new URL(lab.fleet.server.url).port);
      await lab.fleet.server.stop();
      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.getByText('You see the last known state').first().waitFor();
      assert.equal(await page.getByText('The server does not answer').count(), 1, 'it is said once');
      assert.deepEqual(await rowsOf(page), before);
      const config = { consoleDir, port, passwordMemoryKib: 1024, passwordPasses: 1, firstCatalog: 'empty' as const };
      lab.fleet.server = await startTestServer({ dataDir, config });
      await page.getByText('You see the last known state').waitFor({ state: 'detached' });
      await isAtRest(page);
      assert.deepEqual(await rowsOf(page), before);
    });
  });
});
