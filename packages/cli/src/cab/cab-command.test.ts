// moult cab and moult xpress as people run them.
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createCabinet } from '@moult/formats/cab';
import type { Complaint } from './report.ts';

const moultPath = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const samples = fileURLToPath(new URL('../../../../fixtures/libmspack/', import.meta.url));
const modified = new Date('2024-05-06T07:08:10Z');
/** In a cabinet with one folder and no reserved areas. */
const firstEntryOffset = 36 + 8;
const prose = Buffer.from('All the world is a stage, and all the men and women merely players.\n'.repeat(3000));

function moult(args: readonly string[], options: { cwd?: string; input?: Uint8Array } = {}): SpawnSyncReturns<Buffer> {
  const env = { ...process.env, TZ: 'America/New_York', NO_COLOR: '1' };
  return spawnSync(process.execPath, [moultPath, ...args], { env, maxBuffer: 2 ** 26, ...options });
}

function scratch(context: { after(clean: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'moult-cab-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A cabinet with the name `placeholder` replaced by `name`, of the same length, which the library would not write. */
function hostileCabinet(name: string, second = 'good.txt'): Uint8Array {
  const placeholder = 'x'.repeat(name.length);
  const bytes = createCabinet(
    [placeholder, second].map((one) => ({ name: one, bytes: Buffer.from(one), modified })),
    { compression: 'none' },
  );
  Buffer.from(bytes.buffer).write(name, Buffer.from(bytes.buffer).indexOf(`${placeholder}\0`), 'latin1');
  return bytes;
}

/** All files below a folder, relative. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

for (const method of ['none', 'mszip', 'lzx']) {
  test(`what create packs with ${method}, list, test and extract know`, (context) => {
    const folder = scratch(context);
    mkdirSync(join(folder, 'in', 'acts'), { recursive: true });
    writeFileSync(join(folder, 'in', 'play.txt'), prose);
    writeFileSync(join(folder, 'in', 'acts', 'Ünï ☃.bin'), prose.subarray(7, 1500));
    writeFileSync(join(folder, 'in', 'empty'), '');
    chmodSync(join(folder, 'in', 'empty'), 0o444);
    // A summer day, so that the zone's hour counts; DOS times have two-second steps.
    utimesSync(join(folder, 'in', 'play.txt'), new Date('2024-07-01T12:00:02Z'), new Date('2024-07-01T12:00:02Z'));

    const created = moult(['cab', 'create', 'out.cab', 'in', '--compress', method], { cwd: folder });
    assert.equal(created.status, 0, created.stderr.toString());
    const listed = JSON.parse(moult(['cab', 'list', 'out.cab', '--json'], { cwd: folder }).stdout.toString());
    assert.deepEqual(
      listed.cabinets[0].members.map((one: { name: string; sizeBytes: number }) => [one.name, one.sizeBytes]),
      [
        ['in\\acts\\Ünï ☃.bin', 1493],
        ['in\\empty', 0],
        ['in\\play.txt', prose.length],
      ],
    );
    assert.equal(listed.cabinets[0].members[2].modified, '2024-07-01T08:00:02');
    assert.equal(listed.cabinets[0].members[2].compression, method === 'lzx' ? 'lzx:18' : method);
    assert.equal(moult(['cab', 'test', 'out.cab'], { cwd: folder }).status, 0);

    const extracted = moult(['cab', 'extract', 'out.cab', '--to', 'out'], { cwd: folder });
    assert.equal(extracted.status, 0, extracted.stderr.toString());
    assert.deepEqual(
      filesIn(join(folder, 'out')),
      filesIn(join(folder, 'in')).map((file) => join('in', file)),
    );
    const play = join(folder, 'out', 'in', 'play.txt');
    assert.equal(Buffer.compare(readFileSync(play), prose), 0);
    assert.equal(statSync(play).mtime.toISOString(), '2024-07-01T12:00:02.000Z');
    assert.equal(statSync(join(folder, 'out', 'in', 'empty')).mode & 0o222, 0);
  });
}

test('create gives the same bytes for the same files', (context) => {
  const folder = scratch(context);
  writeFileSync(join(folder, 'play.txt'), prose);
  for (const out of ['a.cab', 'b.cab']) moult(['cab', 'create', out, 'play.txt'], { cwd: folder });
  assert.equal(Buffer.compare(readFileSync(join(folder, 'a.cab')), readFileSync(join(folder, 'b.cab'))), 0);
});

test('create does not replace a file by the cabinet that is to hold it', (context) => {
  const folder = scratch(context);
  writeFileSync(join(folder, 'play.txt'), prose);
  for (const input of ['play.txt', '.']) {
    const { status, stderr } = moult(['cab', 'create', './play.txt', input], { cwd: folder });
    assert.equal(status, 2);
    assert.match(stderr.toString(), /CLI_USAGE: play\.txt is a file to pack, and the new cabinet replaces it/);
    assert.equal(Buffer.compare(readFileSync(join(folder, 'play.txt')), prose), 0);
  }
});

test('create calls files outside the working folder by their last name, and refuses two of one name', (context) => {
  const folder = scratch(context);
  mkdirSync(join(folder, 'here'));
  writeFileSync(join(folder, 'play.txt'), prose);
  const cwd = join(folder, 'here');
  assert.equal(moult(['cab', 'create', 'a.cab', join(folder, 'play.txt')], { cwd }).status, 0);
  assert.match(moult(['cab', 'list', 'a.cab'], { cwd }).stdout.toString(), / play\.txt\n/);
  const twice = moult(['cab', 'create', 'b.cab', '../play.txt', join(folder, 'play.txt')], { cwd });
  assert.equal(twice.status, 1);
  assert.match(twice.stderr.toString(), /FORMAT_UNSAFE_NAME/);
  assert.deepEqual(readdirSync(cwd), ['a.cab']);
});

for (const name of ['..\\up.txt', '/tmp/abs.txt', 'C:\\abs.txt', 'a\\..\\..\\up', 'NUL', 'x:stream', 'COM1.txt']) {
  test(`a member called ${name} is refused, the rest is extracted, and nothing lands outside`, (context) => {
    const folder = scratch(context);
    mkdirSync(join(folder, 'work'));
    writeFileSync(join(folder, 'work', 'bad.cab'), hostileCabinet(name));
    const { status, stdout } = moult(['cab', 'extract', 'bad.cab', '--to', 'out', '--json'], {
      cwd: join(folder, 'work'),
    });
    assert.equal(status, 1);
    const { cabinets, errors } = JSON.parse(stdout.toString());
    assert.deepEqual(
      errors.map(({ code, member, offset }: Complaint) => [code, member, offset]),
      [['FORMAT_UNSAFE_NAME', name, firstEntryOffset]],
    );
    assert.deepEqual(
      cabinets[0].members.map((one: { name: string }) => one.name),
      ['good.txt'],
    );
    assert.deepEqual(filesIn(folder), ['work/bad.cab', 'work/out/good.txt']);
  });
}

test('of two names that differ by letter case the first is extracted, the second refused', (context) => {
  const folder = scratch(context);
  writeFileSync(join(folder, 'bad.cab'), hostileCabinet('A.txt', 'a.TXT'));
  const { status, stderr } = moult(['cab', 'extract', 'bad.cab', '--to', 'out'], { cwd: folder });
  assert.equal(status, 1);
  assert.match(stderr.toString(), /FORMAT_UNSAFE_NAME.*"a\.TXT"/);
  assert.deepEqual(readdirSync(join(folder, 'out')), ['A.txt']);
});

test('links in the target are not followed', (context) => {
  const folder = scratch(context);
  for (const one of ['out', 'elsewhere']) mkdirSync(join(folder, one));
  writeFileSync(join(folder, 'elsewhere', 'file'), 'untouched');
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'out', 'sub'));
  symlinkSync(join(folder, 'elsewhere', 'file'), join(folder, 'out', 'file'));
  const members = ['sub\\file', 'file'].map((name) => ({ name, bytes: Buffer.from('new'), modified }));
  writeFileSync(join(folder, 'a.cab'), createCabinet(members));
  const { status, stderr } = moult(['cab', 'extract', 'a.cab', '--to', 'out'], { cwd: folder });
  assert.equal(status, 1);
  assert.match(stderr.toString(), /FORMAT_UNSAFE_NAME/);
  assert.equal(readFileSync(join(folder, 'elsewhere', 'file'), 'utf8'), 'untouched');
  assert.equal(readFileSync(join(folder, 'out', 'file'), 'utf8'), 'new');
  assert.ok(!lstatSync(join(folder, 'out', 'file')).isSymbolicLink());
});

test('a folder where a member belongs is named and stays, and nothing is left half', (context) => {
  const folder = scratch(context);
  const large = Buffer.alloc(2 ** 20 + 1);
  const members = [
    { name: 'small.txt', bytes: prose.subarray(0, 100), modified },
    { name: 'large.bin', bytes: large, modified },
  ];
  writeFileSync(join(folder, 'a.cab'), createCabinet(members));
  for (const { name } of members) mkdirSync(join(folder, 'out', name), { recursive: true });
  const { status, stdout } = moult(['cab', 'extract', 'a.cab', '--to', 'out', '--json'], { cwd: folder });
  assert.equal(status, 1);
  assert.deepEqual(
    JSON.parse(stdout.toString()).errors.map(({ code, member }: Complaint) => [code, member]),
    [
      ['FORMAT_UNSAFE_NAME', 'small.txt'],
      ['FORMAT_UNSAFE_NAME', 'large.bin'],
    ],
  );
  assert.deepEqual(filesIn(folder), ['a.cab']);
});

test('a pattern that no name could be like is wrong usage', (context) => {
  const folder = scratch(context);
  writeFileSync(join(folder, 'a.cab'), createCabinet([{ name: 'a.txt', bytes: prose, modified }]));
  const { status, stderr } = moult(['cab', 'extract', 'a.cab', '--to', 'out', '--only', '[z-a]*'], { cwd: folder });
  assert.equal(status, 2);
  assert.match(stderr.toString(), /CLI_USAGE: \[z-a\]\* is not a pattern/);
});

test('--only takes members by pattern, and says when there is none', (context) => {
  const folder = scratch(context);
  const names = ['a.txt', 'b.bin', 'sub\\c.TXT', 'sub\\deep\\d.txt'];
  writeFileSync(
    join(folder, 'a.cab'),
    createCabinet(names.map((name) => ({ name, bytes: Buffer.from(name), modified }))),
  );
  const only = (...globs: string[]) => {
    rmSync(join(folder, 'out'), { recursive: true, force: true });
    const { status } = moult(['cab', 'extract', 'a.cab', '--to', 'out', ...globs.flatMap((glob) => ['--only', glob])], {
      cwd: folder,
    });
    return [status, ...(existsSync(join(folder, 'out')) ? filesIn(join(folder, 'out')) : [])];
  };
  assert.deepEqual(only('*.txt'), [0, 'a.txt', 'sub/c.TXT', 'sub/deep/d.txt']);
  assert.deepEqual(only('sub/*'), [0, 'sub/c.TXT']);
  assert.deepEqual(only('sub/**', 'B.BIN'), [0, 'b.bin', 'sub/c.TXT', 'sub/deep/d.txt']);
  assert.deepEqual(only('[ab].*'), [0, 'a.txt', 'b.bin']);
  assert.deepEqual(only('none*'), [1]);
});

test('a damaged cabinet is named with member and offset; what is sound is extracted and nothing is left half', (context) => {
  const folder = scratch(context);
  const bytes = createCabinet(
    [
      { name: 'sound.bin', bytes: prose.subarray(0, 32_768), modified },
      { name: 'damaged.bin', bytes: Buffer.concat([prose, prose, prose, prose, prose, prose]), modified },
    ],
    { compression: 'none' },
  );
  bytes[bytes.length - 100_000] = 255;
  writeFileSync(join(folder, 'bad.cab'), bytes);
  for (const command of [['test'], ['extract', '--to', 'out']]) {
    const { status, stdout } = moult(['cab', ...command, 'bad.cab', '--json'], { cwd: folder });
    assert.equal(status, 1);
    const [error, ...more] = JSON.parse(stdout.toString()).errors;
    assert.deepEqual([error.code, error.member, more.length], ['FORMAT_BAD_CHECKSUM', 'damaged.bin', 0]);
    assert.ok(error.offset > 32_768 && error.offset < bytes.length - 100_000);
  }
  assert.deepEqual(filesIn(join(folder, 'out')), ['sound.bin']);
});

test('a spanned set is extracted by naming its first part when the others lie beside it', (context) => {
  const folder = scratch(context);
  for (let part = 1; part <= 5; part++) {
    writeFileSync(join(folder, `CABD_multi_basic_pt${part}.cab`), readFileSync(`${samples}multi_basic_pt${part}.cab`));
  }
  const { status } = moult(['cab', 'extract', 'CABD_multi_basic_pt1.cab', '--to', 'out'], { cwd: folder });
  assert.equal(status, 0);
  assert.deepEqual(readdirSync(join(folder, 'out')), ['test1.txt', 'test2.txt', 'test3.txt']);
  rmSync(join(folder, 'CABD_multi_basic_pt4.cab'));
  const broken = moult(['cab', 'test', 'CABD_multi_basic_pt1.cab'], { cwd: folder });
  assert.equal(broken.status, 1);
  assert.match(broken.stderr.toString(), /not beside it: cabd_multi_basic_pt4\.cab/);
  assert.match(broken.stderr.toString(), /FORMAT_MISSING_CABINET/);
});

test('a part of a set that is no cabinet is named, and so is every member that needs it', (context) => {
  const folder = scratch(context);
  for (let part = 1; part <= 5; part++) {
    writeFileSync(join(folder, `cabd_multi_basic_pt${part}.cab`), readFileSync(`${samples}multi_basic_pt${part}.cab`));
  }
  writeFileSync(join(folder, 'cabd_multi_basic_pt4.cab'), 'something else');
  const first = 'cabd_multi_basic_pt1.cab';
  const { status, stdout } = moult(['cab', 'extract', first, '--to', 'out', '--json'], { cwd: folder });
  assert.equal(status, 1);
  const { errors } = JSON.parse(stdout.toString());
  assert.deepEqual([errors[0].file, errors[0].code], ['cabd_multi_basic_pt4.cab', 'FORMAT_BAD_SIGNATURE_BYTES']);
  assert.ok(errors.length > 1);
  for (const { file, code, member } of errors.slice(1)) {
    assert.deepEqual([file, code, typeof member], [first, 'FORMAT_MISSING_CABINET', 'string']);
  }
});

test('renamed parts of a set go together when all are named, in any order', (context) => {
  const folder = scratch(context);
  const files = [5, 2, 1, 4, 3].map((part) => {
    writeFileSync(join(folder, `disk${part}`), readFileSync(`${samples}multi_basic_pt${part}.cab`));
    return `disk${part}`;
  });
  const { status, stdout } = moult(['cab', 'test', ...files, '--json'], { cwd: folder });
  assert.equal(status, 0);
  const { cabinets } = JSON.parse(stdout.toString());
  assert.equal(cabinets.length, 1);
  assert.equal(cabinets[0].members.length, 3);
});

test('cabinets inside a program are found', (context) => {
  const folder = scratch(context);
  const cabinet = createCabinet([{ name: 'a.txt', bytes: prose, modified }]);
  writeFileSync(join(folder, 'setup.exe'), Buffer.concat([Buffer.alloc(700_000, 'MZ'), cabinet, Buffer.alloc(99)]));
  assert.equal(moult(['cab', 'extract', 'setup.exe', '--to', 'out'], { cwd: folder }).status, 0);
  assert.equal(Buffer.compare(readFileSync(join(folder, 'out', 'a.txt')), prose), 0);
});

test('a damaged cabinet in a program does not cost the one before it', (context) => {
  const folder = scratch(context);
  const sound = createCabinet([{ name: 'a.txt', bytes: prose, modified }]);
  const damaged = createCabinet([{ name: 'b.txt', bytes: prose, modified }]);
  // Its folder's compression method (MS-CAB 2.2).
  damaged[36 + 6] = 15;
  writeFileSync(join(folder, 'setup.exe'), Buffer.concat([Buffer.from('MZ'), sound, damaged]));
  const { status, stderr } = moult(['cab', 'extract', 'setup.exe', '--to', 'out'], { cwd: folder });
  assert.equal(status, 1);
  assert.match(stderr.toString(), /FORMAT_UNSUPPORTED/);
  assert.deepEqual(filesIn(join(folder, 'out')), ['a.txt']);
});

test('wrong usage is exit 2, a file that is no cabinet exit 1', (context) => {
  const folder = scratch(context);
  writeFileSync(join(folder, 'text'), 'no cabinet');
  assert.equal(moult(['cab', 'list', 'absent.cab'], { cwd: folder }).status, 2);
  assert.equal(moult(['cab', 'extract', 'text'], { cwd: folder }).status, 2);
  writeFileSync(join(folder, 'sound.cab'), createCabinet([{ name: 'a', bytes: prose, modified }]));
  const onto = moult(['cab', 'extract', 'sound.cab', '--to', 'text'], { cwd: folder });
  assert.equal(onto.status, 2);
  assert.match(onto.stderr.toString(), /text cannot be a folder/);
  assert.equal(moult(['cab', 'list', 'text', '--encoding', 'klingon'], { cwd: folder }).status, 2);
  assert.equal(moult(['cab', 'create', 'out.cab', 'text', '--compress', 'zstd'], { cwd: folder }).status, 2);
  const { status, stderr } = moult(['cab', 'list', 'text'], { cwd: folder });
  assert.equal(status, 1);
  assert.match(stderr.toString(), /FORMAT_BAD_SIGNATURE_BYTES/);
  writeFileSync(join(folder, 'a.cab'), createCabinet([{ name: 'a', bytes: prose, modified }]));
  const refused = moult(['cab', 'test', 'a.cab', '--max-bytes', '1000'], { cwd: folder });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr.toString(), /FORMAT_OVER_LIMIT/);
});

for (const format of ['wusp', 'lz77', 'lz77-huffman']) {
  test(`moult xpress --format ${format} packs and unpacks standard input`, () => {
    const packed = moult(['xpress', 'encode', '--format', format], { input: prose });
    assert.equal(packed.status, 0);
    assert.ok(packed.stdout.length < prose.length / 3);
    const unpacked = moult(['xpress', 'decode', '--format', format], { input: packed.stdout });
    assert.equal(Buffer.compare(unpacked.stdout, prose), 0);
    const refused = moult(['xpress', 'decode', '--format', format, '--max-bytes', '100'], { input: packed.stdout });
    assert.equal(refused.status, 1);
    assert.match(refused.stderr.toString(), /FORMAT_OVER_LIMIT/);
    const cut = moult(['xpress', 'decode', '--format', format], { input: packed.stdout.subarray(0, 300) });
    assert.ok(cut.status === 1 || format === 'lz77');
    if (cut.status === 1) assert.match(cut.stderr.toString(), /FORMAT_TRUNCATED: offset \d+: /);
  });
}
