// Every operation on a repository, ended at each of its changes to the disk: killed there, or with a disk that is full from
// there on. Clients go on, no key is lost or left over, and the same operation again comes to its end.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before as beforeAll, describe, it } from 'node:test';
import { isReleaseError } from '../src/errors.ts';
import type { UpdateTarget } from '../src/metadata/index.ts';
import {
  createDefault,
  createRepository,
  encodeKeyFile,
  follow,
  generateKey,
  offlineRoles,
  Repository,
  rehearse,
} from '../src/repository/index.ts';
import { coverUpdates } from '../src/repository/updates-role.ts';
import { onEndingDisk, withoutSyncs } from './ending-disk.ts';
import { inDays, newDefault, newFolder, path, publishRelease, release, start } from './repository-cases.ts';

interface Operation {
  /** What it is done on; undefined: an empty folder. */
  before: string | undefined;
  work(directory: string): void;
}

after(withoutSyncs());
const now = inDays(1);
const people = ['alice', 'bob', 'carol'].map((owner) => generateKey(owner));
const mallory = generateKey('mallory');
const published = newDefault();
publishRelease(published);
const withPeople = newFolder();
const setup = { keys: people, threshold: 2 };
createRepository(withPeople, { root: setup, targets: setup, agent: setup, updates: setup }, start);
const finish = (repository: Repository) => {
  repository.signWithOwnKeys();
  repository.publish(now);
};
const onPublished = (work: (repository: Repository) => void): Operation => ({
  before: published.folder.directory,
  work: (directory) => work(new Repository(directory)),
});
const bytes = Buffer.from('another release');
const update: UpdateTarget = {
  ...{ kind: 'update', updateId: '11111111-1111-4111-8111-111111111111', revision: 1, files: [] },
  ...{ arguments: '', returnCodes: [], approvals: [] },
};
const operations: Record<string, Operation> = {
  init: { before: undefined, work: (directory) => void createDefault(directory, now) },
  'init with keys of people': {
    before: undefined,
    work: (directory) =>
      createRepository(directory, { root: setup, targets: setup, agent: setup, updates: setup }, now),
  },
  'sign and publish': {
    before: withPeople,
    work(directory) {
      const repository = new Repository(directory);
      for (const key of people.slice(0, 2)) {
        try {
          repository.signWith(key);
        } catch (error) {
          if (!isReleaseError(error, 'RELEASE_SIGNER_REPEATED') && !isReleaseError(error, 'RELEASE_NOT_STAGED'))
            throw error;
        }
      }
      repository.publish(now);
    },
  },
  'add and publish': onPublished((repository) => {
    repository.add('agent', 'agent/wsus/0-7.9.0.3-any.cab', bytes, { ...release, version: '7.9.0.3' }, now);
    finish(repository);
  }),
  'recall and publish': onPublished((repository) => {
    repository.recall(path, { at: now.toISOString(), reason: 'x' }, now);
    finish(repository);
  }),
  'renew and publish': onPublished((repository) => {
    for (const role of ['root', 'agent'] as const) repository.renew(role, now);
    finish(repository);
  }),
  'rotate the online keys and publish': onPublished((repository) => {
    repository.renewOnlineKeys(now);
    finish(repository);
  }),
  'rotate root and publish': onPublished((repository) => {
    repository.changeKeys('root', { add: [mallory] }, now);
    finish(repository);
  }),
  'revoke an online key and publish': onPublished((repository) => {
    const [keyid = ''] = published.keysOf('timestamp')?.roleKeys.keyids ?? [];
    try {
      repository.revoke(keyid, undefined, now);
    } catch (error) {
      if (!isReleaseError(error, 'RELEASE_KEY_UNKNOWN')) throw error;
    }
    finish(repository);
  }),
  "the server's renewal": onPublished((repository) => void repository.renewOnline(inDays(10))),
  "the server's list of updates": {
    before: published.folder.directory,
    work(directory) {
      const wanted = new Map([[`updates/${update.updateId}/1`, { bytes, ours: update }]]);
      coverUpdates(directory, wanted, now);
    },
  },
};

const namesIn = (folder: string) =>
  existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];

/** Key files that no role names: a key of an online role may wait for the next publication of the root. */
function strayKeys(directory: string): string[] {
  const repository = new Repository(directory);
  const named = new Set(
    [...offlineRoles, 'snapshot', 'timestamp'].flatMap((role) => repository.keysOf(role)?.roleKeys.keyids ?? []),
  );
  return repository.folder
    .keys()
    .filter(({ keyid }) => !named.has(keyid))
    .map(({ owner, keyid }) => `${owner} ${keyid.slice(0, 6)}`);
}

for (const how of ['killed', 'full'] as const) {
  describe(how === 'killed' ? 'killed at each change' : 'with a disk that is full from each change on', () => {
    for (const [name, { before, work }] of Object.entries(operations)) {
      it(name, async () => {
        for (let at = 0; ; at += how === 'killed' ? 1 : 3) {
          const directory = newFolder();
          if (before) cpSync(before, directory, { recursive: true });
          const { changes, error } = await onEndingDisk(at, how, () => work(directory));
          if (at >= changes) {
            assert.equal(error, undefined);
            assert.ok(at > 3, `${name} changes the disk`);
            break;
          }
          const place = `${name}, ${how} at ${at}`;
          if (how === 'full' && error)
            assert.match(String(error), /cannot be changed: the disk is full \(ENOSPC/, place);
          const isPublished = existsSync(join(directory, 'public', 'metadata', '1.root.json'));
          if (isPublished)
            await follow(new Repository(directory), 1, inDays(10)).catch((cause) =>
              assert.fail(`${place}: clients: ${cause.stack}`),
            );
          if (existsSync(join(directory, 'keys'))) new Repository(directory).state();
          try {
            work(directory);
          } catch (again) {
            if (!isReleaseError(again, 'RELEASE_REPOSITORY_EXISTS'))
              assert.fail(`${place}: again: ${(again as Error).stack}`);
            // What init left: signed and published by the next command or the next start of the server.
            if (!name.includes('people')) finish(new Repository(directory));
          }
          if (name !== 'init with keys of people')
            await follow(new Repository(directory), 1, inDays(10)).catch((cause) =>
              assert.fail(`${place}: clients afterwards: ${cause.stack}`),
            );
          assert.deepEqual(
            namesIn(directory).filter((one) => one.endsWith('.new')),
            [],
            `${place}: drafts`,
          );
          assert.deepEqual(strayKeys(directory), [], `${place}: stray keys`);
        }
      });
    }
  });
}

describe('a rehearsal', () => {
  const temp = newFolder();
  const tempBefore = process.env.TMPDIR;
  beforeAll(() => {
    mkdirSync(temp);
    process.env.TMPDIR = temp;
  });
  after(() => {
    if (tempBefore === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = tempBefore;
  });
  const secretsIn = (folder: string) =>
    namesIn(folder).filter((name) => /\.key(\.new)?$/.test(name) || /signing-key/.test(textOf(join(folder, name))));
  const textOf = (file: string) => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return ''; // a folder
    }
  };

  it('that is killed at any place leaves no key in the temporary folder', async () => {
    assert.equal(tmpdir(), temp);
    const before = namesIn(published.folder.directory).sort();
    for (let at = 0; ; at++) {
      const { changes } = await onEndingDisk(at, 'killed', () => rehearse(published.folder.directory, [mallory], now));
      assert.deepEqual(secretsIn(temp), [], `killed at ${at}`);
      for (const name of readdirSync(temp)) rmSync(join(temp, name), { recursive: true });
      if (at >= changes) break;
      assert.ok(at < 500);
    }
    assert.deepEqual(namesIn(published.folder.directory).sort(), before);
  });

  it('takes away what those before left, and nothing of a rehearsal that runs', async () => {
    const make = (name: string, hoursOld: number) => {
      mkdirSync(join(temp, name, 'keys'), { recursive: true });
      writeFileSync(join(temp, name, 'keys', 'root-000000000000.key'), encodeKeyFile(mallory));
      const at = new Date(Date.now() - hoursOld * 3_600_000);
      utimesSync(join(temp, name), at, at);
    };
    make('moult-rehearsal-4194305-abcdef', 0); // no process has such a number
    make('moult-rehearsal-oldone', 2);
    make('moult-rehearsal-newone', 0);
    make(`moult-rehearsal-${process.pid}-abcdef`, 48);
    const steps = await rehearse(published.folder.directory, [], new Date());
    assert.ok(steps.every(({ ok }) => ok));
    assert.deepEqual(readdirSync(temp).sort(), [`moult-rehearsal-${process.pid}-abcdef`, 'moult-rehearsal-newone']);
  });
});
