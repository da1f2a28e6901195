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

/** Runs in the page. Repeated rows and sections have one form: some stand for all, or Chromium judges for minutes. */
const keepSome = `function (rows, blocks) {
  for (const table of document.querySelectorAll('main tbody')) [...table.children].slice(rows).forEach((row) => row.remove());
  for (const list of document.querySelectorAll('main ul, main ol')) [...list.children].slice(rows).forEach((item) => item.remove());
  for (const part of document.querySelectorAll('main, main article')) [...part.children].slice(blocks).forEach((one) => one.remove());
}`;

/** Runs in the page: what all pages have around their title and body. */
const shell = `(() => {
  const around = document.documentElement.cloneNode(true);
  around.querySelector('title').textContent = '';
  around.querySelector('body').replaceChildren();
  return around.outerHTML;
})()`;

/** Runs in a page: shows the title and body of another one. */
const show = `(html) => {
  const { title, body } = new DOMParser().parseFromString(html, 'text/html');
  document.title = title;
  document.body.replaceWith(document.adoptNode(body));
}`;

it('every documentation page is accessible and fits a narrow screen', async () => {
  const pages = globSync('*.md', { cwd: fileURLToPath(new URL('../../../../../docs', import.meta.url)) });
  await withPage(
    {},
    async (page, server) => {
      // One page shows the bodies of all pages to axe, which is loaded once. What is around them is the same in all.
      const judged = await page.context().newPage();
      await judged.goto(`${server.url}/docs/`);
      const around = await judged.evaluate(shell);
      for (const file of [...pages, 'errors/server.md']) {
        const answer = await page.goto(`${server.url}/docs/${file.replace(/(^index)?\.md$/, '')}`);
        assert.equal(answer?.status(), 200, file);
        await checkWidth(page);
        assert.equal(await page.evaluate(shell), around, file);
        await page.evaluate(`(${keepSome})(12, 60)`);
        await judged.evaluate(`(${show})(${JSON.stringify(await page.content())})`);
        // All pages have the colours of one style sheet.
        await checkAccessibility(judged, coloured.includes(file) ? [] : ['color-contrast']);
      }
    },
    { viewport: { width: 390, height: 800 } },
  );
});

it('a page with a fault is complained about: before, between and after others that have none', async () => {
  await withPage({}, async (page, server) => {
    await page.goto(`${server.url}/docs/glossary`);
    const spoilt = async (spoil: string, mend: string, rules: string[] = []) => {
      await page.evaluate(`document.querySelector('main').${spoil}`);
      const said = await checkAccessibility(page, rules).then(String, String);
      await page.evaluate(`document.querySelector('main').${mend}`);
      return said;
    };
    const nameless = await spoilt(`insertAdjacentHTML('beforeend', '<button></button>')`, 'lastChild.remove()');
    assert.match(nameless, /button-name: <button>/);
    await checkAccessibility(page);
    const pale = await spoilt(`style.color = '#999'`, `style.color = ''`);
    assert.match(pale, /color-contrast: /);
    const other = await spoilt(`style.color = '#999'`, `style.color = ''`, ['color-contrast']);
    assert.equal(other, 'undefined');
    await checkAccessibility(page);
  });
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
