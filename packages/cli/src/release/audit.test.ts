import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openStore } from '@moult/store';
import { run } from '../run.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-release-audit-'));
const trust = join(folder, 'data', 'trust');
const database = join(folder, 'data', 'moult.sqlite');
const file = join(folder, 'agent.cab');
before(async () => {
  mkdirSync(join(folder, 'data'), { mode: 0o700 });
  writeFileSync(file, 'the release');
  await (await openStore(database, { now: () => new Date() })).close();
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function release(...words: string[]): Promise<string> {
  const lines: string[] = [];
  const { log, error } = console;
  console.log = console.error = (line = '') => void lines.push(String(line));
  try {
    await run(['release', ...words]);
  } finally {
    Object.assign(console, { log, error });
    process.exitCode = 0;
  }
  return lines.join('\n');
}

async function records() {
  const store = await openStore(database, { now: () => new Date() });
  try {
    return (await store.listAudit({ limit: 20 })).reverse();
  } finally {
    await store.close();
  }
}

describe('moult release in a data directory of a server', () => {
  it('leaves an audit record of each change, and none of what failed or was only looked at', async () => {
    await release('init', '--dir', trust);
    await release('add', file, '--dir', trust, '--release-version', '7.9.0.2', '--publish');
    await release('pin', '7.9.0.2', '--group', 'Pilot', '--dir', trust, '--publish');
    assert.match(await release('pin', '9.9.9.9', '--group', 'Pilot', '--dir', trust), /RELEASE_TARGET_UNKNOWN/);
    await release('recall', 'agent/wsus/0-7.9.0.2-any.cab', '--dir', trust, '--reason', 'it hangs', '--publish');
    await release('list', '--dir', trust);
    await release('status', '--dir', trust);
    const found = await records();
    assert.deepEqual(
      found.map(({ action, subject }) => [action, subject]),
      [
        ['make release repository', 'trust'],
        ['list release', file],
        ['pin release', '7.9.0.2'],
        ['recall release', 'agent/wsus/0-7.9.0.2-any.cab'],
      ],
    );
    assert.deepEqual(found[3]?.after, { reason: 'it hangs', publish: true });
    assert.ok(found.every(({ actor }) => actor !== ''));
  });

  it('pins a computer by its name, which the repository of a server alone knows', async () => {
    const computerId = '6f9619ff-8b86-d011-b42d-00c04fc964ff';
    await using store = await openStore(database, { now: () => new Date() });
    const computer = { computerId, dnsName: 'pc7.example.test', address: '192.0.2.7', requestedGroups: [] };
    await store.noteAuthorization({ ...computer, at: new Date() }, { assign: false });
    await store.close();
    await release('add', file, '--dir', trust, '--release-version', '7.9.0.4', '--publish');
    await release('pin', '7.9.0.4', '--computer', 'PC7', '--dir', trust, '--publish');
    assert.match(await release('list', '--dir', trust), new RegExp(`Computer ${computerId} has 7.9.0.4`));
    assert.match(
      await release('pin', '7.9.0.4', '--computer', 'nobody', '--dir', trust),
      /There is no computer "nobody"/,
    );
    await release('init', '--dir', join(folder, 'alone'));
    const alone = await release('pin', '7.9.0.4', '--computer', 'pc7', '--dir', join(folder, 'alone'));
    assert.match(alone, /is not a client id/);
  });

  it('makes the change, and says so, when the database is away', async () => {
    const away = ['--database', 'postgres://nobody@127.0.0.1:1/none'];
    const said = await release('unpin', '--group', 'Nobody', '--dir', trust, ...away);
    assert.match(said, /RELEASE_TARGET_UNKNOWN/);
    const made = await release('add', file, '--dir', trust, '--release-version', '7.9.0.3', '--publish', ...away);
    assert.match(made, /Published: agent/);
    assert.match(made, /The change is made, and there is no audit record of it/);
  });

  it('elsewhere asks for no database', async () => {
    const said = await release('init', '--dir', join(folder, 'small'));
    assert.doesNotMatch(said, /audit/);
  });
});
