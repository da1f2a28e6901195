// What the server signs of its updates, as an agent's client reads it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { buildDocuments, parsePublication, publicationId } from '@moult/catalog/publication';
import { readOurTarget, type TargetFile, type UpdateTarget } from '@moult/releases/metadata';
import { coverUpdates, ensureRepository, placeFiles, Repository, readKeyFile } from '@moult/releases/repository';
import { importDocuments } from '../../../store/src/catalog/import.ts';
import { openLiveCatalog } from '../../../store/src/catalog/live-catalog.ts';
import { allComputers, openStore, unassignedComputers } from '../../../store/src/index.ts';
import { keepCovered } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-covered-'));
const closes: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closes) await close();
  rmSync(folder, { recursive: true, force: true });
});
const now = new Date('2026-12-01T12:00:00Z');
const author = { name: 'test', at: now };
let serial = 0;

async function newServer({ isClockBelieved = true } = {}) {
  const directory = join(folder, `${++serial}`);
  ensureRepository(directory, now);
  const store = await openStore(':memory:', { now: () => now });
  const catalog = await openLiveCatalog(store, { unapproved: 'report', freshMs: 1 });
  const warnings: string[] = [];
  const log = {
    info: () => undefined,
    warn: (text: string) => void warnings.push(text),
    error: (e: unknown) => void warnings.push(String(e)),
  };
  const keeper = keepCovered({
    ...{ directory, store, catalog, now: () => now, log: log as never, changed: () => undefined, everyMs: 0 },
    isClockBelieved: () => isClockBelieved,
  });
  closes.push(async () => {
    await keeper.close();
    await store.close();
  });
  const publish = async (yaml: string) => {
    const publication = parsePublication(yaml);
    const bytes = Buffer.from(yaml);
    const digest = (name: string) => createHash(name).update(bytes).digest('base64');
    const file = { sha1: digest('sha1'), sha256: digest('sha256'), sizeBytes: bytes.length, modified: now };
    const files = publication.install ? [{ ...file, fileName: `${publicationId(publication)}.cab` }] : [];
    await importDocuments(store, buildDocuments(publication, files, now), now);
    return publicationId(publication) as string;
  };
  const decide = async (updateId: string, groupId: string, action: 'Install' | 'Uninstall' | 'Block' | 'Inherit') =>
    store.deploy({ updateId, groupId, action, deadline: undefined, administrator: 'test' }, now);
  return { directory, store, keeper, warnings, publish, decide };
}

const command = (title: string) =>
  `{ publisher: P, product: A, title: ${title}, files: [a.mjs], install: { program: a.mjs, arguments: --q, return-codes: { 0: succeeded, 3010: 'succeeded, reboot' } }, installed-when: { file-exists: { path: /x } } }`;
const ruled = (title: string) =>
  `{ publisher: P, product: A, title: ${title}, installed-when: { command-exit: { program: /usr/bin/x } } }`;

/** What is published of the role, by path. */
function signed(directory: string): Map<string, UpdateTarget> {
  const { targets } = new Repository(directory).state().published.targets.get('updates')?.signed ?? { targets: {} };
  return new Map(
    Object.entries<TargetFile>(targets).map(([path, file]) => [path, readOurTarget(path, file) as UpdateTarget]),
  );
}

function versions(directory: string, role: string): number {
  const names = readdirSync(join(directory, 'public', 'metadata'));
  return Math.max(...names.flatMap((name) => (name.endsWith(`.${role}.json`) ? [Number.parseInt(name, 10)] : [])));
}

const groupsOf = (target: UpdateTarget | undefined) =>
  target?.approvals.map(({ group, action }) => `${action} ${group}`);

describe('what the server signs of its updates', () => {
  it('is the core fragment, the files, the command and the approvals', async () => {
    const { directory, store, keeper, publish, decide } = await newServer();
    const id = await publish(command('One'));
    await decide(id, allComputers, 'Install');
    await keeper.look();
    const path = `updates/${id}/1`;
    const one = signed(directory).get(path);
    assert.deepEqual([one?.program, one?.arguments, groupsOf(one)], ['a.mjs', '--q', ['install All Computers']]);
    assert.deepEqual(one?.returnCodes[1], { code: 3010, result: 'succeeded', reboot: true });
    const [revision] = await store.findRevisions(id);
    const core = (await store.loadFragments('core', [revision?.revisionId ?? 0])).get(revision?.revisionId ?? 0) ?? '';
    const file = new Repository(directory).state().published.targets.get('updates')?.signed.targets[path];
    assert.equal(file?.hashes.sha256, createHash('sha256').update(core).digest('hex'));
    const folderOfFile = join(directory, 'public', 'targets', 'updates', id);
    assert.equal(readFileSync(join(folderOfFile, readdirSync(folderOfFile)[0] ?? ''), 'utf8'), core);
  });

  it('many decisions in one go are one version, and none is none', async () => {
    const { directory, keeper, publish, decide } = await newServer();
    for (let number = 0; number < 30; number += 1)
      await decide(await publish(command(`U${number}`)), allComputers, 'Install');
    const before = [versions(directory, 'updates'), versions(directory, 'snapshot')];
    await keeper.look();
    assert.equal(signed(directory).size, 30);
    assert.deepEqual(
      [versions(directory, 'updates'), versions(directory, 'snapshot')],
      before.map((one) => one + 1),
    );
    await keeper.look();
    assert.deepEqual(
      [versions(directory, 'updates'), versions(directory, 'snapshot')],
      before.map((one) => one + 1),
    );
  });

  it('groups inherit, and what was blocked, taken back or declined is not approved', async () => {
    const { directory, store, keeper, publish, decide } = await newServer();
    const id = await publish(command('One'));
    const at = async () => {
      await keeper.look();
      return groupsOf(signed(directory).get(`updates/${id}/1`));
    };
    const servers = await store.createGroup('Servers', undefined, author);
    const web = await store.createGroup('Web', 'Servers', author);
    await store.createGroup('Desktops', undefined, author);
    await decide(id, servers.groupId, 'Install');
    assert.deepEqual(await at(), ['install Servers', 'install Web']);
    await decide(id, web.groupId, 'Block');
    assert.deepEqual(await at(), ['install Servers']);
    await decide(id, web.groupId, 'Inherit');
    await decide(id, unassignedComputers, 'Uninstall');
    assert.deepEqual(
      await at(),
      ['install Servers', 'uninstall Unassigned Computers', 'install Web'].sort((a, b) =>
        (a.split(' ')[1] ?? '') < (b.split(' ')[1] ?? '') ? -1 : 1,
      ),
    );
    await store.setDeclined(id, true, author);
    assert.equal(await at(), undefined);
    await store.setDeclined(id, false, author);
    await decide(id, unassignedComputers, 'Inherit');
    assert.deepEqual(await at(), ['install Servers', 'install Web']);
  });

  it("rules of Moult's own are covered before anybody approves; the command they would run waits for approval", async () => {
    const { directory, keeper, publish, decide } = await newServer();
    const id = await publish(ruled('One'));
    await keeper.look();
    assert.deepEqual(groupsOf(signed(directory).get(`updates/${id}/1`)), []);
    assert.equal(signed(directory).get(`updates/${id}/1`)?.program, undefined);
    await decide(id, allComputers, 'Install');
    await keeper.look();
    assert.deepEqual(groupsOf(signed(directory).get(`updates/${id}/1`)), ['install All Computers']);
  });

  it('the newest revision is meant, and the one before is covered no longer', async () => {
    const { directory, keeper, publish, decide } = await newServer();
    const id = await publish(command('One'));
    await decide(id, allComputers, 'Install');
    await keeper.look();
    await publish(command('One').replace('{ publisher', '{ revision: 2, publisher'));
    await keeper.look();
    assert.deepEqual([...signed(directory).keys()], [`updates/${id}/2`]);
  });

  it('what an operator added by hand stays', async () => {
    const { directory, keeper, publish, decide } = await newServer();
    const ours: UpdateTarget = {
      ...{ kind: 'update', updateId: '01234567-89ab-cdef-0123-456789abcdef', revision: 1, files: [] },
      ...{ arguments: '', returnCodes: [], approvals: [] },
    };
    const path = `updates/${ours.updateId}/1`;
    new Repository(directory).add('updates', path, Buffer.from('rules'), ours, now);
    await decide(await publish(command('One')), allComputers, 'Install');
    await keeper.look();
    assert.equal(signed(directory).size, 2);
    assert.ok(signed(directory).has(path));
  });

  it('waits for the signature when the key is elsewhere, says so, and is published with it', async () => {
    const { directory, keeper, publish, decide } = await newServer();
    const keys = join(directory, 'keys');
    const name = readdirSync(keys).find((one) => one.startsWith('updates-')) ?? '';
    renameSync(join(keys, name), join(folder, name));
    const id = await publish(command('One'));
    await decide(id, allComputers, 'Install');
    await keeper.look();
    assert.equal(signed(directory).size, 0);
    assert.match(keeper.notices()[0]?.headline ?? '', /wait for a signature/);
    assert.match(keeper.notices()[0]?.cause ?? '', /server updates/);
    const repository = new Repository(directory);
    repository.signWith(readKeyFile(readFileSync(join(folder, name), 'utf8'), name));
    repository.publish(now);
    assert.ok(signed(directory).has(`updates/${id}/1`));
    await decide(id, unassignedComputers, 'Inherit');
    await keeper.look();
    assert.deepEqual(keeper.notices(), []);
  });

  it('goes on beside a root that waits for signatures', async () => {
    const { directory, keeper, publish, decide } = await newServer();
    const repository = new Repository(directory);
    repository.renew('root', now);
    await decide(await publish(command('One')), allComputers, 'Install');
    await keeper.look();
    assert.equal(signed(directory).size, 1);
    assert.ok(repository.state().staged.root, 'the root still waits');
  });

  it('nothing is signed while the clock is not believed', async () => {
    const { directory, keeper, publish, decide } = await newServer({ isClockBelieved: false });
    await decide(await publish(command('One')), allComputers, 'Install');
    await keeper.look();
    assert.equal(signed(directory).size, 0);
  });

  it('an update that cannot be signed keeps no other from it, and is told', async () => {
    const { directory, keeper, publish, decide, warnings } = await newServer();
    const long = await publish(command('Long').replace('--q', `--q ${'x'.repeat(9000)}`));
    const other = await publish(command('Other'));
    for (const id of [long, other]) await decide(id, allComputers, 'Install');
    await keeper.look();
    assert.deepEqual([...signed(directory).keys()], [`updates/${other}/1`]);
    assert.match(warnings.join(), new RegExp(long));
    assert.match(keeper.notices()[0]?.headline ?? '', /do not install some approved updates/);
  });

  it('10,000 covered updates are within what clients take', async () => {
    const directory = join(folder, `${++serial}`);
    ensureRepository(directory, now);
    const hex = (number: number) => number.toString(16).padStart(12, '0');
    const one = (number: number): [string, { bytes: Uint8Array; ours: UpdateTarget }] => {
      const updateId = `01234567-89ab-cdef-0123-${hex(number)}`;
      const file = { name: `${updateId}_1.cab`, length: 1_000_000, sha256: 'a'.repeat(64) };
      const codes = [0, 3010].map((code) => ({ code, result: 'succeeded' as const, reboot: code > 0 }));
      const ours: UpdateTarget = {
        ...{
          kind: 'update',
          updateId,
          revision: 200,
          files: [file],
          program: 'setup.exe',
          arguments: '/quiet /norestart',
        },
        ...{ returnCodes: codes, otherwise: { result: 'failed', reboot: false } },
        approvals: [{ group: 'All Computers', action: 'install' }],
      };
      return [`updates/${updateId}/200`, { bytes: Buffer.from('rules'), ours }];
    };
    const wanted = new Map(Array.from({ length: 10_000 }, (_, number) => one(number)));
    await placeFiles(directory, wanted);
    assert.equal(coverUpdates(directory, wanted, now).state, 'published');
    const bytes = readFileSync(join(directory, 'public', 'metadata', `${versions(directory, 'updates')}.updates.json`));
    assert.ok(bytes.length < 8_000_000, `${bytes.length} bytes`);
    assert.equal(coverUpdates(directory, wanted, now).state, 'unchanged');
    assert.ok(existsSync(join(directory, 'public', 'metadata', 'timestamp.json')));
  });
});
