// Decisions in the console that reach far: on all updates of a list, on the signed list of releases, on catalogs.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { documentOf } from '../../administration/src/test/administration.ts';
import type { ReleaseTarget } from '../../releases/src/metadata/index.ts';
import { pinReports, Repository, releasePath, targetReports } from '../../releases/src/repository/index.ts';
import { importDocuments } from '../../store/src/catalog/index.ts';
import { isAtRest, lab, openAs, requireAccessible, withBrowser } from './console-browser.ts';
import { updateId } from './console-fleet.ts';

async function decideAll(page: Page, amount: number, button: string): Promise<void> {
  await page.getByText(`All ${amount} of this list`).click();
  await page.getByRole('button', { name: button }).click();
}

const declined = async (search: string) =>
  (await lab.fleet.store.pageUpdates({ search, approval: 'declined' }, { limit: 50 })).total;

describe('the rows of a list', () => {
  it('have the focus where the keys led, however fast they came', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', 'computers');
      await isAtRest(page);
      await page.locator('[data-row="0"]').focus();
      for (let turn = 0; turn < 4; turn++) {
        for (let row = 1; row <= 50; row++) await page.keyboard.press(turn % 2 === 0 ? 'ArrowDown' : 'ArrowUp');
        await page.locator(`[data-row="${turn % 2 === 0 ? 50 : 0}"]:focus`).waitFor();
      }
    });
  });
});

describe('a decision on all updates of a list', () => {
  it('changes nothing when the list has another count by now, and all of them when it has not', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'approver', 'updates?search=Edge&expired=false');
      await decideAll(page, 4, 'Decline all…');
      const dialog = page.getByRole('dialog', { name: 'Decline all 4 updates of this list' });
      await dialog.waitFor();
      const come = documentOf(updateId(900), '2026-12 Cumulative Update for Edge (KB5030900)');
      await importDocuments(lab.fleet.store, [come], new Date());
      await dialog.getByRole('button', { name: 'Decline' }).click();
      await page.getByRole('status').getByText('The filter fits 5 updates now, and not 4.').waitFor();
      assert.equal(await declined('Edge'), 0);
      await page.getByRole('button', { name: 'Refresh' }).click();
      await decideAll(page, 5, 'Decline all…');
      await page.getByRole('dialog').getByRole('button', { name: 'Decline' }).click();
      await page.getByRole('status').getByText('Done').waitFor();
      assert.equal(await declined('Edge'), 5);
    });
  });

  it('approves them for the chosen groups alone', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'approver', 'updates?search=.NET');
      await decideAll(page, 5, 'Approve all…');
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('checkbox', { name: /^Laboratory/ }).check();
      await dialog.getByRole('button', { name: 'Approve all' }).click();
      await page
        .getByRole('status')
        .filter({ has: page.getByRole('link', { name: /approv/i }) })
        .getByText('Done')
        .waitFor();
      const { items } = await lab.fleet.store.pageUpdates({ search: '.NET' }, { limit: 50 });
      const groups = await Promise.all(items.map((one) => lab.fleet.store.listDeploymentsOf(one.updateId)));
      const laboratory = (await lab.fleet.store.loadGroups()).find(({ name }) => name === 'Laboratory')?.groupId;
      assert.equal(groups.filter((all) => all.some(({ groupId }) => groupId === laboratory)).length, 5);
    });
  });

  it('is no button for a reporter', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', 'updates');
      await isAtRest(page);
      assert.equal(await page.getByText(/^All \d+ of this list/).count(), 0);
    });
  });
});

const release = (version: string): ReleaseTarget => ({
  ...{ kind: 'release', product: 'moult-agent', generation: 'wsus', platform: 'any', epoch: 0, version },
  ...{ floors: [], deltas: [] },
});

describe('the signed list', () => {
  it('a release is recalled, another one is pinned for a group, and the pin is removed', async () => {
    const repository = new Repository(join(lab.fleet.server.dataDir, 'trust'));
    for (const one of [release('7.9.9.8'), release('7.9.9.9')])
      repository.add('agent', releasePath(one, '.cab'), Buffer.from(one.version), one, new Date());
    repository.signWithOwnKeys();
    repository.publish(new Date());
    await withBrowser(async (page) => {
      await openAs(page, 'administrator', 'releases/list');
      const row = page.getByRole('row', { name: /7\.9\.9\.8/ });
      await row.getByRole('checkbox').check();
      await page.getByRole('button', { name: 'Recall…' }).click();
      await page
        .getByRole('dialog')
        .getByLabel(/^Reason/)
        .fill('Fans run at full speed');
      await page.getByRole('dialog').getByRole('button', { name: 'Recall' }).click();
      await row.getByText('Recalled: Fans run at full speed').waitFor();
      const found = targetReports(repository).find(({ path }) => path.includes('7.9.9.8'));
      assert.deepEqual([found?.recalled, found?.staged], ['Fans run at full speed', false], 'recalled and published');

      await page.getByRole('button', { name: 'Pin a version…' }).click();
      await page.getByRole('dialog').getByLabel('Version').fill('7.9.9.9');
      await page.getByRole('dialog').getByLabel('Group, or').fill('Pilot');
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
      const pins = page.getByRole('region', { name: 'Pins' });
      await pins.getByText('Group Pilot').waitFor();
      assert.deepEqual(pinReports(repository), [{ who: 'Group Pilot', version: '7.9.9.9' }]);
      await pins.getByRole('button', { name: 'Remove…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
      await pins.waitFor({ state: 'detached' });
      assert.deepEqual(pinReports(repository), []);
    });
  });

  it('is read by a reporter, without a button that changes it', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', 'releases/list');
      await page.getByRole('row', { name: /7\.9\.9\.9/ }).waitFor();
      assert.equal(await page.getByRole('button', { name: /Pin a version|Recall/ }).count(), 0);
    });
  });
});

describe('catalogs of other vendors', () => {
  it('a catalog that cannot be read says why, and none is there', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'administrator', 'catalogs');
      await page.getByText('There is no catalog of another vendor.').waitFor();
      await page.getByRole('button', { name: 'Add a catalog…' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Address', { exact: true }).fill('https://127.0.0.1:9/catalog.cab');
      await dialog.getByRole('button', { name: 'Save' }).click();
      const job = page.getByRole('status').filter({ has: page.locator('.bad') });
      await job.getByText('Failed').waitFor();
      await job.getByText(/127\.0\.0\.1/).waitFor();
      await page.getByText('There is no catalog of another vendor.').waitFor();
    });
  });
});

describe('reports', () => {
  it('show the groups with a plot, go to their computers, print all lines, and failures have the words of the doctor', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', 'reports');
      const row = page.getByRole('row', { name: /^Laboratory/ });
      await row.waitFor();
      const counted = await lab.fleet.store.countCompliance({ silentSince: new Date(0) });
      assert.equal(await page.getByRole('row').count(), counted.length + 1);
      await page.getByRole('img', { name: 'Compliance: the list below as bars' }).waitFor();
      await page.emulateMedia({ media: 'print' });
      assert.equal(await page.getByRole('navigation', { name: 'Views' }).isVisible(), false);
      await page.emulateMedia({ media: 'screen' });
      await row.getByRole('link', { name: 'Laboratory' }).click();
      await page.waitForURL(/computers\?group=Laboratory/);

      await page.goto('/console/reports/failed');
      const failure = page.getByRole('row', { name: /0x80240022/ });
      await failure.getByRole('link', { name: /^DOCTOR_/ }).waitFor();
      await page.goto('/console/reports/silent?days=1');
      await isAtRest(page);
      await page.evaluate('dispatchEvent(new Event("beforeprint"))');
      const { total } = await lab.fleet.store.pageComputers(
        { silentSince: new Date(Date.now() - 86_400_000) },
        { limit: 1 },
      );
      assert.equal(await page.locator('.grid [data-row]').count(), Math.min(total, 100));
    });
  });

  it('are in German', async () => {
    await withBrowser(
      async (page) => {
        await openAs(page, 'reporter', 'reports/ages');
        await page.getByRole('heading', { name: 'Auswertungen' }).waitFor();
        await page.getByRole('row', { name: /einer Woche/ }).waitFor();
        await lab.fleet.store.noteGroupDay({ now: new Date(), silentSince: new Date(0), keptDays: 800 });
        await page.goto('/console/reports/history');
        await page
          .getByRole('row', { name: /^20\d\d-/ })
          .first()
          .waitFor();
      },
      { locale: 'de-DE' },
    );
  });
});

describe('relations of an update', () => {
  it('are a picture whose boxes are links, and a table of the same, also with script in a title', async () => {
    const around = (...ids: string[]) =>
      `<upd:Relationships><upd:SupersededUpdates>${ids.map((id) => `<upd:UpdateIdentity UpdateID="${id}" />`).join('')}</upd:SupersededUpdates></upd:Relationships>`;
    const script = '&lt;img src=x onerror=globalThis.hacked=1&gt;';
    const documents = [
      documentOf(updateId(910), `Older stack ${script}`),
      documentOf(updateId(911), 'Stack of December', { rest: around(updateId(910), updateId(999)) }),
      documentOf(updateId(912), 'Newer stack', { rest: around(updateId(911)) }),
      documentOf(updateId(913), 'Bundle of stacks', { bundles: [updateId(911)] }),
    ];
    await importDocuments(lab.fleet.store, documents, new Date());
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', `updates/${updateId(911)}`);
      const card = page.getByRole('region', { name: 'Supersedence and bundles' });
      await card.getByRole('link', { name: 'Newer stack' }).waitFor();
      await card.getByText('The same as a table').click();
      await card.getByRole('row', { name: /Bundle of stacks bundles Stack of December/ }).waitFor();
      await card.getByRole('row', { name: /Stack of December supersedes .*Not in the catalog/ }).waitFor();
      await requireAccessible(page, 'relations');
      await page.emulateMedia({ forcedColors: 'active' });
      await requireAccessible(page, 'relations in forced colors', ['color-contrast']);
      await card.getByRole('link', { name: 'Older stack' }).first().click();
      await page.getByRole('heading', { level: 1, name: 'Older stack' }).waitFor();
      await card.getByRole('link', { name: 'Stack of December' }).first().waitFor();
    });
  });
});
