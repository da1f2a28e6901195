// A page of another origin, in a real browser where an administrator is logged on: it changes nothing and reads nothing.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { chromium } from 'playwright-core';
import { addAccount } from '../../administration/src/accounts/index.ts';
import { openStore } from '../../store/src/index.ts';
import { startTestServer } from './test-server.ts';

const password = 'correct horse battery';

it('a page of another origin with the cookie of an administrator changes nothing and reads nothing', async () => {
  const cheap = { passwordMemoryKib: 1024, passwordPasses: 1 };
  const server = await startTestServer({ config: cheap });
  const store = await openStore(server.database, { now: () => new Date() });
  const author = { name: 'test', at: new Date() };
  const administration = { store, author, server: { config: cheap } } as unknown as Parameters<typeof addAccount>[0];
  await addAccount(administration, { name: 'anna', role: 'administrator', password });
  const foreign = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'));
  await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  const evil = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`;
  const browser = await chromium.launch({
    executablePath: process.env.MOULT_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  try {
    const page = await browser.newPage();
    const names = async () => (await store.loadGroups()).map(({ name }) => name).sort();
    const before = await names();
    // As a page of the server does it, with the cookies of the browser.
    const post = async (path: string, data: unknown) => {
      const headers = { 'sec-fetch-site': 'same-origin' };
      return (await page.context().request.post(`${server.url}${path}`, { headers, data })).status();
    };
    assert.equal(await post('/api/v1/session', { name: 'anna', password }), 200);

    const sent: string[] = [];
    page.on('response', async (response) => {
      const request = response.request();
      const { cookie = '' } = await request.allHeaders();
      if (request.url().includes('/api/v1/')) sent.push(`${request.method()} ${response.status()} ${cookie !== ''}`);
    });
    await page.goto(evil);
    const tries = await page.evaluate(async (url) => {
      const body = JSON.stringify({ name: 'Evil' });
      const found: string[] = [];
      for (const more of [
        { mode: 'no-cors' as const, method: 'POST', body },
        { mode: 'no-cors' as const, method: 'POST', body: new Blob([body], { type: 'text/plain' }) },
        { mode: 'cors' as const, method: 'POST', body, headers: { 'content-type': 'application/json' } },
        { mode: 'cors' as const, method: 'DELETE' },
        { mode: 'cors' as const, method: 'GET' },
      ]) {
        try {
          const answer = await fetch(`${url}/api/v1/groups`, { ...more, credentials: 'include' });
          found.push(`${answer.type} ${await answer.text()}`);
        } catch {
          found.push('refused');
        }
      }
      return found;
    }, server.url);
    assert.deepEqual(tries, Array(5).fill('refused'));
    // A form goes with the page: the cookie comes along.
    await page.setContent(
      `<form method="post" enctype="text/plain" action="${server.url}/api/v1/groups"><input name='{"name":"Evil","x":"' value='"}'></form>`,
    );
    await Promise.all([page.waitForURL(`${server.url}/**`), page.evaluate('document.forms[0].submit()')]);
    assert.match(await page.content(), /API_CROSS_SITE/);
    assert.ok(
      sent.some((one) => one.startsWith('POST 403 true')),
      sent.join(),
    );
    assert.ok(!sent.some((one) => /^(?:POST|DELETE) 2/.test(one)), sent.join());
    assert.deepEqual(await names(), before);

    assert.equal(await post('/api/v1/groups', { name: 'Mine' }), 201, 'the session was good all the time');
  } finally {
    await browser.close();
    foreign.close();
    foreign.closeAllConnections();
    await store.close();
    await server.stop();
  }
});
