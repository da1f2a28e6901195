// What other users of the machine could read, hold or break, and a database that is not what it was.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../../../scripts/wait-until.ts';
import { takeGuard } from '../../store/src/data-dir/guard.ts';
import { loadOrCreateOperatorKeys } from '../../store/src/keys/index.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { openSession } from './agent-session.ts';
import { startTestServer } from './test-server.ts';

const moult = fileURLToPath(new URL('../../cli/bin/moult.js', import.meta.url));
let folder: string;
/** A data directory whose server has worked. */
let used: string;
const running = new Set<ChildProcess>();
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-local-'));
  used = join(folder, 'used');
});
after(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Starts `moult serve`, with the umask 0; `work` is done when it is ready. Answers how it ended. */
async function serve(dataDir: string, flags: string[], work: (url: string) => Promise<void>): Promise<Ended> {
  const command = `umask 0; exec "$@"`;
  const more = ['serve', '--host', '127.0.0.1', '--port', '0', '--self-update-port', 'off', '--data-dir', dataDir];
  const child = spawn('sh', ['-c', command, 'sh', process.execPath, moult, ...more, ...flags]);
  running.add(child);
  const ended: Ended = { code: null, out: '', err: '' };
  child.stderr.on('data', (piece) => {
    ended.err += piece;
  });
  const exit = new Promise<void>((resolve) => {
    child.once('close', (code) => {
      ended.code = code;
      running.delete(child);
      resolve();
    });
  });
  const ready = new Promise<string | undefined>((resolve) => {
    child.stdout.on('data', (piece) => {
      ended.out += piece;
      const url = /^ready (http:\S+)$/m.exec(ended.out)?.[1];
      if (url) resolve(url);
    });
    void exit.then(() => resolve(undefined));
  });
  const url = await ready;
  try {
    if (url !== undefined) await work(url);
  } finally {
    child.kill('SIGTERM');
    await exit;
  }
  return ended;
}

const run = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [moult, ...args], (_, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    );
  });

const noticesOf = async (url: string): Promise<string[]> => {
  const home = (await (await fetch(`${url}/api/home`)).json()) as { notices: { headline: string }[] };
  return home.notices.map(({ headline }) => headline);
};

/** With the modes of the files. */
const copy = (from: string, to: string) => execFileSync('cp', ['-a', from, to]);

/** What others may do with anything below the folder: path and mode. */
function openTo(dataDir: string): string[] {
  const names = ['.', ...readdirSync(dataDir, { recursive: true, encoding: 'utf8' })];
  const modes = names.map((name) => [name, statSync(join(dataDir, name)).mode & 0o777] as const);
  return modes.filter(([, mode]) => (mode & 0o077) !== 0).map(([name, mode]) => `${name} ${mode.toString(8)}`);
}

const isPosix = process.platform !== 'win32';

describe('a data directory', { skip: !isPosix }, () => {
  it('is for its owner alone, whatever the umask, with everything that a server makes in it', async () => {
    const ended = await serve(used, [], async (url) => {
      await (await openSession(url)).syncToTheEnd();
      await fetch(`${url}/wutrack.bin?V=1`);
      await fetch(`${url}/nothing`);
      assert.deepEqual(openTo(used), []);
    });
    assert.equal(ended.code, 0, ended.err);
    const names = readdirSync(used);
    for (const name of ['moult.sqlite', 'moult.guard', 'clock.json', 'keys', 'logs', 'self-update'])
      assert.ok(names.includes(name), name);
    assert.deepEqual(openTo(used), []);
  });

  it('that was open is closed at the start, and open keys are said', async () => {
    const open = join(folder, 'open');
    copy(used, open);
    chmodSync(open, 0o777);
    for (const name of ['keys', 'moult.sqlite', 'moult.guard', 'keys/operator-ca.key.pem', 'keys/cookie.key'])
      chmodSync(join(open, name), statSync(join(open, name)).isDirectory() ? 0o755 : 0o644);
    const found = await run('doctor', 'self', '--data-dir', open, '--json');
    for (const name of ['cookie.key', 'moult.sqlite', 'moult.guard'])
      assert.match(found.out, new RegExp(`${name}[^]*644`));
    const ended = await serve(open, [], async (url) => {
      assert.match((await noticesOf(url)).join(), /Private keys in .* could be read by other users/);
      assert.deepEqual(openTo(open), []);
    });
    assert.match(ended.err, /Private keys in .*0644.*rotate the signing key/);
    assert.equal((await serve(open, [], async () => undefined)).err, '', 'once');
  });

  it('that a group may enter stays so, with closed files', async () => {
    const shared = join(folder, 'shared');
    copy(used, shared);
    chmodSync(shared, 0o750);
    assert.equal((await serve(shared, [], async () => undefined)).err, '');
    assert.deepEqual(openTo(shared), ['. 750']);
  });

  it('has locks that no other user can open', async () => {
    const file = join(used, 'moult.guard');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    if (process.getuid?.() !== 0) return;
    // As root it can be tried: another user, whom the folders above let in.
    chmodSync(folder, 0o755);
    chmodSync(used, 0o755);
    const script = `require('node:fs').openSync(${JSON.stringify(file)}, 'r')`;
    assert.throws(() => execFileSync(process.execPath, ['-e', script], { uid: 65_534, stdio: 'pipe' }), /EACCES/);
    chmodSync(used, 0o700);
  });

  it('whose lock is held without a name says which process has it', {
    skip: process.platform !== 'linux',
  }, async () => {
    const guard = takeGuard(join(used, 'moult.guard'));
    const ended = await serve(used, [], async () => undefined);
    guard?.release();
    assert.equal(ended.code, 1);
    assert.match(ended.err, new RegExp(`SERVER_IN_USE.*process ${process.pid} of user ${process.getuid?.()}`));
  });
});

describe('a database', () => {
  const withCopy = (name: string, change: (file: string) => void): string => {
    const dataDir = join(folder, name);
    copy(used, dataDir);
    change(join(dataDir, 'moult.sqlite'));
    return dataDir;
  };

  it('that is empty or missing beside existing keys is refused, by the server and by commands that would make one', async () => {
    const empty = withCopy('empty', (file) => truncateSync(file));
    const missing = withCopy('missing', (file) => rmSync(file));
    const bare = withCopy('bare', (file) => {
      rmSync(file);
      new DatabaseSync(file).exec('create table other (x); drop table other');
    });
    for (const [dataDir, words] of [
      [empty, /is empty \(0 bytes\)/],
      [missing, /is missing/],
      [bare, /holds no Moult/],
    ] as const) {
      const ended = await serve(dataDir, [], async () => assert.fail('it started'));
      assert.equal(ended.code, 1);
      assert.match(ended.err, /SERVER_DATABASE_LOST/);
      assert.match(ended.err, words);
      assert.match(ended.err, /moult restore DIR --yes.*moult serve --new-database/);
    }
    const documents = fileURLToPath(new URL('../first-catalog', import.meta.url));
    const imported = await run('catalog', 'import', documents, '--data-dir', missing);
    assert.equal(imported.code, 1);
    assert.match(imported.err, /SERVER_DATABASE_LOST/);
    assert.ok(!readdirSync(missing).includes('moult.sqlite'), 'nothing was made');
    const keys = readFileSync(join(missing, 'keys', 'operator-ca.cer.pem'));
    const anew = await serve(missing, ['--new-database'], async () => undefined);
    assert.equal(anew.code, 0, anew.err);
    assert.deepEqual(readFileSync(join(missing, 'keys', 'operator-ca.cer.pem')), keys);
    assert.equal((await serve(missing, [], async () => undefined)).code, 0);
  });

  it('is made where keys were put before the first start', async () => {
    const dataDir = join(folder, 'prepared');
    await loadOrCreateOperatorKeys(dataDir, { now: new Date() });
    assert.equal((await serve(dataDir, [], async () => undefined)).code, 0);
  });

  it('that is cut off, or no database, is refused at once', async () => {
    const cut = withCopy('cut', (file) => truncateSync(file, Math.floor(statSync(file).size / 2)));
    const other = withCopy('other', (file) => writeFileSync(file, 'x'.repeat(8192)));
    const short = withCopy('short', (file) => truncateSync(file, 50));
    for (const [dataDir, words] of [
      [cut, /it has \d+ bytes, and its header says \d+/],
      [other, /does not begin as an SQLite database does/],
      [short, /shorter than the header/],
    ] as const) {
      const ended = await serve(dataDir, [], async () => assert.fail('it started'));
      assert.match(ended.err, /SERVER_DATABASE_DAMAGED/);
      assert.match(ended.err, words);
    }
  });

  it('that is damaged inside is found beside the service, and by moult database check', async () => {
    assert.equal((await run('database', 'check', '--data-dir', used)).code, 0);
    const damaged = withCopy('damaged', (file) => {
      // The summaries are read at the start; the pages of the documents are not.
      using connection = new DatabaseSync(file);
      const pages = connection.prepare("select pageno from dbstat where name = 'revisions' and pagetype = 'leaf'");
      const page = Number(pages.get()?.pageno);
      const { page_size: size } = connection.prepare('pragma page_size').get() as { page_size: number };
      connection.close();
      const bytes = readFileSync(file);
      bytes.fill(0xff, (page - 1) * size, (page - 1) * size + 64);
      writeFileSync(file, bytes);
    });
    const beside = join(folder, 'damaged.sqlite');
    copyFileSync(join(damaged, 'moult.sqlite'), beside);
    const ended = await serve(damaged, [], async (url) => {
      const isSaid = async () => (await noticesOf(url)).includes('The database of this server is damaged.');
      await waitUntil('the server says that its database is damaged', isSaid, { everyMs: 100 });
      assert.equal((await fetch(`${url}/selfupdate/wuident.cab`)).status, 200, 'the tree is served');
    });
    assert.equal(ended.code, 0, ended.err);
    for (const address of [join(damaged, 'moult.sqlite'), beside]) {
      const checked = await run('database', 'check', '--database', address, '--json');
      assert.equal(checked.code, 1, checked.err);
      assert.ok(JSON.parse(checked.out).problems.length > 0);
    }
    assert.equal((await run('database', 'check', '--data-dir', join(folder, 'nowhere'))).code, 2);
  });
});

describe('a database of PostgreSQL', () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  it('that is empty beside existing keys is refused, another one is said, and all of it is checked', async () => {
    const dataDir = join(folder, 'postgres');
    const database = await postgres.createDatabase();
    await (await startTestServer({ dataDir, config: { database } })).stop();
    await (await startTestServer({ dataDir, config: { database } })).stop();
    const empty = await postgres.createDatabase();
    await assert.rejects(startTestServer({ dataDir, config: { database: empty } }), { code: 'SERVER_DATABASE_LOST' });
    const another = await postgres.createDatabase();
    await (await startTestServer({ dataDir: join(folder, 'postgres-2'), config: { database: another } })).stop();
    await using server = await startTestServer({ dataDir, config: { database: another } });
    assert.ok(server.logged.some(({ msg }) => /The database is another one than before/.test(String(msg))));
    await server.stop();
    const checked = await run('database', 'check', '--database', database, '--json');
    assert.equal(checked.code, 0, checked.err);
    assert.ok(JSON.parse(checked.out).rows.revisions > 0);
  });
});
