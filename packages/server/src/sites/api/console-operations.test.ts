// What can be clicked can be scripted: each action of the console is an operation of the API, by the name and address that
// the table of routes has; and each operation is in the console, or on the list of those that are not.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { operations } from '../../../../console/src/console/api/operations.ts';
import { de } from '../../../../console/src/console/words/de.ts';
import { en } from '../../../../console/src/console/words/en.ts';
import { routes } from './table.ts';

const folder = fileURLToPath(new URL('../../../../console/src/console', import.meta.url));
const sources = globSync('**/*.{ts,tsx}', { cwd: folder }).map((file) => ({
  file: file.replaceAll('\\', '/'),
  text: readFileSync(join(folder, file), 'utf8'),
}));

/** docs/console.md names them: there is no view for them yet, or programs are who needs them. */
const leftOut = [
  ...['addWebhook', 'listWebhookMessages', 'listWebhooks', 'removeWebhook', 'replayWebhookMessage', 'testWebhook'],
  ...['applyDefinitions', 'publishUpdate', 'publishWinget', 'setGroupZone', 'verifyAudit'],
  'importUpdate',
  ...['advanceReleaseRollout', 'enterReleaseRings', 'holdReleaseRollout', 'listReleaseRollouts', 'showReleaseRollout'],
  ...['fetchContent', 'planContent', 'purgeContent', 'verifyContent'],
  ...['clearTree', 'makeBackup', 'showBackups', 'verifyTree'],
  ...['listClones', 'showRequest'],
];

describe('the console and the API', () => {
  it('each operation of the console is in the table of routes, with the same address', () => {
    const known = new Map(routes.map(({ id, method, path }) => [id, `${method} ${path}`]));
    for (const [name, [method, path]] of Object.entries(operations)) assert.equal(`${method} ${path}`, known.get(name));
  });

  it('each operation of the API is in the console, or is left out by name', () => {
    const missing = routes.map(({ id }) => id).filter((id) => !Object.hasOwn(operations, id));
    assert.deepEqual(missing.sort(), [...leftOut].sort());
  });

  it('each operation that can wait for a second person or become a job has its name in words', () => {
    const named = routes.filter(({ twoPersons, isLong }) => twoPersons || isLong).map(({ id }) => id);
    for (const { jobs } of [en, de]) assert.deepEqual(Object.keys(jobs.names).sort(), named.toSorted());
  });

  it('each operation of the console is used by a view, and nothing else of it speaks HTTP', () => {
    for (const name of Object.keys(operations)) {
      const users = sources.filter(({ file, text }) => file !== 'api/operations.ts' && text.includes(`'${name}'`));
      assert.ok(users.length > 0, `nobody uses ${name}`);
    }
    const speaks = sources.filter(({ text }) =>
      /\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon)\(/.test(text),
    );
    assert.deepEqual(speaks.map(({ file }) => file).sort(), ['api/call.ts', 'api/live.ts']);
  });

  it('nothing of the console makes HTML or code of text', () => {
    const risky =
      /dangerouslySetInnerHTML|\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|javascript:/;
    assert.deepEqual(
      sources.filter(({ text }) => risky.test(text)).map(({ file }) => file),
      [],
    );
  });
});
