import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, sep, win32 } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FormatError } from '@moult/formats';
import {
  DiskError,
  FolderTree,
  isDiskFault,
  isMissing,
  isSurelyThere,
  isThere,
  listIfThere,
  openInside,
  openOutside,
  pathInside,
  readIfThere,
  readInside,
  readOutside,
  steadily,
  temporaryFolder,
  whenFree,
} from './index.ts';

const isWindows = process.platform === 'win32';

function scratch(context: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'moult-disk-')));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function isDisk(code: DiskError['code']) {
  return (error: unknown) => {
    assert.ok(error instanceof DiskError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  };
}

test('a path inside is spelled as the system does', () => {
  assert.equal(pathInside('C:\\data', 'a/b\\c.cab', win32), 'C:\\data\\a\\b\\c.cab');
  assert.throws(
    () => pathInside('/data', '../x'),
    (error) => error instanceof FormatError && error.code === 'FORMAT_UNSAFE_NAME',
  );
});

test('a file is read by its name, in folders below', async (context) => {
  const folder = scratch(context);
  mkdirSync(join(folder, 'a'));
  writeFileSync(join(folder, 'a', 'b'), 'bytes');
  assert.equal((await readInside(folder, 'a/b')).toString(), 'bytes');
  assert.equal((await readInside(folder, 'a\\b')).toString(), 'bytes');
  await using handle = await openInside(folder, 'a/b', { byDescriptor: false });
  assert.equal((await handle.readFile()).toString(), 'bytes');
  await handle.close();
  await assert.rejects(readInside(folder, 'a/none'), { code: 'ENOENT' });
  await assert.rejects(readInside(folder, 'a'), (error: Error & { code?: string }) =>
    ['DISK_NOT_A_FILE', 'EISDIR', 'EPERM'].includes(error.code ?? ''),
  );
});

test('a folder that is itself reached by a link is read', { skip: isWindows }, async (context) => {
  const folder = scratch(context);
  mkdirSync(join(folder, 'real'));
  writeFileSync(join(folder, 'real', 'x'), 'bytes');
  symlinkSync('real', join(folder, 'data'));
  assert.equal((await readInside(join(folder, 'data'), 'x')).toString(), 'bytes');
});

test('no link below the folder is followed, neither file nor folder nor one inside', {
  skip: isWindows,
}, async (context) => {
  const folder = scratch(context);
  for (const one of ['tree', 'keys', 'tree/real']) mkdirSync(join(folder, one));
  writeFileSync(join(folder, 'keys', 'ca.key'), 'SECRET');
  writeFileSync(join(folder, 'tree', 'real', 'x'), 'x');
  symlinkSync('../keys/ca.key', join(folder, 'tree', 'file'));
  symlinkSync('../keys', join(folder, 'tree', 'folder'));
  symlinkSync('real', join(folder, 'tree', 'inside'));
  symlinkSync('loop', join(folder, 'tree', 'loop'));
  for (const name of ['file', 'folder/ca.key', 'inside/x', 'loop']) {
    for (const byDescriptor of [true, false]) {
      await assert.rejects(openInside(join(folder, 'tree'), name, { byDescriptor }), isDisk('DISK_LEADS_OUT'), name);
    }
  }
});

for (const byDescriptor of [true, false]) {
  const how = byDescriptor ? 'by descriptors' : 'by paths';
  const options = { byDescriptor: byDescriptor && process.platform === 'linux' };

  test(`files are written into folders that are made, and replaced (${how})`, (context) => {
    const folder = scratch(context);
    const tree = new FolderTree(join(folder, 'new', 'out'), options);
    context.after(() => tree.close());
    assert.equal(tree.write('a/b/c.txt', Buffer.from('1')), join(folder, 'new', 'out', 'a', 'b', 'c.txt'));
    tree.write('a\\b\\c.txt', Buffer.from('2'), { durable: true, modified: new Date(1e12) });
    tree.write('d', Buffer.alloc(0));
    assert.equal(readFileSync(join(folder, 'new/out/a/b/c.txt'), 'utf8'), '2');
    assert.equal(lstatSync(join(folder, 'new/out/a/b/c.txt')).mtimeMs, 1e12);
    const there = readdirSync(join(folder, 'new/out'), { recursive: true });
    assert.deepEqual(there.map((name) => String(name).replaceAll(sep, '/')).sort(), ['a', 'a/b', 'a/b/c.txt', 'd']);
  });

  test(`more folders than are kept open, in any order (${how})`, (context) => {
    const folder = scratch(context);
    const tree = new FolderTree(folder, options);
    context.after(() => tree.close());
    for (let round = 0; round < 2; round++) {
      for (let at = 0; at < 300; at++) tree.write(`${at % 7}/${at}/x`, Buffer.from(String(at)));
    }
    // Wine knows no paths longer than 260.
    tree.write(`${Array.from({ length: isWindows ? 50 : 100 }, (_, at) => at).join('/')}/deep`, Buffer.from('deep'));
    assert.equal(readFileSync(join(folder, '5', '299', 'x'), 'utf8'), '299');
  });

  test(`nothing is written through a link, in place of a folder, or outside (${how})`, {
    skip: isWindows,
  }, (context) => {
    const folder = scratch(context);
    for (const one of ['out', 'elsewhere', 'out/sub']) mkdirSync(join(folder, one));
    writeFileSync(join(folder, 'elsewhere', 'kept'), 'kept');
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'out', 'link'));
    symlinkSync(join(folder, 'elsewhere', 'kept'), join(folder, 'out', 'file'));
    const tree = new FolderTree(join(folder, 'out'), options);
    context.after(() => tree.close());
    assert.throws(() => tree.write('link/x', Buffer.from('!')), isDisk('DISK_LEADS_OUT'));
    assert.throws(() => tree.write('file/x', Buffer.from('!')), isDisk('DISK_LEADS_OUT'));
    assert.throws(() => tree.write('../x', Buffer.from('!')), { code: 'FORMAT_UNSAFE_NAME' });
    assert.throws(() => tree.write('sub', Buffer.from('!')), { code: /EISDIR|EEXIST|ENOTEMPTY/ });
    tree.write('file', Buffer.from('new'));
    assert.equal(readFileSync(join(folder, 'elsewhere', 'kept'), 'utf8'), 'kept');
    assert.equal(readFileSync(join(folder, 'out', 'file'), 'utf8'), 'new');
    assert.deepEqual(readdirSync(join(folder, 'elsewhere')), ['kept']);
    assert.deepEqual(readdirSync(join(folder, 'out')).sort(), ['file', 'link', 'sub']);
  });

  test(`a folder that becomes a link after it was used is not followed (${how})`, { skip: isWindows }, (context) => {
    const folder = scratch(context);
    for (const one of ['out', 'elsewhere']) mkdirSync(join(folder, one));
    const tree = new FolderTree(join(folder, 'out'), options);
    context.after(() => tree.close());
    tree.write('sub/first', Buffer.from('1'));
    renameSync(join(folder, 'out', 'sub'), join(folder, 'out', 'moved'));
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'out', 'sub'));
    assert.throws(() => tree.write('sub/second', Buffer.from('2')), isDisk('DISK_LEADS_OUT'));
    assert.deepEqual(readdirSync(join(folder, 'elsewhere')), []);
    assert.deepEqual(readdirSync(join(folder, 'out', 'moved')), ['first']);
  });
}

test('a folder swapped for a link many times while files are written and read', {
  skip: isWindows,
}, async (context) => {
  const folder = scratch(context);
  for (const one of ['out/sub', 'elsewhere']) mkdirSync(join(folder, one), { recursive: true });
  writeFileSync(join(folder, 'out/sub/secret'), 'mine');
  writeFileSync(join(folder, 'elsewhere/secret'), 'SECRET');
  const swapper = fork(fileURLToPath(new URL('./test/swap-folder.ts', import.meta.url)), [
    join(folder, 'out', 'sub'),
    join(folder, 'elsewhere'),
  ]);
  let swaps = 0;
  swapper.on('message', (count) => {
    swaps = Number(count);
  });
  try {
    let [written, refused, read] = [0, 0, 0];
    while (swaps < 2000 || written < 500 || refused < 100 || read < 100) {
      assert.equal(swapper.exitCode, null, 'the stranger gave up');
      const tree = new FolderTree(join(folder, 'out'));
      try {
        tree.write(`sub/f${written % 50}`, Buffer.from('x'));
        written++;
      } catch {
        refused++;
      }
      tree.close();
      const bytes = await readInside(join(folder, 'out'), 'sub/secret').catch(() => undefined);
      if (bytes === undefined) continue;
      assert.equal(bytes.toString(), 'mine');
      read++;
    }
    assert.deepEqual(readdirSync(join(folder, 'elsewhere')), ['secret'], 'something was written through the link');
  } finally {
    // Before the folder is removed: one that somebody goes on swapping cannot be.
    const gone = once(swapper, 'exit');
    if (swapper.kill('SIGKILL')) await gone;
  }
});

test('an outside file is read as it is, through a link too', { skip: isWindows }, (context) => {
  const folder = scratch(context);
  writeFileSync(join(folder, 'x'), 'bytes');
  symlinkSync('x', join(folder, 'link'));
  linkSync(join(folder, 'x'), join(folder, 'hard'));
  for (const name of ['x', 'link', 'hard']) assert.equal(readOutside(join(folder, name)).toString(), 'bytes');
  assert.throws(() => readOutside(join(folder, 'x'), { maxBytes: 4 }), isDisk('DISK_TOO_LARGE'));
  assert.equal(readOutside(join(folder, 'x'), { maxBytes: 5 }).length, 5);
  if (existsSync('/proc/version')) assert.match(readOutside('/proc/version').toString(), /Linux/);
});

test('what is no file is refused at once, with its kind', { skip: isWindows }, async (context) => {
  const folder = scratch(context);
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  symlinkSync('pipe', join(folder, 'to-pipe'));
  symlinkSync('loop', join(folder, 'loop'));
  const server = createServer();
  await new Promise<void>((done) => server.listen(join(folder, 'socket'), done));
  context.after(() => server.close());
  const said = (path: string, code: DiskError['code'], words: RegExp) =>
    assert.throws(
      () => openOutside(path),
      (error) => isDisk(code)(error) && error instanceof Error && words.test(error.message),
    );
  said(join(folder, 'pipe'), 'DISK_NOT_A_FILE', /named pipe/);
  said(join(folder, 'to-pipe'), 'DISK_NOT_A_FILE', /named pipe/);
  said(join(folder, 'socket'), 'DISK_NOT_A_FILE', /socket/);
  said('/dev/zero', 'DISK_NOT_A_FILE', /device/);
  said(folder, 'DISK_NOT_A_FILE', /folder/);
  said(join(folder, 'loop'), 'DISK_UNREADABLE', /circle/);
  said(join(folder, 'none'), 'DISK_UNREADABLE', /no such file/);
});

test('what is busy on Windows is tried again until it is free, and elsewhere at once an error', () => {
  const busyFor = (times: number) => {
    let tries = 0;
    const act = () => {
      tries++;
      if (tries <= times) throw Object.assign(new Error('busy'), { code: 'EBUSY' });
    };
    return { act, tries: () => tries };
  };
  const soon = busyFor(3);
  whenFree(soon.act, { platform: 'win32' });
  assert.equal(soon.tries(), 4);
  assert.throws(() => whenFree(busyFor(Number.POSITIVE_INFINITY).act, { waitMs: 20, platform: 'win32' }), {
    code: 'EBUSY',
  });
  const once = busyFor(1);
  assert.throws(() => whenFree(once.act, { platform: 'linux' }), { code: 'EBUSY' });
  assert.equal(once.tries(), 1);
  const gone = () => assert.fail(Object.assign(new Error('gone'), { code: 'ENOENT' }));
  assert.throws(() => whenFree(gone, { platform: 'win32' }), { code: 'ENOENT' });
});

test('a temporary folder takes the place of those of processes that were killed, and of no others', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-disk-'));
  const variable = process.platform === 'win32' ? 'TEMP' : 'TMPDIR';
  const before = process.env[variable];
  process.env[variable] = folder;
  context.after(() => {
    if (before === undefined) delete process.env[variable];
    else process.env[variable] = before;
    rmSync(folder, { recursive: true, force: true });
  });
  // No process has such a number.
  for (const name of ['moult-a-4194305-abcdef', 'moult-b-4194305-abcdef', 'moult-a-old', 'aside'])
    mkdirSync(join(folder, name));
  symlinkSync(join(folder, 'aside'), join(folder, 'moult-a-4194305-linked'));
  const first = temporaryFolder('moult-a');
  const second = temporaryFolder('moult-a');
  const left = ['aside', 'moult-a-4194305-linked', 'moult-a-old', 'moult-b-4194305-abcdef'];
  assert.deepEqual(readdirSync(folder).sort(), [...left, basename(first), basename(second)].sort());
  if (process.platform !== 'win32') assert.equal(lstatSync(first).mode & 0o077, 0);
});

test('what is not there is missing, and what the disk does not tell is an error', { skip: isWindows }, (context) => {
  const folder = scratch(context);
  const file = join(folder, 'file');
  writeFileSync(file, 'x');
  for (const path of [join(folder, 'nothing'), join(file, 'below')]) {
    assert.equal(isThere(path), false);
    assert.equal(readIfThere(path), undefined);
    assert.deepEqual(listIfThere(path), []);
  }
  assert.equal(isThere(file), true);
  assert.equal(readIfThere(file)?.toString(), 'x');
  assert.deepEqual(listIfThere(folder), ['file']);
  // A link to itself: existsSync says that nothing is there, as it does for a failing disk.
  const loop = join(folder, 'loop');
  symlinkSync(loop, loop);
  for (const path of [loop, join(loop, 'below')]) {
    assert.throws(() => isThere(path), isDisk('DISK_UNREADABLE'));
    assert.throws(() => readIfThere(path), isDisk('DISK_UNREADABLE'));
    assert.throws(() => listIfThere(path), isDisk('DISK_UNREADABLE'));
    assert.equal(isSurelyThere(path), false);
  }
  assert.throws(() => readIfThere(folder), isDisk('DISK_NOT_A_FILE'));
});

test('a fault of a moment is waited for, and other errors are not', () => {
  const fault = (code: string) => Object.assign(new Error(code), { code, errno: -5 });
  const failing = (times: number, error: Error) => {
    let left = times;
    return () => {
      if (left > 0) {
        left -= 1;
        throw error;
      }
      return left;
    };
  };
  assert.equal(steadily(failing(3, fault('EIO'))), 0);
  assert.throws(() => steadily(failing(4, fault('EIO'))), { code: 'EIO' });
  for (const error of [fault('ENOENT'), new Error('not of the system')]) {
    assert.throws(() => steadily(failing(1, error)), error);
    assert.equal(isDiskFault(error), false);
  }
  assert.ok(isMissing(fault('ENOTDIR')) && isDiskFault(fault('EACCES')));
  assert.equal(isDiskFault(new DiskError('DISK_NOT_A_FILE', 'a folder')), false);
});
