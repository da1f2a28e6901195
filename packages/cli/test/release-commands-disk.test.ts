// moult release on a full disk, in a folder that takes no writes, for other users and twice at once: it says so, nothing is
// half-written, no key is lost or left over.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { follow, offlineRoles, Repository, readKeyFile, readPublicKey } from '@moult/releases/repository';
import { moult } from '../../server/test/serve-process.ts';
import { mountSmallDisk } from '../../server/test/small-disk.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-release-commands-'));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true, force: true }));
const isRoot = process.geteuid?.() === 0;
/** Debian's user `nobody`. */
const other = 65_534;
const release = join(folder, 'agent.cab');
writeFileSync(release, 'x'.repeat(200_000));

interface Outcome {
  code: number | null;
  output: string;
}

function run(parts: string[], options: { uid?: number; gid?: number } = {}): Promise<Outcome> {
  return ended(
    spawn(process.execPath, [moult, 'release', ...parts], { ...options, env: { ...process.env, HOME: folder } }),
  );
}

function ended(child: ChildProcess): Promise<Outcome> {
  let output = '';
  child.stdout?.on('data', (piece) => (output += piece));
  child.stderr?.on('data', (piece) => (output += piece));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

async function works(...parts: string[]): Promise<string> {
  const { code, output } = await run(parts);
  assert.equal(code, 0, output);
  return output;
}

const namesIn = (place: string) => readdirSync(place, { recursive: true, encoding: 'utf8' }).sort();
const drafts = (place: string) => namesIn(place).filter((name) => name.endsWith('.new') || name.endsWith('.making'));

/** Every key file is named by a role, and every role has its keys. */
function keysAreWhole(directory: string): void {
  const repository = new Repository(directory);
  const named = [...offlineRoles, 'snapshot', 'timestamp'].flatMap(
    (role) => repository.keysOf(role)?.roleKeys.keyids ?? [],
  );
  const here = repository.folder.keys().map(({ keyid }) => keyid);
  assert.deepEqual([...here].sort(), [...new Set(named)].sort());
}

describe('moult release', { concurrency: false }, () => {
  it('on a full disk says so, changes nothing that clients see, and works when there is room', async () => {
    const disk = mountSmallDisk(join(folder, 'disk'), 4);
    if (!disk) return;
    try {
      const directory = join(folder, 'disk', 'trust');
      disk.fill();
      const unmade = await run(['init', '--dir', directory]);
      assert.equal(unmade.code, 1, unmade.output);
      assert.match(
        unmade.output,
        /RELEASE_REPOSITORY_UNWRITABLE: The repository .*trust cannot be changed: the disk is full/,
      );
      assert.deepEqual(existsSync(directory) ? namesIn(directory).filter((name) => /key/.test(name)) : [], []);
      disk.free();
      await works('init', '--dir', directory);
      for (const parts of [
        ['add', release, '--release-version', '7.9.0.2', '--publish'],
        ['rotate', 'online', '--publish'],
        ['revoke', '--online', '--publish'],
        ['publish', '--renew'],
        ['recall', 'agent/wsus/0-7.9.0.2-any.cab', '--reason', 'x', '--publish'],
      ]) {
        disk.fill();
        const { code, output } = await run([...parts, '--dir', directory]);
        assert.equal(code, 1, `${parts[0]}: ${output}`);
        assert.match(output, /RELEASE_REPOSITORY_UNWRITABLE: .*the disk is full \(ENOSPC/, parts[0]);
        assert.deepEqual(drafts(directory), [], parts[0]);
        await follow(new Repository(directory), 1, new Date());
        assert.match((await run(['status', '--dir', directory])).output, /^timestamp +\d+ +13 days/m);
        disk.free();
        await works(...parts, '--dir', directory);
        await follow(new Repository(directory), 1, new Date());
        keysAreWhole(directory);
      }
    } finally {
      disk.unmount();
    }
  });

  it('in a folder that takes no writes reads and rehearses, and says why it cannot change it', async () => {
    const disk = mountSmallDisk(join(folder, 'still'), 4);
    if (!disk) return;
    try {
      const directory = join(folder, 'still', 'trust');
      await works('init', '--dir', directory);
      assert.equal(spawnSync('mount', ['-o', 'remount,ro', join(folder, 'still')]).status, 0);
      await works('list', '--dir', directory);
      assert.match(await works('rehearse', '--dir', directory), /^ok {4}a client with root 1 follows$/m);
      const { code, output } = await run(['publish', '--renew', '--dir', directory]);
      assert.equal(code, 1);
      assert.match(output, /RELEASE_REPOSITORY_UNWRITABLE: .*the file system is read-only \(EROFS/);
    } finally {
      disk.unmount();
    }
  });

  it('by root leaves everything to the owner of the folder, and a stranger is told whom to ask', async () => {
    if (!isRoot) return;
    const home = join(folder, 'home');
    mkdirSync(home, { mode: 0o700 });
    chownSync(home, other, other);
    const directory = join(home, 'trust');
    await works('init', '--dir', directory);
    await works('rotate', 'online', '--publish', '--dir', directory);
    await works('add', release, '--release-version', '7.9.0.2', '--dir', directory);
    const foreign = ['', ...namesIn(directory)].filter((name) => lstatSync(join(directory, name)).uid !== other);
    assert.deepEqual(foreign, [], 'the server of that user must read and write them');
    const asOwner = await run(['publish', '--dir', directory], { uid: other, gid: other });
    assert.equal(asOwner.code, 0, asOwner.output);

    const ours = join(folder, 'ours');
    await works('init', '--dir', ours);
    chmodSync(ours, 0o755);
    const stranger = await run(['publish', '--renew', '--dir', ours], { uid: other, gid: other });
    assert.equal(stranger.code, 1);
    assert.match(
      stranger.output,
      /RELEASE_REPOSITORY_UNWRITABLE: .*no access \(EACCES.*Run the command as the user that owns/,
    );
  });

  it('under any umask keeps keys and lock to their owner, and lets nobody write', async () => {
    const directory = join(folder, 'open');
    mkdirSync(directory, { mode: 0o755 });
    const made = spawnSync('sh', [
      '-c',
      `umask 000; exec "$0" "$@"`,
      process.execPath,
      moult,
      'release',
      'init',
      '--dir',
      directory,
    ]);
    assert.equal(made.status, 0, String(made.stderr));
    for (const name of namesIn(directory)) {
      const mode = lstatSync(join(directory, name)).mode & 0o777;
      assert.equal(mode & 0o022, 0, `${name} can be written by others`);
      if (/^(keys|lock)/.test(name)) assert.equal(mode & 0o077, 0, `${name} can be read by others`);
    }
  });

  it('init twice at once makes one repository, and no key but its own', async () => {
    const directory = join(folder, 'twice');
    const outcomes = await Promise.all([1, 2, 3].map(() => run(['init', '--dir', directory])));
    assert.equal(outcomes.filter(({ code }) => code === 0).length, 1, JSON.stringify(outcomes));
    for (const { code, output } of outcomes) if (code !== 0) assert.match(output, /RELEASE_REPOSITORY_(EXISTS|BUSY)/);
    keysAreWhole(directory);
    await follow(new Repository(directory), 1, new Date());
  });

  it('key twice at once makes one key; its halves belong together, and a missing public half is made again', async () => {
    const file = join(folder, 'alice.key');
    const make = () => run(['key', '--owner', 'alice', '--out', file]);
    await Promise.all([make(), make(), make()]);
    const halves = () => [
      readKeyFile(readFileSync(file, 'utf8'), file).keyid,
      readPublicKey(readFileSync(`${file}.pub`, 'utf8'), file).keyid,
    ];
    const [made, published] = halves();
    assert.equal(published, made);
    assert.match((await make()).output, /is there already/);
    rmSync(`${file}.pub`);
    assert.match((await run(['key', '--owner', 'bob', '--out', file])).output, /is the key of alice/);
    assert.equal((await make()).code, 0);
    assert.deepEqual(halves(), [made, made]);
    rmSync(`${file}.pub`);
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 100));
    assert.match((await make()).output, /is there already\. It is not a whole key/);
  });

  it('waits for no pipe and follows no link in the place of its lock', async () => {
    const directory = join(folder, 'planted');
    await works('init', '--dir', directory);
    const foreign = join(folder, 'foreign');
    writeFileSync(foreign, 'theirs', { mode: 0o644 });
    for (const [plant, told] of [
      [(place: string) => spawnSync('mkfifo', [place]), /a pipe is in the place of a file/],
      [(place: string) => symlinkSync(foreign, place), /a link is in the place of a file/],
    ] as const) {
      rmSync(join(directory, 'lock'));
      plant(join(directory, 'lock'));
      const { code, output } = await run(['publish', '--renew', '--dir', directory]);
      assert.equal(code, 1);
      assert.match(output, told);
    }
    assert.deepEqual([readFileSync(foreign, 'utf8'), lstatSync(foreign).mode & 0o777], ['theirs', 0o644]);
  });
});
