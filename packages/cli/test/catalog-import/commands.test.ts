// moult catalog and moult publish as commands: arguments in, output and exit code out.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '@moult/store';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';

const program = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const captures = fileURLToPath(new URL('../../../../fixtures/captures/wsus-m0-wsusss/', import.meta.url));
const engine = 'ff36f0b5-dded-4780-8664-cd78af8b62c1';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-catalog-test-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function moult(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', cwd: folder });
}

/** What the first start of a server makes: a database and keys. */
async function serverIn(name: string): Promise<string> {
  const dataDir = join(folder, name);
  const now = new Date();
  await loadOrCreateOperatorKeys(dataDir, { now, isClockBelieved: true });
  await (await openStore(join(dataDir, 'moult.sqlite'), { now: () => now })).close();
  return dataDir;
}

describe('moult catalog', () => {
  it('imports, lists, shows and prints fragments as clients get them', async () => {
    const data = ['--data-dir', await serverIn('data')];
    const imported = JSON.parse(moult('catalog', 'import', join(captures, 'docs'), ...data, '--json').stdout);
    assert.deepEqual([imported.new, imported.refused, imported.setAside.length], [5, 0, 2]);
    assert.equal(JSON.parse(moult('catalog', 'list', ...data, '--type', 'Category', '--json').stdout).items.length, 3);
    const shown = JSON.parse(moult('catalog', 'show', engine.toUpperCase(), ...data, '--json').stdout);
    assert.deepEqual(
      [shown.updateId, shown.handler.program, shown.files[0].sizeBytes],
      [engine, 'AM_Engine.exe', 6662560],
    );
    const expected = readFileSync(join(captures, `wusp-reference/${engine}-r200.core.xml`), 'utf8').trimEnd();
    assert.equal(moult('catalog', 'fragment', `${engine}@200`, '--kind', 'core', '--raw', ...data).stdout, expected);
    assert.equal(
      moult('catalog', 'fragment', engine, '--kind', 'core', '--raw', '--from', join(captures, 'docs')).stdout,
      expected,
    );
  });

  it('answers wrong usage with exit code 2 and says what to do', () => {
    assert.equal(moult('catalog', 'show', 'nonsense', '--from', folder).status, 2);
    const unknown = moult('catalog', 'show', '00000000-0000-0000-0000-00000000abcd', '--from', folder);
    assert.equal(unknown.status, 1);
    assert.match(unknown.stderr, /CATALOG_NOT_FOUND/);
    assert.match(moult('catalog', 'list', '--data-dir', join(folder, 'nowhere')).stderr, /--data-dir/);
    assert.equal(existsSync(join(folder, 'nowhere')), false);
  });

  it('exits 1 when something was refused, and imports the rest', async () => {
    writeFileSync(join(folder, 'bad.xml'), '<a/>');
    const run = moult(
      'catalog',
      'import',
      join(folder, 'bad.xml'),
      join(captures, 'docs'),
      '--data-dir',
      await serverIn('rest'),
      '--json',
    );
    assert.equal(run.status, 1);
    assert.equal(JSON.parse(run.stdout).new, 5);
  });
});

describe('moult publish', () => {
  it('stores a signed cabinet, imports the documents, and refuses to publish one revision twice', async () => {
    writeFileSync(join(folder, 'setup.mjs'), 'process.exitCode = 0;\n');
    writeFileSync(
      join(folder, 'app.yaml'),
      'publisher: Contoso\nproduct: App\ntitle: App 1\nfiles: setup.mjs\ninstall: { program: setup.mjs }\ninstalled-when: { file-exists: { path: /opt/app } }\n',
    );
    const data = ['--data-dir', await serverIn('published')];
    const published = moult('publish', 'app.yaml', ...data, '--json');
    assert.equal(published.status, 0, published.stderr);
    const { updateId, files } = JSON.parse(published.stdout);
    const location = moult('catalog', 'fragment', updateId, '--kind', 'fileurl', ...data).stdout;
    const path = /\/Content\/[^<]+/.exec(location)?.[0] ?? '';
    const cabinet = join(folder, 'published', 'content', path.replace('/Content/', ''));
    assert.equal(readFileSync(cabinet).length, files[0].sizeBytes);
    assert.equal(moult('verify', cabinet, '--ca', join(folder, 'published', 'keys', 'operator-ca.cer.pem')).status, 0);
    const audit = JSON.parse(moult('events', '--kind', 'audit', ...data, '--json').stdout);
    assert.deepEqual(
      [audit.items[0].action, audit.items[0].subject],
      ['publish update', JSON.parse(published.stdout).updateId],
    );
    const again = moult('publish', 'app.yaml', ...data);
    assert.deepEqual([again.status, /revision: 2/.test(again.stderr)], [1, true]);
  });

  it('writes documents that import elsewhere with the same fragments', async () => {
    assert.equal(moult('publish', 'app.yaml', '--data-dir', join(folder, 'published'), '--out', 'out').status, 0);
    const run = moult('catalog', 'import', 'out', '--data-dir', await serverIn('elsewhere'), '--json');
    // The cabinet beside the documents is payload: it is passed over, not refused.
    assert.deepEqual([JSON.parse(run.stdout).new, JSON.parse(run.stdout).refused], [4, 0]);
    assert.equal(readdirSync(join(folder, 'out')).length, 5);
  });
});
