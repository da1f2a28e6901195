// Stories of administrators in the console, in a real browser over a real server.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requestBounds } from '../../administration/src/bounds.ts';
import { stepRollouts } from '../../administration/src/rings/index.ts';
import { overrideBounds } from '../../bounds/src/index.ts';
import type { ReportedEvent } from '../../store/src/index.ts';
import { complaints, isAtRest, lab, openAs, withBrowser } from './console-browser.ts';
import { ringedUpdate, updateId } from './console-fleet.ts';

describe('stories of decisions', () => {
  it('a rule is made, tested at a date, and run: its update is approved', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'approver', 'rules');
      await page.getByRole('button', { name: 'New rule…' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name', { exact: true }).fill('Office at once');
      await dialog.getByLabel(/^KB numbers/).fill(`KB${5_030_012}`);
      await dialog.getByRole('checkbox', { name: /^Laboratory/ }).check();
      await dialog.getByRole('button', { name: 'Save' }).click();
      await page.getByText('The rule Office at once is saved').waitFor();
      await page.getByRole('button', { name: 'Move Office at once up' }).click();
      await page.getByText('Office at once is at place 2.').waitFor();
      await page.getByRole('button', { name: 'Test', exact: true }).click();
      await page.getByText('1 updates, 1 approvals, 0 declines.').waitFor();
      await page.getByRole('button', { name: 'Run all rules now…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Run all rules now' }).click();
      await page.getByText('The rules ran. 1 decision changed.').waitFor();
      const [decided] = await lab.fleet.store.listDeploymentsOf(updateId(12));
      assert.equal(decided?.action, 'Install');
    });
  });

  it('a ring with a bad update halts by itself, and says so on Home', async () => {
    const { store } = lab.fleet;
    const pilot = (await store.loadGroups()).find(({ name }) => name === 'Pilot')?.groupId ?? '';
    const members = (await store.pageComputers({ groupIds: [pilot] }, { limit: 50 })).items;
    // A computer counts that asked for updates after its ring was reached.
    const seen = { at: new Date(Date.now() + 1000), synced: true, reported: false };
    await store.noteContacts(new Map(members.map(({ computerId }) => [computerId, seen])));
    await stepRollouts(store, new Date(Date.now() + 2000));
    const failures = members.map(
      ({ computerId }): ReportedEvent => ({
        ...{ instanceId: crypto.randomUUID(), computerId, timeAtTarget: new Date(), namespaceId: 1, appName: '' },
        ...{ eventNumber: 182, sourceId: 101, updateId: updateId(ringedUpdate), revisionNumber: 1 },
        ...{ win32HResult: -2145124318, replacementStrings: [], miscData: [] },
      }),
    );
    await store.recordReportingEvents(failures, new Date());
    await withBrowser(async (page) => {
      await openAs(page, 'approver');
      const card = page.getByRole('region', { name: 'Updates in rings' });
      await card.getByText('Goes on').waitFor();
      await stepRollouts(store, new Date(Date.now() + 60_000));
      // Nobody pressed a key: the live stream brings it.
      await card.getByText('Halted').waitFor();
      await card.getByRole('link', { name: /KB5030009/ }).click();
      await page.getByRole('row', { name: /^Failed [1-9]/ }).waitFor();
      await page.getByRole('button', { name: 'Resume' }).click();
      await page.getByText('The update goes on.').waitFor();
      assert.equal((await store.listRollouts())[0]?.state.status, 'running');
    });
  });

  it('the emergency stop is on every view at once, and ends with a word', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'approver', 'holds');
      await page.getByRole('button', { name: 'Stop everything…' }).click();
      await page.getByRole('dialog').getByLabel('Reason').fill('Screens turn blue');
      await page.getByRole('dialog').getByRole('button', { name: 'Stop everything' }).click();
      const notice = page.getByRole('region', { name: 'Emergency stop' }).filter({ hasText: 'Screens turn blue' });
      await notice.waitFor();
      await page.getByRole('link', { name: 'Updates', exact: true }).click();
      await isAtRest(page);
      await notice.getByRole('button', { name: 'Lift the stop…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Lift the stop' }).click();
      await page.getByText('The stop is lifted.').waitFor();
      await notice.waitFor({ state: 'detached' });
      assert.equal(await lab.fleet.store.loadStop(), undefined);
    });
  });

  it('a change that waits is on Home: one is confirmed and made, another one is refused', async () => {
    // The accounts of this test are new.
    using _ = overrideBounds(requestBounds, { ripeMs: 0 });
    const { store } = lab.fleet;
    const author = { name: 'administrator (192.0.2.1)', at: new Date() };
    const { accountId = '' } = (await store.findAccount('administrator')) ?? {};
    const expiresAt = new Date(author.at.getTime() + 600_000);
    const wait = (operation: string) =>
      store.askForChange(
        { operation, input: { body: '<b>' }, target: undefined, accountId, expiresAt },
        { author, most: 5 },
      );
    const [first, second] = [await wait('runRules'), await wait('runRules')];
    await withBrowser(async (page) => {
      await openAs(page, 'approver');
      const card = page.getByRole('region', { name: 'Changes that wait for a second person' });
      const [one, other] = [card.getByRole('listitem').first(), card.getByRole('listitem').nth(1)];
      await other.getByText('administrator (192.0.2.1)').waitFor();
      await one.getByRole('button', { name: 'Confirm…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click();
      await page.getByText('The change is made.').waitFor();
      await other.waitFor({ state: 'detached' });
      await one.getByRole('button', { name: 'Refuse' }).click();
      await page.getByText('The change is refused.').waitFor();
      await card.waitFor({ state: 'detached' });
      const ended = [...(await store.findRequests(first.requestId)), ...(await store.findRequests(second.requestId))];
      assert.deepEqual(ended.map(({ state }) => state).sort(), ['done', 'refused']);
    });
  });

  it('a hold is added and lifted again', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'approver', 'holds');
      await page.getByRole('button', { name: 'New hold…' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel(/^Updates:/).fill('KB5039999\nno such update');
      await dialog.getByLabel('Known issue').fill('Scanners stop');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.getByRole('alert').filter({ hasText: 'no such update' }).waitFor();
      complaints.splice(0, complaints.length, ...complaints.filter((text) => !/status of 404/.test(text)));
      await dialog.getByLabel(/^Updates:/).fill('KB5039999');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await page.getByText('The hold counts from the next check-in').waitFor();
      await page
        .getByRole('row', { name: /Scanners stop/ })
        .getByRole('checkbox')
        .check();
      await page.getByRole('button', { name: 'Lift…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Lift' }).click();
      await page.getByText('Lifted 1 hold.').waitFor();
      await page.getByRole('row', { name: /Scanners stop/ }).waitFor({ state: 'detached' });
    });
  });
});
