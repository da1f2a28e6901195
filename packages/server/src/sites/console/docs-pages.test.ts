// The documentation as the server shows it, in a real browser.
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkAccessibility, checkWidth, openBrowser } from './test/browser.ts';
import { startConsole } from './test/console-server.ts';

const { withPage } = openBrowser();

/** Together they have every element that a page can have. */
const coloured = ['index.md', 'doctor.md', 'agent.md', 'errors/server.md'];

/** Runs in the page. */
const keepSome = `function (rows, blocks) {
  for (const table of document.querySelectorAll('main tbody')) [...table.children].slice(rows).forEach((row) => row.remove());
  for (const list of document.querySelectorAll('main ul, main ol')) [...list.children].slice(rows).forEach((item) => item.remove());
  for (const part of document.querySelectorAll('main, main article')) [...part.children].slice(blocks).forEach((one) => one.remove());
}`;

it('every documentation page is accessible and fits a narrow screen', async () => {
  const pages = globSync('*.md', { cwd: fileURLToPath(new URL('../../../../../docs', import.meta.url)) });
  await withPage(
    {},
    async (page, server) => {
      for (const file of [...pages, 'errors/server.md']) {
        const answer = await page.goto(`${server.url}/docs/${file.replace(/(^index)?\.md$/, '')}`);
        assert.equal(answer?.status(), 200, file);
        await checkWidth(page);
        // Repeated rows and sections have one form: some of them stand for the rest, or Chromium judges for minutes.
        await page.evaluate(`(${keepSome})(12, 60)`);
        // All pages have the colours of one style sheet.
        await checkAccessibility(page, coloured.includes(file) ? [] : ['color-contrast']);
      }
    },
    { viewport: { width: 390, height: 800 } },
  );
});

it('serves the pictures of the documentation, and all its pages in one for the search of a browser', async () => {
  const server = await startConsole({});
  try {
    const picture = await fetch(`${server.url}/docs/pictures/home-light.png`);
    assert.deepEqual([picture.status, picture.headers.get('content-type')], [200, 'image/png']);
    const all = await (await fetch(`${server.url}/docs/all`)).text();
    for (const title of ['The doctor: why is this computer not updating?', 'Glossary', 'Threat model'])
      assert.match(all, new RegExp(`<h2 id="[^"]+">${title.replaceAll('?', '\\?')}</h2>`));
    const ids = [...all.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length, 'two parts with one anchor');
  } finally {
    await server.stop();
  }
});
