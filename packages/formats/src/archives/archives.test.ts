// Archives that foreign programs read: GNU tar, Python's zipfile, and dpkg-deb in the tests of the bundles.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../errors.ts';
import { type ArchivedFile, type ArchiveEntry, encodeTar, encodeZip, tarMember } from './index.ts';

const file = (name: string, content: string | Uint8Array, isExecutable = false): ArchivedFile => {
  const bytes = Buffer.from(content);
  return { kind: 'file', name, sizeBytes: bytes.length, isExecutable, read: () => [bytes] };
};
const all = async (pieces: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(pieces));

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-archives-'));
});
after(() => rmSync(folder, { recursive: true }));

describe('a tar archive', () => {
  it('is read by GNU tar: names, modes, owners, times, links, contents', async () => {
    const long = `${'d'.repeat(90)}/${'f'.repeat(90)}`;
    const entries: ArchiveEntry[] = [
      { kind: 'folder', name: './opt' },
      file('./opt/run', 'x'.repeat(513), true),
      file('./opt/ä', ''),
      { kind: 'link', name: './run', to: '/opt/run' },
      file(long, 'long'),
    ];
    const path = join(folder, 'a.tar');
    writeFileSync(path, await all(encodeTar(entries)));
    const listed = execFileSync('tar', ['--utc', '--quoting-style=literal', '-tvf', path], { encoding: 'utf8' });
    assert.deepEqual(
      listed
        .trim()
        .split('\n')
        .map((line) => line.replace(/ +/g, ' ')),
      [
        'drwxr-xr-x root/root 0 2020-01-01 00:00 ./opt/',
        '-rwxr-xr-x root/root 513 2020-01-01 00:00 ./opt/run',
        '-rw-r--r-- root/root 0 2020-01-01 00:00 ./opt/ä',
        'lrwxrwxrwx root/root 0 2020-01-01 00:00 ./run -> /opt/run',
        `-rw-r--r-- root/root 4 2020-01-01 00:00 ${long}`,
      ],
    );
    assert.equal(execFileSync('tar', ['-xOf', path, long], { encoding: 'utf8' }), 'long');
  });

  it('gives back each member, whatever its bytes and size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 1100 }), { maxLength: 4 }), async (contents) => {
        const archive = await all(encodeTar(contents.map((bytes, at) => file(`f${at}`, bytes))));
        assert.equal(archive.length % 512, 0);
        for (const [at, bytes] of contents.entries()) {
          assert.deepEqual(Buffer.from(tarMember(archive, `f${at}`) ?? 'none'), Buffer.from(bytes));
        }
        assert.equal(tarMember(archive, 'f9'), undefined);
      }),
      { numRuns: 30 },
    );
  });

  it('that is cut or altered is answered or refused, never read beyond its end', async () => {
    const archive = await all(encodeTar([file('a', 'x'.repeat(600)), file('b', 'y')]));
    for (let length = 0; length < archive.length; length += 37) refusedOrRead(archive.subarray(0, length));
    fc.assert(
      fc.property(fc.nat(archive.length - 1), fc.nat(255), (at, value) => {
        const altered = Uint8Array.from(archive);
        altered[at] = value;
        refusedOrRead(altered);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses a name that it has no room for, and a file that changes while it is read', async () => {
    await assert.rejects(all(encodeTar([file('n'.repeat(101), '')])), { code: 'FORMAT_UNSUPPORTED' });
    for (const sizeBytes of [3, 5]) {
      const changing: ArchivedFile = { ...file('a', 'four'), sizeBytes };
      await assert.rejects(all(encodeTar([changing])), { code: 'FORMAT_BAD_DATA', member: 'a' });
      await assert.rejects(all(encodeZip([changing], 1)), { code: 'FORMAT_BAD_DATA', member: 'a' });
    }
  });
});

describe('a ZIP archive', () => {
  it('is read by Python: names, modes, sums, contents, at each level', async () => {
    const path = join(folder, 'a.zip');
    const read = `import zipfile,json,sys
z=zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(json.dumps([[i.filename,z.read(i).decode(),oct(i.external_attr>>16),i.date_time[0]] for i in z.infolist()]))`;
    for (const level of [0, 9]) {
      writeFileSync(
        path,
        await all(encodeZip([file('a/run', 'x'.repeat(9000), true), file('ä.txt', ''), file('b', 'b')], level)),
      );
      assert.deepEqual(JSON.parse(execFileSync('python3', ['-c', read, path], { encoding: 'utf8' })), [
        ['a/run', 'x'.repeat(9000), '0o100755', 2020],
        ['ä.txt', '', '0o100644', 2020],
        ['b', 'b', '0o100644', 2020],
      ]);
    }
  });
});

function refusedOrRead(archive: Uint8Array): void {
  try {
    tarMember(archive, 'b');
  } catch (error) {
    assert.ok(error instanceof FormatError, String(error));
  }
}
