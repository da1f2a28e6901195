// Pipes and links in the place of the server's own files: nothing waits, nothing is followed to a file of somebody else.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { downloadTarget } from '@moult/releases/client';
import { Repository } from '@moult/releases/repository';
import { takeGuard } from '../../store/src/data-dir/guard.ts';
import { tightenDataDir } from '../../store/src/data-dir/tighten.ts';
import { createLogFile } from '../src/http/access-log/log-file.ts';
import { openRotatingFile } from '../src/log/rotating-file.ts';
import { moult, startServe } from './serve-process.ts';

let folder: string;
let used: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-planted-'));
  used = join(folder, 'used');
  await (await startServe(['--data-dir', used])).stop();
});
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

let count = 0;
/** A copy of the data directory with this in the place of one of its files. */
function withPlanted(name: string, plant: (path: string) => void): string {
  const dataDir = join(folder, `planted-${++count}`);
  cpSync(used, dataDir, { recursive: true });
  rmSync(join(dataDir, name), { recursive: true, force: true });
  mkdirSync(join(dataDir, name, '..'), { recursive: true, mode: 0o700 });
  plant(join(dataDir, name));
  return dataDir;
}

/** The file of a role that is in force. */
function newestOf(role: string): string {
  const versions = readdirSync(join(used, 'trust', 'public', 'metadata'))
    .filter((name) => name.endsWith(`.${role}.json`))
    .map((name) => Number.parseInt(name, 10));
  return `${Math.max(...versions)}.${role}.json`;
}

const pipe = (path: string) => void execFileSync('mkfifo', ['-m', '600', path]);

/** Starts a server and asks it to end when it is ready. What does not end is killed: `SIGKILL`. */
function serveOnce(dataDir: string): Promise<{ end: number | string | null; said: string }> {
  return new Promise((resolve) => {
    const flags = ['--host', '127.0.0.1', '--port', '0', '--self-update-port', 'off', '--data-dir', dataDir];
    const child = spawn(process.execPath, [moult, 'serve', ...flags]);
    const patience = setTimeout(() => child.kill('SIGKILL'), 60_000);
    let said = '';
    child.stderr.on('data', (piece) => {
      said += piece;
    });
    child.stdout.on('data', (piece) => {
      if (/^ready /m.test(String(piece))) child.kill('SIGTERM');
    });
    child.once('close', (code, signal) => {
      clearTimeout(patience);
      resolve({ end: signal ?? code, said });
    });
  });
}

describe('a pipe in the place of a file', () => {
  it('keeps no start waiting: it goes on, or ends with the name of the file', async () => {
    const cases: [name: string, end: number, said: RegExp | undefined][] = [
      ['clock.json', 0, undefined],
      ['audit-head.json', 0, undefined],
      ['moult.lock', 0, undefined],
      ['restoring/journal.json', 0, /cut off/],
      ['keys/next/change.json', 0, undefined],
      [`trust/public/metadata/${newestOf('agent')}`, 0, /agent\.json is a link, a pipe/],
      ['trust/public/metadata/timestamp.json', 0, /timestamp\.json is a link, a pipe/],
      ['moult.guard', 1, /SERVER_DATA_DIR.*moult\.guard is a named pipe/],
      ['keys.guard', 1, /keys\.guard is a named pipe/],
      ['keys/cookie.key', 1, /cookie\.key is a named pipe/],
      ['keys/operator-ca.cer.pem', 1, /operator-ca\.cer\.pem is a named pipe/],
    ];
    const waiting = [...cases];
    const work = async () => {
      for (let one = waiting.shift(); one; one = waiting.shift()) {
        const [name, end, said] = one;
        const ended = await serveOnce(withPlanted(name, pipe));
        assert.equal(ended.end, end, `${name}: ${ended.said}`);
        if (said) assert.match(ended.said, said);
      }
    };
    await Promise.all([work(), work()]);
  });

  it('is no log, and no key or metadata of a repository', async () => {
    const logs = withPlanted('logs/moult.log', pipe);
    const parts = { folder: join(logs, 'logs'), now: () => new Date(), retention: undefined };
    assert.throws(() => openRotatingFile(parts), /ENXIO/);
    const trust = new Repository(join(withPlanted('trust/keys/root-000000000000.key', pipe), 'trust'));
    assert.throws(
      () => trust.renewOnline(new Date(Date.now() + 8 * 86_400_000)),
      /root-000000000000\.key is a link, a pipe/,
    );
    const troubles: string[] = [];
    const access = join(withPlanted('logs/W3SVC1/u_ex261201.log', pipe), 'logs', 'W3SVC1');
    const onTrouble = (message: string) => void troubles.push(message);
    const log = createLogFile({ folder: access, directives: () => '', remark: () => undefined, onTrouble });
    log.append('261201', 'a line\n');
    await log.close();
    assert.match(troubles.join(), /DISK_NOT_A_FILE/);
  });
});

describe('a data directory', () => {
  it('that belongs to another user is said: its owner can replace the keys', () => {
    const dataDir = join(folder, 'of-another');
    mkdirSync(dataDir, { mode: 0o700 });
    const own = process.geteuid?.();
    // Nothing on Windows, where folders have no such owner.
    if (own === undefined) return assert.deepEqual(tightenDataDir(dataDir, undefined), []);
    if (own === 0) chownSync(dataDir, 1000, 1000);
    const owner = statSync(dataDir).uid;
    assert.match(tightenDataDir(dataDir, undefined, owner + 1)[0]?.headline ?? '', /belongs to another user/);
    assert.deepEqual(tightenDataDir(dataDir, undefined, owner), []);
    assert.deepEqual(tightenDataDir(dataDir, undefined, 0), []);
  });
});

describe('a link in the place of a file', () => {
  const victim = () => join(folder, 'victim');
  const link = (path: string) => {
    writeFileSync(victim(), 'of somebody else', { mode: 0o644 });
    symlinkSync(victim(), path);
  };
  const isUntouched = () => {
    assert.equal(readFileSync(victim(), 'utf8'), 'of somebody else');
    assert.equal(statSync(victim()).mode & 0o777, 0o644);
  };

  it('gives no lock, and what it leads to keeps its mode', () => {
    const dataDir = withPlanted('backup.guard', link);
    assert.throws(() => takeGuard(join(dataDir, 'backup.guard')), /ELOOP/);
    isUntouched();
  });

  it('takes no log lines to where it leads', async () => {
    const parts = { now: () => new Date(), retention: undefined };
    assert.throws(
      () => openRotatingFile({ ...parts, folder: join(withPlanted('logs/moult.log', link), 'logs') }),
      /ELOOP/,
    );
    isUntouched();
  });

  it('beside a download is never written into', async () => {
    const file = join(folder, 'downloaded');
    link(`${file}.part`);
    const sha256 = '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae';
    const target = { path: 'a.cab', file: { length: 3, hashes: { sha256 } } };
    await downloadTarget(target as never, file, {
      fetch: async ({ receive }) => {
        receive(Buffer.from('foo'), { offset: 0 });
        return { offset: 0 };
      },
      ...{ targetUrls: ['http://server/'], consistent: false, keepPartial: true },
    });
    assert.equal(readFileSync(file, 'utf8'), 'foo');
    isUntouched();
  });
});
