// What an administrator is told of computers that share or change their identity, and how one of them goes.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openStore, type Store } from '@moult/store';
import { run } from '../run.ts';

const cloned = '6f1d4f6e-0000-4000-8000-000000000001';
const changed = '6f1d4f6e-0000-4000-8000-000000000002';
const quiet = '6f1d4f6e-0000-4000-8000-000000000003';
const unknown = '6f1d4f6e-0000-4000-8000-000000000004';

let dataDir: string;
let store: Store;
before(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'moult-computers-'));
  store = await openStore(join(dataDir, 'moult.sqlite'), { now: () => new Date() });
  const start = Date.now() - 10_000;
  const call = (computerId: string, dnsName: string, second: number) =>
    store.noteAuthorization(
      { computerId, dnsName, address: '192.0.2.7', requestedGroups: [], at: new Date(start + second * 1000) },
      { assign: false },
    );
  await call(cloned, 'master', 0);
  await call(cloned, 'copy', 1);
  await call(cloned, 'master', 2);
  await call(changed, 'old-name', 0);
  await call(changed, 'new-name', 1);
  await call(quiet, 'quiet', 0);
  await store.recordReportingEvents([{ ...event, computerId: unknown }, event], new Date());
});
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('computers whose identity is in doubt', () => {
  it('are marked in the list, with what changed in their own page', async () => {
    const list = await moult('computers', 'list');
    const markOf = (id: string) =>
      /\b(shared|changed)\b/.exec(list.split('\n').find((line) => line.includes(id)) ?? '')?.[1];
    assert.deepEqual([cloned, changed, quiet].map(markOf), ['shared', 'changed', undefined]);
    const shown = await moult('computers', 'show', cloned);
    assert.match(shown, /Two computers used this identity at the same time.*moult computers clones/);
    assert.match(shown, /name +copy +master/);
    assert.doesNotMatch(await moult('computers', 'show', changed), /Two computers/);
  });

  it('are in the events, newest first, and in the status', async () => {
    const lines = (await moult('events', '--kind', 'identity')).split('\n').slice(1, -1);
    assert.deepEqual(
      lines.map((line) => / (name +\S+ +\S+)/.exec(line)?.[1]?.split(/ +/)),
      [
        ['name', 'copy', 'master'],
        ['name', 'old-name', 'new-name'],
        ['name', 'master', 'copy'],
      ],
    );
    assert.match(await moult('events', '--kind', 'identity', '--computer', 'new-name'), /old-name/);
    const status = await moult('status');
    assert.match(status, /identities +2 changed in 30 days: moult events --kind identity/);
    assert.match(status, /clones +1 identities are shared: moult computers clones/);
    assert.match(await moult('computers', 'clones'), /copy[\s\S]*master|master[\s\S]*copy/);
  });
});

describe('a computer that is removed', () => {
  it('takes its events along, is named by its id when only they are left, and is not there twice', async () => {
    assert.match(
      await moult('computers', 'remove', 'master'),
      /^master \(6f1d.*\) is forgotten, with 1 of its events and pings\.$/,
    );
    assert.match(
      await moult('computers', 'remove', `{${unknown.toUpperCase()}}`),
      /without a name .* with 1 of its events/,
    );
    assert.equal((await store.listReportingEvents({ limit: 10 })).length, 0);
    const asked = { code: process.exitCode };
    assert.match(await moult('computers', 'remove', unknown), /SERVER_NOT_FOUND/);
    assert.equal(process.exitCode, 1);
    process.exitCode = asked.code;
  });
});

const event = {
  ...{ instanceId: 'c0000000-0000-4000-8000-000000000001', computerId: cloned, timeAtTarget: new Date() },
  ...{ namespaceId: 1, eventNumber: 147, sourceId: 1, updateId: undefined, revisionNumber: 0, win32HResult: 0 },
  ...{ appName: '', replacementStrings: [], miscData: [] },
};

/** What a command prints, errors included. */
async function moult(...typed: string[]): Promise<string> {
  const lines: string[] = [];
  const { log, error } = console;
  console.log = console.error = (line: string) => lines.push(line);
  try {
    await run([...typed, '--data-dir', dataDir]);
  } finally {
    Object.assign(console, { log, error });
  }
  return lines.join('\n');
}
