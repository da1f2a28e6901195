// How lists end, and what a spreadsheet gets of names that computers chose themselves.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { createCabinet } from '@moult/formats/cab';
import { csvLine } from '@moult/formats/text';
import { importTree } from '@moult/server/tree';
import { openStore } from '@moult/store';
import { endOf } from './lists.ts';
import { run } from './run.ts';
import { reportFailure } from './terminal.ts';

const idOf = (number: number) => `${String(number).padStart(8, '0')}-5601-43c9-bac3-52d5db701494`;

let dataDir: string;
before(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'moult-lists-'));
  await using store = await openStore(join(dataDir, 'moult.sqlite'), { now: () => new Date() });
  for (let number = 0; number < 5; number++) {
    const dnsName = number === 4 ? '=cmd|"/c calc"!A1' : `pc-${number}`;
    const computer = { computerId: idOf(number), dnsName, address: '192.0.2.7', requestedGroups: [], at: new Date() };
    await store.noteAuthorization(computer, { assign: false });
  }
  await store.close();
  await fillTree();
});
after(() => rmSync(dataDir, { recursive: true, force: true }));

/** A tree and a signed list of three items each. */
async function fillTree(): Promise<void> {
  const source = join(dataDir, 'SelfUpdate');
  for (const [path, member] of [
    ['wuident.cab', 'wuident.txt'],
    ['WSUS3/x86/Other/wsus3setup.cab', 'wusetup.inf'],
    ['WSUS3/x64/Other/wsus3setup.cab', 'wusetup.inf'],
  ] as const) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    const bytes = Buffer.from(path);
    writeFileSync(join(source, path), createCabinet([{ name: member, bytes, modified: new Date() }]));
  }
  await importTree(source, { dataDir, now: new Date(), trustedCertificatesPem: [] });
  await moult('release', 'init');
  for (const version of ['7.9.0.2', '7.9.0.3', '7.9.0.4']) {
    const file = join(dataDir, `${version}.cab`);
    writeFileSync(file, version);
    await moult('release', 'add', file, '--release-version', version, '--delta', '0');
  }
}

const moult = (...typed: string[]) => bare(...typed, '--data-dir', dataDir);

async function bare(...typed: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const keep = (stream: keyof typeof written) => (text: unknown) => {
    written[stream] += `${text}\n`;
  };
  const log = mock.method(console, 'log', keep('stdout'));
  const error = mock.method(console, 'error', keep('stderr'));
  try {
    await run(typed, { writeOut: keep('stdout'), writeErr: keep('stderr') });
    return { code: Number(process.exitCode ?? 0), ...written };
  } finally {
    log.mock.restore();
    error.mock.restore();
    process.exitCode = 0;
  }
}

describe('a list', () => {
  it('says how many there are, how many more, and how they are shown', async () => {
    const first = await moult('computers', 'list', '--limit', '2');
    assert.match(first.stdout, /\n2 of 5 computers\. 3 more\. All: --limit 0\. The next ones: --cursor \S+\n$/);
    const cursor = /--cursor (\S+)/.exec(first.stdout)?.[1] ?? '';
    assert.match(
      (await moult('computers', 'list', '--limit', '2', '--cursor', cursor)).stdout,
      /pc-1[\s\S]*\n2 of 5 computers\. All/,
    );
    assert.match((await moult('computers', 'list', '--limit', '0')).stdout, /\n5 computers\.\n$/);
    assert.equal((await moult('computers', 'list', '--search', 'nobody')).stdout, '0 computers.\n');
    const page = { items: [1], total: 1, next: undefined };
    assert.equal(endOf(page, {}, ['computer', 'computers']), '1 computer.');
    assert.equal(
      endOf({ ...page, total: 20_000 }, { cursor: 'x' }, ['one', 'several']),
      'The last 1 of 20,000 several.',
    );
  });

  it('has one shape as JSON, whichever list it is', async () => {
    for (const list of [
      ['computers', 'list'],
      ['computers', 'clones'],
      ['groups', 'list'],
      ['updates', 'list'],
      ['catalog', 'list'],
      ['content', 'status'],
      ['content', 'verify'],
      ['catalog', 'waiting'],
      ['limits'],
      ['tree', 'list'],
      ['release', 'list'],
      ...['reports', 'self-update', 'identity', 'audit'].map((kind) => ['events', '--kind', kind]),
    ]) {
      const { code, stdout, stderr } = await moult(...list, '--json');
      assert.equal(code, 0, stderr);
      const { items, total, next } = JSON.parse(stdout);
      assert.ok(
        Array.isArray(items) && total === items.length && next === null,
        `${list.join(' ')}: ${stdout.slice(0, 200)}`,
      );
    }
    const { next } = JSON.parse((await moult('computers', 'list', '--limit', '1', '--json')).stdout);
    assert.equal(typeof next, 'string');
  });

  it('is read page by page, each item once, and as CSV, also where it is at hand as a whole', async () => {
    for (const [list, name] of [
      [['tree', 'list'], 'path'],
      [['release', 'list'], 'path'],
      [['limits'], 'limit'],
    ] as const) {
      const whole = (await moult(...list, '--csv', '--columns', name)).stdout.trimEnd().split('\n');
      assert.equal(whole.shift(), name);
      assert.ok(whole.length > 2, list.join(' '));
      const size = Math.ceil(whole.length / 2);
      const parts: string[] = [];
      for (let cursor: string[] = []; ; ) {
        const { stdout, stderr } = await moult(...list, '--csv', '--columns', name, '--limit', `${size}`, ...cursor);
        parts.push(...stdout.trimEnd().split('\n').slice(1));
        const next = /--cursor (\S+)/.exec(stderr)?.[1];
        if (next === undefined) break;
        cursor = ['--cursor', next];
      }
      assert.deepEqual(parts, whole, list.join(' '));
      assert.match((await moult(...list, '--limit', '1')).stdout, / more\. All: --limit 0\. The next ones: --cursor/);
      assert.match((await moult(...list, '--cursor', 'x')).stderr, /SERVER_REFUSED/);
      assert.equal((await moult(...list, '--csv', '--json')).code, 2);
    }
  });

  it('as CSV begins no cell as a formula, and keeps its end apart', async () => {
    const { stdout, stderr } = await moult(
      'computers',
      'list',
      '--csv',
      '--columns',
      'name,last-contact',
      '--limit',
      '2',
    );
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines[0], 'name,last-contact');
    assert.match(lines[1] ?? '', /^"'=cmd\|""\/c calc""!A1",\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.match(stderr, /2 of 5 computers\. 3 more/);
    for (const text of ['=1', '+1', '-1', '@x', '|x', '%x', ' =1', '\t=1', '\r=1', '＝1', '\u200b=1'])
      assert.match(csvLine([text]), /^"?(?:'|<U\+)/, JSON.stringify(text));
    assert.deepEqual(csvLine(['a,b', 'a"b', 'plain', 5, undefined]), '"a,b","a""b",plain,5,');
    assert.ok(!csvLine(['a\nb']).includes('\n'));
  });

  it('refuses columns, sorts and cursors that it does not have', async () => {
    for (const [typed, code, message] of [
      [['computers', 'list', '--columns', 'name,nmae'], 2, /no column "nmae".*name/],
      [['computers', 'list', '--sort', 'colour'], 2, /Allowed choices/],
      [['computers', 'list', '--cursor', 'x'], 1, /SERVER_REFUSED/],
      [['computers', 'list', '--csv', '--json'], 2, /not both/],
      [['computers', 'list', '--state', 'failed'], 2, /--update/],
      [['computers', 'list', '--below'], 2, /--group/],
      [['events', '--kind', 'identity', '--failed'], 2, /--failed is for --kind reports/],
      [['events', '--since', '2026-02-31'], 2, /2026-11-01/],
      [['events', '--kind', 'audit', '--columns', 'address'], 2, /no column "address"/],
      [['updates', 'list', '--classification', 'Nothing'], 1, /no classification "Nothing"/],
      [['updates', 'list', '--severity', 'bad'], 2, /critical/],
    ] as const) {
      const outcome = await moult(...typed);
      assert.equal(outcome.code, code, `${typed.join(' ')}: ${outcome.stderr}`);
      assert.match(outcome.stderr + outcome.stdout, message, typed.join(' '));
    }
  });
});

describe('what was mistyped', () => {
  it('a subcommand is unknown, with the near one, and no argument too many', async () => {
    for (const [typed, message] of [
      [['computers', 'lst'], /unknown command 'lst'[\s\S]*Did you mean list\?/],
      [['events', 'verfy'], /unknown command 'verfy'[\s\S]*verify/],
      [['content', 'nosuch'], /unknown command 'nosuch'[\s\S]*Known: add, fetch, plan, purge, verify, status/],
      [['updates', 'shwo'], /unknown command 'shwo'[\s\S]*show/],
    ] as const) {
      const { code, stderr } = await moult(...typed);
      assert.equal(code, 2, typed.join(' '));
      assert.match(stderr, message);
    }
  });

  it('a variable of the environment is named, with the near one; those that are read are not', async () => {
    Object.assign(process.env, { MOULT_DATADIR: '/x', MOULT_HOSTS: 'a', MOULT_WHATEVER_ELSE: '1', MOULT_PORT: '8530' });
    try {
      const { stderr } = await moult('groups', 'list');
      assert.match(
        stderr,
        /MOULT_DATADIR is set, and Moult has no setting of this name\. Did you mean MOULT_DATA_DIR\?/,
      );
      assert.match(stderr, /MOULT_HOSTS .*Did you mean MOULT_HOST\?/);
      assert.match(stderr, /MOULT_WHATEVER_ELSE .*moult serve --help/);
      assert.doesNotMatch(stderr, /MOULT_PORT/);
    } finally {
      for (const name of ['DATADIR', 'HOSTS', 'WHATEVER_ELSE', 'PORT']) delete process.env[`MOULT_${name}`];
    }
  });
});

describe('a file that this user may not look at', { skip: process.platform === 'win32' }, () => {
  it('is not called missing, and the error says what to do', async () => {
    const closed = join(dataDir, 'closed');
    mkdirSync(join(closed, 'server'), { recursive: true });
    writeFileSync(join(closed, 'server', 'moult.toml'), '');
    const database = join(dataDir, 'closed.sqlite');
    writeFileSync(database, '');
    chmodSync(database, 0o000);
    chmodSync(closed, 0o000);
    chmodSync(dataDir, 0o755);
    await asAnotherUser(async () => {
      for (const flags of [
        ['--data-dir', join(closed, 'server')],
        ['--database', join(closed, 'server', 'moult.sqlite')],
      ]) {
        const { code, stderr } = await bare('status', ...flags);
        assert.equal(code, 2, stderr);
        assert.match(
          stderr,
          /ADMINISTRATION_NOT_ALLOWED.*This user may not look at .*closed.*as the user of the server, or with sudo/,
        );
        assert.doesNotMatch(stderr, /There is no/);
      }
    });
    // What a process may do with a file goes by the user that started it.
    const store = import.meta.resolve('@moult/store');
    const script = `const { openStore } = await import(${JSON.stringify(store)});
      await openStore(${JSON.stringify(database)}, { now: () => new Date() }).catch(({ message }) => console.log(message));`;
    const user = process.geteuid?.() === 0 ? { uid: 65_534 } : {};
    const opened = spawnSync(process.execPath, ['--input-type=module', '-e', script], { ...user, encoding: 'utf8' });
    assert.match(opened.stdout, /cannot be opened.*This user may not read and write it/, opened.stderr);
    chmodSync(closed, 0o700);
  });

  it('is named when the system refuses it, with what to do', () => {
    const refused = Object.assign(new Error("EACCES: permission denied, open '/x/y'"), {
      code: 'EACCES',
      path: '/x/y',
    });
    const error = mock.method(console, 'error', () => undefined);
    try {
      assert.equal(reportFailure(refused, false), 1);
      const [said] = error.mock.calls[0]?.arguments ?? [];
      assert.match(
        String(said),
        /CLI_NOT_ALLOWED.*\/x\/y cannot be used.*Run the command as the user that the files belong to, or with sudo/,
      );
      assert.doesNotMatch(String(said), /EACCES|permission denied/);
      const missing = Object.assign(new Error("ENOENT: no such file, stat '/x/z'"), { code: 'ENOENT', path: '/x/z' });
      reportFailure(missing, false);
      assert.match(
        String(error.mock.calls[1]?.arguments[0]),
        /DISK_UNREADABLE: \/x\/z cannot be read: there is no such/,
      );
      // Also if one of our own packages found it.
      const unreadable = new Error('/x/keys cannot be read: this user may not read it.', { cause: refused });
      reportFailure(Object.assign(unreadable, { code: 'DISK_UNREADABLE' }), false);
      assert.match(String(error.mock.calls[2]?.arguments[0]), /DISK_UNREADABLE: \/x\/keys cannot .*or with sudo/);
    } finally {
      error.mock.restore();
    }
  });
});

/** Root may look at everything. */
async function asAnotherUser(work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
