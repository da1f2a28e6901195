// The panel in a real browser: both faces, in light, dark and forced colours, with the keyboard alone.
//   MOULT_PICTURES=DIR node --test packages/agent/test/panel-page.test.ts    also writes a picture of each
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { requireNothingOfAxe } from '../../../scripts/axe.ts';
import { keys } from '../src/machine/keys.ts';
import type { MachineRoot } from '../src/machine/machine-root.ts';
import { dword } from '../src/machine/policy.ts';
import { number, openRegistry } from '../src/machine/registry.ts';
import { openPanel } from '../src/panel/open-panel.ts';
import { hostile, liveALittle, liveAsSusClient, openPanelMachines } from '../src/panel/test/panel-machine.ts';

const machines = openPanelMachines();
let browser: Browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.MOULT_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
});
after(async () => {
  await browser?.close();
  machines.close();
});

const optionOf = (root: MachineRoot) => dword(openRegistry(root).read(), keys.autoUpdate, 'AUOptions');

/** The panel of a machine in a fresh browser. Complaints of the browser (CSP, scripts, missing files) fail the test. */
async function withPanel(
  root: MachineRoot,
  use: (page: Page, end: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const panel = await openPanel({
    ...{ root, random: randomBytes, check: () => 'The running agent was asked to check now.' },
    now: () => new Date('2026-12-01T23:00:00Z'),
  });
  const context = await browser.newContext({ viewport: { width: 820, height: 900 } });
  const complaints: string[] = [];
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/ERR_CONNECTION/.test(message.text())) complaints.push(message.text());
    });
    await page.goto(panel.url);
    await use(page, () => panel.close());
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
    await panel.close();
  }
}

async function requireAccessible(page: Page, name: string): Promise<void> {
  await page.getByRole('heading', { name: 'History' }).waitFor();
  await requireNothingOfAxe(page, {}, name);
  const sideways = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  assert.equal(sideways, 0, `${name} scrolls sideways`);
  const pictures = process.env.MOULT_PICTURES;
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** A machine of the face with a life behind it. */
function machineOf(face: 'sus' | 'wsus'): MachineRoot {
  const root = machines.machine(face);
  if (face === 'wsus') liveALittle(root);
  else liveAsSusClient(root);
  return root;
}

describe('each face', () => {
  for (const face of ['sus', 'wsus'] as const) {
    it(`${face}: nothing that axe complains about, in any colours, also on a small screen and with a policy`, async () => {
      const root = machineOf(face);
      await withPanel(root, async (page) => {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          await requireAccessible(page, `panel-${face}-${colorScheme}`);
        }
        await page.emulateMedia({ colorScheme: 'light', forcedColors: 'active' });
        await requireAccessible(page, `panel-${face}-forced`);
        openRegistry(root).change([{ key: keys.policyAu, name: 'AUOptions', value: number(4) }]);
        await page.emulateMedia({ forcedColors: 'none' });
        await page.setViewportSize({ width: 360, height: 800 });
        await page.reload();
        await requireAccessible(page, `panel-${face}-small-policy`);
      });
    });
  }

  it('is told apart at a glance: a check box here, four choices and a banner there', async () => {
    await withPanel(machineOf('sus'), async (page) => {
      assert.ok(await page.getByRole('checkbox', { name: /^Keep my computer up to date/ }).isChecked());
      assert.equal(await page.getByRole('radio').count(), 3);
      assert.ok(await page.getByText('SUS client 5.4.0.1').isVisible());
      assert.equal(await page.getByRole('banner').count(), 0);
    });
    await withPanel(machineOf('wsus'), async (page) => {
      assert.equal(await page.getByRole('checkbox').count(), 0);
      const names = await page
        .getByRole('radio')
        .evaluateAll((all) => all.map((one) => (one as unknown as { value: string }).value));
      assert.deepEqual(names, ['automatic', 'download', 'notify', 'off']);
      assert.ok(await page.getByText('Protect your computer:').isVisible());
    });
  });
});

describe('with the keyboard alone', () => {
  const press = async (page: Page, ...all: string[]) => {
    for (const key of all) await page.keyboard.press(key);
  };

  it('the WSUS client is set to every Sunday at five, then off', async () => {
    const root = machineOf('wsus');
    await withPanel(root, async (page) => {
      await page.getByRole('heading', { name: 'Automatic Updates', level: 1 }).waitFor();
      // Automatic is chosen: Tab comes to it, then to its day and time, and to Save.
      await press(page, 'Tab', 'Tab', 'ArrowDown', 'Tab', 'ArrowDown', 'ArrowDown', 'Tab', 'Enter');
      await page.getByRole('status').filter({ hasText: 'Saved.' }).waitFor();
      const value = (name: string) => dword(openRegistry(root).read(), keys.autoUpdate, name);
      assert.deepEqual([optionOf(root), value('ScheduledInstallDay'), value('ScheduledInstallTime')], [4, 1, 5]);
      await press(page, 'Tab', 'ArrowUp', 'Enter');
      await page.getByText('Automatic Updates is turned off.').waitFor();
      assert.equal(optionOf(root), 1);
      await press(page, 'Tab', 'Tab', 'Tab', 'Tab', 'Tab', 'Enter');
      await page.getByText('asked to check now').waitFor();
    });
  });

  it('the SUS client is switched off by its check box and on again', async () => {
    const root = machineOf('sus');
    await withPanel(root, async (page) => {
      await page.getByRole('checkbox').waitFor();
      await press(page, 'Tab', 'Space', 'Enter');
      await page.getByText('Automatic Updates is turned off.').waitFor();
      assert.equal(optionOf(root), 1);
      await press(page, 'Tab', 'Space', 'Tab', 'ArrowUp', 'Enter');
      await page.getByRole('status').filter({ hasText: 'Saved.' }).waitFor();
      assert.equal(optionOf(root), 2);
    });
  });
});

it('greys what the policy decides, names the policy, and shows news without a reload', async () => {
  const root = machineOf('wsus');
  openRegistry(root).change([{ key: keys.policyAu, name: 'AUOptions', value: number(3) }]);
  await withPanel(root, async (page, end) => {
    await page.getByText('policy “Configure Automatic Updates” (AUOptions 3, registry)').waitFor();
    for (const radio of await page.getByRole('radio').all()) assert.ok(await radio.isDisabled());
    liveALittle(root, hostile);
    await page.getByRole('rowheader', { name: '"><img src=x onerror=alert(1)>' }).first().waitFor();
    assert.equal(await page.locator('img').count(), 0);
    openRegistry(root).change([{ key: keys.policyAu, name: 'AUOptions' }]);
    await page.getByRole('status').filter({ hasText: 'Reload the page' }).waitFor();
    await end();
    await page.getByRole('status').filter({ hasText: 'The panel has ended' }).waitFor();
  });
});
