// The views of the console on the server itself, in Chromium: synchronisation and jobs. Each view is also looked at by axe, in
// both schemes and narrow.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createOperatorCa } from '@moult/formats/authenticode';
import { moultBrand } from '@moult/protocol/self-update';
import { makeKeptBundles } from '../src/index.ts';
import { complaints, dataDir, goTo, isAtRest, lab, openAs, requireAccessible, withBrowser } from './console-browser.ts';
import { computerId, password, updateId } from './console-fleet.ts';

const views = [
  ...[
    'sync',
    'sync/runs',
    'sync/product?search=windows',
    'jobs',
    'doctor',
    'policy',
    'releases',
    'settings',
    'catalogs',
    'account',
    ...['downstream', 'cleanup?computerDays=1'],
    ...['choices', 'clients'].map((step) => `set-up/${step}`),
    'reports',
    'reports/failed',
  ],
  ...[`computers/${computerId(0)}?explain=true&why=${updateId(0)}`, `updates/${updateId(0)}?whyGroup=Pilot`],
];

/** A check that fails, by a server whose name is script. */
const script = '<img src=x onerror=globalThis.hacked=1>';
const log = [
  '2016-09-08\t10:48:19:515\t 848\t604\tSetup\tChecking for agent SelfUpdate',
  `2016-09-08\t10:48:43:109\t 848\t604\tMisc\tWARNING: WinHttp: SendRequestUsingProxy failed for <http://${script}/selfupdate/wuident.cab>. error 0x80072ee2`,
  '2016-09-08\t10:48:43:109\t 848\t604\tMisc\tWARNING: Send failed with hr = 80072ee2.',
].join('\r\n');

describe('synchronisation', () => {
  it('brings the lists, then what was chosen of them, and the job is found again after its page was left', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'administrator', 'sync');
      await page.getByText('This server never synchronised').waitFor();
      await page.getByText('none are chosen').waitFor();
      await page.getByRole('button', { name: 'Synchronise now' }).click();
      await page.getByRole('status').getByText('Done').waitFor();

      for (const [tab, name] of [
        ['Products', 'Simulated Windows 1'],
        ['Classifications', 'critical updates'],
      ] as const) {
        await page.getByRole('link', { name: tab, exact: true }).click();
        await page.getByRole('checkbox', { name, exact: true }).check();
        await page.getByRole('button', { name: 'Save 1 change' }).click();
        await page.getByText('Saved: 1 chosen, 0 removed.').waitFor();
      }
      const choices = await lab.fleet.store.loadSyncChoices();
      assert.deepEqual(choices.map(({ kind }) => kind).sort(), ['classification', 'product']);

      await page.getByRole('link', { name: 'State', exact: true }).click();
      await page.getByText('1 products, 1 classifications').waitFor();
      const before = (await lab.fleet.store.listSyncRuns(10)).length;
      await page.getByRole('button', { name: 'Synchronise now' }).click();
      await page.getByText('The job runs. You can leave this page.').waitFor();
      await page.goto('/console/jobs');
      await page
        .getByRole('row', { name: /Synchronisation/ })
        .nth(1)
        .waitFor();
      await page.getByRole('row', { name: /Synchronisation.*Runs/ }).waitFor({ state: 'detached' });
      await page.getByRole('link', { name: 'Synchronisation' }).nth(1).click();
      await page.getByText('"runId"').waitFor();
      const [newest, ...others] = await lab.fleet.store.listSyncRuns(10);
      assert.equal(others.length, before);
      assert.ok(newest && newest.state === 'done' && newest.added > 0, 'updates came');
    });
  });

  it('is no button for a reporter', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', 'sync');
      await isAtRest(page);
      await page.getByRole('heading', { name: 'Next synchronisation' }).waitFor();
      assert.equal(await page.getByRole('button', { name: 'Synchronise now' }).count(), 0);
      await page.getByRole('link', { name: 'Products', exact: true }).click();
      await isAtRest(page);
      assert.ok(await page.getByRole('checkbox', { name: 'Simulated Windows 1', exact: true }).isDisabled());
    });
  });
});

describe('why', () => {
  it('a computer has not got an update: from its row to the answer, and the address holds the question', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', `computers/${computerId(8)}`);
      await page.getByRole('link', { name: 'Why?' }).first().click();
      await page.getByText('Does a deployment bring it to this computer?').waitFor();
      assert.match(page.url(), /why=[0-9a-f-]{36}/);
      await page.goto(`/console/computers/${computerId(8)}?why=KB5039999`);
      await page.getByRole('alert').filter({ hasText: 'KB5039999' }).waitFor();
      complaints.splice(0, complaints.length, ...complaints.filter((text) => !/status of 404/.test(text)));
      await page.goto(`/console/updates/${updateId(0)}?whyGroup=Pilot`);
      await page.getByText(/Computers in the group: \d+/).waitFor();
    });
  });

  it('a log that is dropped on the doctor tells its story, and the script in it stays text', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', 'doctor');
      // In the page: this test has no types of a browser.
      const dropped = await page.evaluateHandle(`(() => {
        const data = new DataTransfer();
        data.items.add(new File([${JSON.stringify(log)}], 'Windows Update#1.log'));
        return data;
      })()`);
      await page.locator('.drop').dispatchEvent('drop', { dataTransfer: dropped });
      await page.getByText('Faults found').waitFor();
      await page.getByRole('heading', { name: 'The story of the computer' }).waitFor();
      await page
        .getByText(/lines? as evidence/)
        .first()
        .click();
      await page.getByText('Windows Update_1.log:3').waitFor();
      const left = await readdir(join(dataDir, 'tmp')).catch(() => []);
      assert.deepEqual(left, [], 'the server keeps nothing of it');
    });
  });

  it('settings for clients are saved as the file that was chosen, several as one archive', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', 'policy?server=http://updates.example.test:8530&group=Pilot');
      const saved = async () => {
        const waiting = page.waitForEvent('download');
        await page.getByRole('button', { name: 'Make the file' }).click();
        const done = await waiting;
        return { name: done.suggestedFilename(), bytes: await readFile(await done.path()) };
      };
      const registry = await saved();
      assert.equal(registry.name, 'moult-policy.reg');
      assert.match(registry.bytes.toString('utf16le'), /"WUServer"="http:\/\/updates\.example\.test:8530"/);
      await page.getByLabel('File').selectOption('admx');
      const archive = await saved();
      assert.equal(archive.name, 'moult-policy-admx.zip');
      assert.match(archive.bytes.toString('latin1'), /en-US\/moult\.adml/);
    });
  });
});

describe('installing the agent', () => {
  it('the view of releases has the line with the root that it trusts, for the server and the group that were chosen', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'reporter', 'releases');
      await page.getByText(`moult agent install-line --server ${lab.fleet.server.url}`).waitFor();
      const trustRoot = await keepInstallers();
      await page.getByLabel('Address of the server').fill('http://updates.example.test:8530');
      await page.getByLabel('Target group').fill('Pilot');
      await page.getByRole('button', { name: 'Show the line' }).press('Enter');
      await page.getByText(trustRoot).waitFor();
      await page.getByText(/ sh "\$f" http:\/\/updates\.example\.test:8530 Pilot\)$/).waitFor();
      await page.getByText('There is no installer for Windows on this server.').waitFor();
      assert.match(page.url(), /server=http%3A%2F%2Fupdates\.example\.test%3A8530&group=Pilot/);
    });
  });
});

/** Makes an installer of the server, with a runtime of a few bytes. Answers the root that its agent trusts. */
async function keepInstallers(): Promise<string> {
  const { certificatePem } = await createOperatorCa({ commonName: 'An operator', now: new Date() });
  const bytes = Buffer.from('x');
  const contents = {
    ...{ brand: moultBrand, releases: [], operatorCertificate: certificatePem, trustRoot: Buffer.from('{}') },
    ...{ program: bytes, license: bytes, notices: bytes },
  };
  const runtimes = new Map([['linux-x64', { sizeBytes: 1, read: () => [bytes], license: bytes }] as const]);
  const { trustRoot } = await makeKeptBundles(dataDir, { contents, runtimes, level: 0 });
  return trustRoot ?? assert.fail();
}
describe('servers below this one', () => {
  it('are a list with their last roll-up, lead to their computers, and can be forgotten', async () => {
    const { store } = lab.fleet;
    const serverId = '4e5f0000-0000-4000-8000-000000000001';
    const said = { version: script, isReplica: true, lastSync: undefined, summary: undefined, systems: [] };
    const limits = { servers: 100, computers: 100, statesPerComputer: 100, systems: 100, activities: 100 };
    await store.recordDownstreamServers(
      [{ serverId, parentId: undefined, name: `branch ${script}`, rolledUpAt: new Date(), ...said }],
      { now: new Date(), clockAheadMs: 0, ownIds: [], limits },
    );
    await withBrowser(async (page) => {
      await openAs(page, 'administrator', 'downstream');
      const row = page.getByRole('row', { name: /branch/ });
      await row.getByText('just now').waitFor();
      await row.getByRole('link').click();
      await page.getByText('No row fits these filters.').waitFor();
      assert.equal(await page.getByLabel('Downstream server', { exact: true }).inputValue(), serverId);
      await page.goBack();
      await row.getByRole('checkbox').check();
      await page.getByRole('button', { name: 'Forget…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
      await page.getByText('No server below this one reported itself yet.').waitFor();
    });
    assert.deepEqual(await store.listDownstreamServers(), []);
  });
});

describe('a cleanup', () => {
  it('shows first what goes, then removes it as a job, which is found again after its page was left', async () => {
    const { store } = lab.fleet;
    const silent = { computerId: computerId(700), dnsName: `silent ${script}`, address: '192.0.2.9' };
    const at = new Date(Date.now() - 45 * 86_400_000);
    await store.noteAuthorization({ ...silent, requestedGroups: [], at }, { assign: false });
    await withBrowser(async (page) => {
      await openAs(page, 'administrator', 'cleanup');
      await page.getByRole('row', { name: 'Declined updates' }).waitFor();
      assert.equal(await page.getByRole('row', { name: 'Silent computers' }).count(), 0);
      await page.getByLabel('Silent computers, after days').fill('40');
      await page.getByRole('button', { name: 'Show what goes' }).click();
      await page.getByRole('row', { name: /^Silent computers 1 / }).waitFor();
      assert.match(page.url(), /computerDays=40/, 'the address holds the ages');
      await page.getByRole('button', { name: 'Clean up now…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Clean up now' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.goto('/console/cleanup?computerDays=40');
      await page.getByRole('status').getByText('Done').waitFor();
      await page.getByRole('row', { name: /^Silent computers 0 / }).waitFor();
    });
    assert.equal(await store.findListedComputer(computerId(700)), undefined);
  });
});

describe('my account', () => {
  it('changes the password for the present one, ends the other sessions, and this browser goes on', async () => {
    await withBrowser(async (elsewhere) => {
      await openAs(elsewhere, 'auditor');
      await withBrowser(async (page) => {
        await openAs(page, 'auditor', 'account');
        await page.getByRole('cell', { name: 'This browser' }).waitFor();
        const ask = async (present: string, next: string, again = next) => {
          if ((await page.locator('dialog[open]').count()) === 0)
            await page.getByRole('button', { name: 'Change the password…' }).click();
          await page.getByLabel('Present password').fill(present);
          await page.getByLabel('New password, 12 characters or more').fill(next);
          await page.getByLabel('Password again').fill(again);
          await page.getByRole('button', { name: 'Save' }).click();
        };
        await ask(password, 'a much better one', 'another one at all');
        await page.getByRole('alert').getByText('The two passwords differ.').waitFor();
        await ask('not the password', 'a much better one');
        await page.getByRole('alert').getByText('The present password is wrong.').waitFor();
        complaints.length = 0;
        await ask(password, 'a much better one');
        await page.getByText('The password is changed.').waitFor();
        await page.reload();
        await page.getByRole('cell', { name: 'This browser' }).waitFor();
      });
      await elsewhere.reload();
      await elsewhere.getByRole('heading', { name: 'Log on to Moult' }).waitFor();
    });
  });
});

describe('each view of the server', () => {
  it('has nothing that axe complains about, in light, dark and forced colors', async () => {
    await withBrowser(async (page) => {
      await openAs(page, 'administrator');
      for (const view of views) {
        await goTo(page, view);
        await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' });
        await requireAccessible(page, `${view} light`);
        await page.emulateMedia({ colorScheme: 'dark' });
        await requireAccessible(page, `${view} dark`, ['color-contrast']);
        await page.emulateMedia({ forcedColors: 'active' });
        await requireAccessible(page, `${view} forced colors`, ['color-contrast']);
      }
    });
  });

  it('fits into 360 pixels, in German', async () => {
    await withBrowser(
      async (page) => {
        await openAs(page, 'administrator');
        for (const view of views) {
          await goTo(page, view);
          await requireAccessible(page, `${view} narrow`, ['target-size', 'scrollable-region-focusable']);
        }
      },
      { locale: 'de-DE', width: 360 },
    );
  });
});
