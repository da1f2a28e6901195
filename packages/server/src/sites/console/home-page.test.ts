// The page in a real browser: what an administrator sees, hears and does with the keyboard alone.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { HomeFacts } from '../../../../store/src/index.ts';
import type { HomeDocument } from '../../home-document.ts';
import { checkAccessibility, openBrowser } from './test/browser.ts';
import { goodHealth, startConsole, storyOf } from './test/console-server.ts';

const { withPage } = openBrowser();

const hostileName = '"><img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>';

function fleet(): Partial<HomeFacts> {
  return {
    computers: 53,
    lastContactAt: new Date(),
    agents: [
      { generation: 'wsus', version: '7.9.0.1', computers: 41 },
      { generation: 'sus', version: '5.4.0.1', computers: 12 },
    ],
    updates: 40,
    deployments: 3,
    events: storyOf('RECEPTION-07', new Date()),
  };
}

describe('the home page', () => {
  it('tells old clients from new ones, the state of self-update and the last events', async () => {
    await withPage({ facts: fleet() }, async (page) => {
      await page.getByRole('heading', { name: 'The SelfUpdate service is available' }).waitFor();
      await page.getByRole('heading', { name: '53 computers' }).waitFor();
      const versions = page.getByRole('table', { name: 'Computers by agent generation and version' });
      assert.deepEqual(await versions.getByRole('row').allInnerTexts(), [
        'Client\tVersion\tComputers\tStanding',
        'WSUS client\t7.9.0.1\t41\tNewest here',
        'SUS client\t5.4.0.1\t12\tSelf-update due',
      ]);
      const events = page.getByRole('table', { name: 'Last events, newest first' });
      assert.equal(await events.getByRole('row').count(), 8);
      assert.match(
        (await events.getByRole('row').nth(1).textContent()) ?? '',
        /RECEPTION-07Succeeded: Installed\s*Moult sample/,
      );
    });
  });

  it('says who needs updates, where one failed and who is silent, and shows faults however old they are', async () => {
    const computer = (dnsName: string, updates: number) => ({
      ...{ computerId: dnsName, dnsName, address: '192.0.2.7', updates, lastContact: new Date('2026-01-15T12:00:00Z') },
    });
    const attention = {
      needing: { computers: 31, first: [computer('needy', 7)] },
      failing: { computers: 1, first: [computer('unlucky', 1)] },
      silent: { computers: 2, first: [computer('gone-away', 0), computer(hostileName, 0)] },
      ...{ silentDays: 30, neverReported: 4 },
    };
    const old = storyOf('LAB-9', new Date('2026-01-15T12:00:00Z')).slice(0, 1);
    const faults = old.map((event) => ({ ...event, what: '182', resultCode: '80070643' }));
    const faultCounts = { reports: new Map([[182, 311]]), pings: 4 };
    const facts = { ...fleet(), attention, faults, faultCounts, approved: 12, declined: 5 };
    await withPage({ facts }, async (page) => {
      const card = page.getByRole('region', { name: 'What needs attention' });
      const text = (await card.textContent()) ?? '';
      for (const said of [
        '31 computers to update or restart',
        'needy 7 updates',
        'and 30 more: moult computers list --needed',
        '1 computer with an update that failed',
        'unlucky 1 update',
        '2 computers without a contact for 30 days',
        '4 computers have not reported yet',
      ])
        assert.ok(text.includes(said), `${said} in: ${text}`);
      assert.ok(await page.getByText('40 updates in the catalog: 12 approved, 5 declined.').isVisible());
      await page.getByText('Faults only').click();
      const events = page.getByRole('table', { name: 'Last events, newest first' });
      assert.equal(await events.getByRole('row').count(), 2);
      assert.match((await events.textContent()) ?? '', /LAB-9.*Installation failed/);
      assert.ok(await page.getByText('315 faults are on record: 311 installation, 4 self-update.').isVisible());
    });
    const looks = { headers: { 'x-forwarded-for': '192.0.2.9' } };
    const asStranger = async (page: Page) => {
      await page.getByRole('heading', { name: '31 computers to update or restart' }).waitFor();
      assert.ok(await page.getByText('315 faults are on record').isVisible());
      assert.doesNotMatch(await page.content(), /needy|unlucky|gone-away|LAB-9/);
    };
    await withPage({ facts }, asStranger, looks);
  });

  it('fits a screen of 360 pixels', async () => {
    const viewport = { width: 360, height: 800 };
    await withPage(
      { facts: fleet() },
      async (page) => {
        await page.getByRole('heading', { name: '53 computers' }).waitFor();
        assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
      },
      { viewport },
    );
  });

  it('shows what happens while somebody looks, without a reload, and says it politely', async () => {
    await withPage({ facts: fleet() }, async (page, server) => {
      await page.getByText('Live', { exact: true }).waitFor();
      const now = Date.now();
      const news = [...storyOf('LAB-4', new Date(now)), ...storyOf('LAB-3', new Date(now - 1))];
      server.facts = { ...server.facts, computers: 55, events: [...news, ...server.facts.events] };
      server.changed();
      await page.getByRole('heading', { name: '55 computers' }).waitFor();
      await page.getByRole('rowheader', { name: 'LAB-4' }).first().waitFor();
      await page
        .getByRole('status')
        .filter({ hasText: 'new events. LAB-4: Installed.' })
        .waitFor({ state: 'attached' });
    });
  });

  it('names a fault of port 80 in the words of WSUS, with cause and remedy, as soon as it is there', async () => {
    await withPage({ facts: fleet() }, async (page, server) => {
      await page.getByRole('heading', { name: 'The SelfUpdate service is available' }).waitFor();
      const health = goodHealth();
      health.ports[1] = {
        port: 80,
        site: 'self-update',
        listening: { kind: 'not-listening', reason: 'EADDRINUSE' },
        checkedAt: undefined,
        files: [],
      };
      server.health = health;
      server.changed();
      await page.getByRole('heading', { name: 'The SelfUpdate service is not available on port 80' }).waitFor();
      for (const text of [
        'Event 13042',
        'Event 506',
        'Another program listens on port 80',
        'moult tree port80 --check',
      ]) {
        assert.ok(await page.getByText(text).first().isVisible(), text);
      }
      assert.equal(await page.title(), 'SelfUpdate not available – Moult');
    });
  });

  it('tells on an empty server what to do next, with this server in every command', async () => {
    await withPage({}, async (page, server) => {
      await page.getByRole('heading', { name: 'No computer has contacted this server yet' }).waitFor();
      const commands = page.getByRole('region', { name: 'Commands for one Windows computer' });
      assert.match((await commands.textContent()) ?? '', new RegExp(`WUServer /t REG_SZ /d ${server.url} /f`));
      await page.getByRole('link', { name: `${server.url}/selfupdate/wuident.cab` }).waitFor();
    });
  });

  it('shows what cannot be seen in a name as marks', async () => {
    const facts = { ...fleet(), events: storyOf('lab\u202e7-\u2066\u200b\u001b[2J', new Date()) };
    await withPage({ facts }, async (page) => {
      await page.getByText('lab<U+202E>7-<U+2066><U+200B><U+001B>[2J').first().waitFor();
      assert.doesNotMatch(await page.content(), /[\u202e\u2066\u200b]/);
    });
  });

  it('shows hostile names as text', async () => {
    const facts = { ...fleet(), events: storyOf(hostileName, new Date()) };
    await withPage({ facts }, async (page) => {
      await page.getByText(hostileName).first().waitFor();
      assert.equal(await page.title(), 'Moult');
      assert.equal(await page.locator('img').count(), 0);
    });
  });

  it('shows to others counts and health, why no names, and what to do', async () => {
    const failed = storyOf('LAB-4', new Date()).slice(0, 1);
    const events = [
      ...(fleet().events ?? []),
      ...failed.map((event) => ({ ...event, what: '182', resultCode: '80070643' })),
    ];
    // As if through a proxy, or from another machine.
    const looks = { headers: { 'x-forwarded-for': '192.0.2.9' } };
    await withPage(
      { facts: { ...fleet(), events } },
      async (page, server) => {
        await page.getByRole('heading', { name: '53 computers' }).waitFor();
        await page.getByRole('heading', { name: 'Names of computers are not shown here' }).waitFor();
        const counts = page.getByRole('table', { name: 'The last events of each kind, counted' });
        assert.deepEqual(await counts.getByRole('row').allInnerTexts(), [
          'Kind\tEvents\tFailed',
          'Download\t1\t0',
          'Installation\t3\t1',
          'Registration\t1\t0',
          'Scan\t1\t0',
          'Self-update\t2\t0',
        ]);
        const { port } = new URL(server.url);
        for (const text of [
          `http://localhost:${port}/`,
          `ssh -L ${port}:localhost:${port} 127.0.0.1`,
          '--home-names everybody',
        ]) {
          assert.ok(await page.getByText(text).first().isVisible(), text);
        }
        const html = await page.content();
        assert.ok(!html.includes('RECEPTION-07') && !html.includes('LAB-4'));
        await page.getByText('Live', { exact: true }).waitFor();
        server.facts = { ...server.facts, computers: 54 };
        server.changed();
        await page.getByRole('heading', { name: '54 computers' }).waitFor();
      },
      looks,
    );
  });

  it('hides names from the server itself too when the administrator wants that, and says so', async () => {
    await withPage({ facts: fleet(), namesFor: 'nobody' }, async (page) => {
      await page.getByText('--home-names nobody').waitFor();
      assert.ok(!(await page.content()).includes('RECEPTION-07'));
    });
  });

  it('says that identities are shared or changed, and counts versions that it does not tell', async () => {
    const facts = {
      ...fleet(),
      identities: { shared: 2, changed: 1 },
      otherAgents: [{ generation: 'wsus' as const, versions: 9980, computers: 12_000 }],
    };
    await withPage({ facts }, async (page) => {
      await page.getByText('2 identities are used by more than one computer').waitFor();
      assert.ok(await page.getByText('1 computer changed name, hardware or system within 30 days').isVisible());
      const versions = page.getByRole('table', { name: 'Computers by agent generation and version' });
      assert.equal(await versions.getByRole('row').last().innerText(), 'WSUS client\tand 9,980 more\t12,000\t');
    });
  });

  it('says that the server is gone, keeps what it knew, and recovers by itself', async () => {
    await withPage({ facts: fleet() }, async (page) => {
      await page.getByText('Live', { exact: true }).waitFor();
      await page.context().route('**/api/home**', (route) => route.abort());
      await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
      await page.getByRole('alert').filter({ hasText: 'The server does not answer' }).waitFor();
      assert.ok(await page.getByRole('heading', { name: '53 computers' }).isVisible());
      await page.context().unroute('**/api/home**');
      await page.getByText('Live', { exact: true }).waitFor();
      assert.equal(await page.getByRole('alert').count(), 0);
    });
  });

  it('asks for itself when the server has no room for one more stream', async () => {
    await withPage({ facts: fleet(), limits: { maxStreams: 0 } }, async (page) => {
      await page.getByText('Refreshed every 5 seconds').waitFor();
      await page.getByRole('heading', { name: '53 computers' }).waitFor();
    });
  });

  it('can be used with the keyboard alone', async () => {
    await withPage({ facts: fleet() }, async (page) => {
      await page.getByRole('heading', { name: '53 computers' }).waitFor();
      const focused = () => page.evaluate('document.activeElement.textContent || document.activeElement.type');
      await page.keyboard.press('Tab');
      assert.equal(await focused(), 'Skip to content');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      assert.equal(await focused(), 'Times in UTC');
      await page.keyboard.press('Space');
      assert.equal(await page.getByRole('button', { name: 'Times in UTC' }).getAttribute('aria-pressed'), 'true');
      await page.keyboard.press('Tab');
      assert.equal(await focused(), 'radio');
      await page.keyboard.press('ArrowRight');
      assert.ok(await page.getByRole('radio', { name: 'Self-update' }).isChecked());
      assert.equal(await page.getByRole('table', { name: 'Last events' }).getByRole('row').count(), 3);
    });
  });

  it('shows times in local time, with UTC on hover', async () => {
    const at = new Date('2026-01-15T23:30:00Z');
    await withPage({ facts: { ...fleet(), events: storyOf('A', at) } }, async (page) => {
      const time = page.getByRole('table', { name: 'Last events' }).getByRole('time').first();
      assert.equal(await time.textContent(), '2026-01-16 00:30:00');
      assert.match((await time.getAttribute('title')) ?? '', /^2026-01-15 23:30:00 UTC\n/);
      await page.getByRole('button', { name: 'Times in UTC' }).click();
      assert.equal(await time.textContent(), '2026-01-15 23:30:00');
    });
  });

  it('reads as JSON without a browser, and answers 405, 304 and 404 where they belong', async () => {
    const server = await startConsole({ facts: fleet() });
    try {
      const answer = await fetch(`${server.url}/api/home`);
      assert.match(answer.headers.get('content-security-policy') ?? '', /^default-src 'self';/);
      const etag = answer.headers.get('etag') ?? '';
      assert.equal(((await answer.json()) as HomeDocument).computers.total, 53);
      assert.equal((await fetch(`${server.url}/api/home`, { headers: { 'if-none-match': etag } })).status, 304);
      assert.equal((await fetch(`${server.url}/api/home`, { method: 'POST' })).status, 405);
      assert.equal((await fetch(`${server.url}/docs/nothing`)).status, 404);
      assert.equal((await fetch(`${server.url}/assets/../index.html`)).status, 404);
    } finally {
      await server.stop();
    }
  });

  it('says how to get the console when it is not built', async () => {
    const server = await startConsole({ assetsDir: '/nonexistent' });
    try {
      const answer = await fetch(server.url);
      assert.equal(answer.status, 503);
      assert.match(await answer.text(), /npm run build/);
    } finally {
      await server.stop();
    }
  });
});

describe('axe-core finds nothing to complain about', () => {
  const marked = { ...fleet(), identities: { shared: 2, changed: 1 } };
  const broken = goodHealth();
  broken.ports = broken.ports.map((port) => ({ ...port, listening: { kind: 'not-listening', reason: 'EACCES' } }));
  const stranger = { headers: { 'x-forwarded-for': '192.0.2.9' } };
  const pages = {
    'that is empty': [{}, {}],
    'that is full': [{ facts: marked }, {}],
    'with a fault': [{ facts: fleet(), health: broken }, {}],
    'that shows a stranger no names': [{ facts: marked, namesFor: 'local' }, stranger],
    'that shows nobody names': [{ facts: marked, namesFor: 'nobody' }, stranger],
  } as const;
  for (const [what, [parts, look]] of Object.entries(pages)) {
    it(`in a page ${what}, light and dark, 1280 and 390 pixels wide`, async () => {
      await withPage(
        parts,
        async (page) => {
          for (const width of [1280, 390]) {
            for (const colorScheme of ['light', 'dark'] as const) {
              await page.setViewportSize({ width, height: 900 });
              await page.emulateMedia({ colorScheme });
              await checkAccessibility(page);
            }
          }
        },
        look,
      );
    });
  }
});
