// No page that the server shows under /docs holds a {placeholder}.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { renderDocumentation } from '../packages/console/build-documentation.ts';
import { readPage } from './read-page.ts';

const documentation = fileURLToPath(new URL('../docs', import.meta.url));

test('the pages of findings are filled in, and no other page holds a placeholder', async () => {
  const pages = await renderDocumentation(documentation, '<title>%TITLE%</title>%CONTENT%', readPage);
  const findings = pages.filter(([path]) => path.startsWith('findings/'));
  assert.ok(findings.length > 150);
  for (const [path, html] of pages)
    assert.doesNotMatch(html.replaceAll(/<(pre|code)[\s\S]*?<\/\1>/g, ''), /(?<!\$)\{[a-z]\w*\}/, path);
  for (const [path, html] of findings) {
    assert.doesNotMatch(html, /\{\w+\}|undefined/, path);
    for (const title of ['Cause', 'Remedy', 'Seen'])
      assert.match(html, new RegExp(`<h2 id="[^"]+">${title}</h2>`), path);
  }
});

test('a page of a finding names the case in general', () => {
  const source = readFileSync(`${documentation}/findings/DOCTOR_ACCESS_DENIED.md`, 'utf8');
  assert.match(source, /^\{client\} may not write/m);
  assert.match(readPage('findings/DOCTOR_ACCESS_DENIED.md', source), /^The client may not write/m);
  assert.equal(readPage('doctor.md', '# {kept}'), '# {kept}');
});
