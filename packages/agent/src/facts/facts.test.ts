import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { commandExit } from './command-exit.ts';
import { fileVersion } from './file-version.ts';
import { packageVersion } from './packages.ts';
import { packedGuid, windowsInstallerFacts } from './windows-installer.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-facts-test-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, content: string | Uint8Array): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
  return file;
}

describe('packageVersion', () => {
  it('reads the databases of dpkg, apk and pacman below the root', () => {
    write(
      'var/lib/dpkg/status',
      'Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: app\nStatus: install ok installed\nVersion: 1:2.0-3\n',
    );
    write('lib/apk/db/installed', 'C:Q1\nP:musl\nV:1.2.5-r0\n\nP:app\nV:9-r1\n');
    write('var/lib/pacman/local/lib-app-1.0-2/desc', '');
    const source = { base: folder, isReal: false };
    const cases: [string, string, string | null | undefined][] = [
      ['dpkg', 'app', '1:2.0-3'],
      ['dpkg', 'gone', null],
      ['dpkg', 'none', null],
      ['apk', 'musl', '1.2.5-r0'],
      ['pacman', 'lib-app', '1.0-2'],
      ['', 'musl', '1.2.5-r0'],
      ['', 'none', null],
      ['rpm', 'app', undefined],
      ['dpkg', '--help', undefined],
    ];
    for (const [manager, name, expected] of cases)
      assert.equal(packageVersion(source, manager, name), expected, `${manager} ${name}`);
    assert.equal(packageVersion({ base: join(folder, 'empty'), isReal: false }, '', 'app'), undefined);
  });
});

describe('fileVersion', () => {
  it('reads VS_FIXEDFILEINFO, and finds none in other files', () => {
    const program = Buffer.alloc(1024);
    program.write('MZ', 0, 'latin1');
    program.writeUInt32LE(64, 60);
    program.write('PE\0\0', 64, 'latin1');
    program.writeUInt16LE(1, 64 + 6);
    program.writeUInt16LE(0, 64 + 20);
    program.write('.rsrc', 88, 'latin1');
    program.writeUInt32LE(256, 88 + 16);
    program.writeUInt32LE(512, 88 + 20);
    program.writeUInt32LE(0xfeef04bd, 520);
    for (const [at, part] of [2, 1, 4, 3].entries()) program.writeUInt16LE(part, 520 + 8 + at * 2);
    assert.equal(fileVersion(write('app.exe', program)), '1.2.3.4');
    assert.equal(fileVersion(write('cut.exe', program.subarray(0, 90))), null);
    assert.equal(fileVersion(write('text.txt', 'MZ')), null);
    assert.equal(fileVersion(write('empty', '')), null);
  });
});

describe('commandExit', () => {
  it('runs an absolute program without a shell and asks none that others may write', () => {
    const script = write('check.sh', '#!/bin/sh\n[ "$1" = "a b" ] && exit 3\nexit 4\n');
    chmodSync(script, 0o755);
    assert.equal(commandExit(script, ['a b']), 3);
    assert.equal(commandExit(script, ['$(true)']), 4);
    assert.equal(commandExit(join(folder, 'none'), []), null);
    assert.equal(commandExit('true', []), undefined);
    chmodSync(script, 0o777);
    assert.equal(commandExit(script, ['a b']), undefined);
  });
});

describe('windowsInstallerFacts', () => {
  const product = '{12345678-ABCD-EF01-2345-6789ABCDEF01}';
  const packed = packedGuid(product);
  const keys: Record<string, Record<string, string | number>> = {
    [`SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\${product}`]: {
      DisplayVersion: '1.2.3',
      Language: 1031,
    },
    [`SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Installer\\UserData\\S-1-5-18\\Products\\${packed}`]: {},
    [`SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Installer\\UserData\\S-1-5-18\\Products\\${packed}\\Patches\\${packed}`]:
      { State: 1 },
    [`SOFTWARE\\Classes\\Installer\\Features\\${packed}`]: { Main: '', Absent: '\u0006Main' },
    'SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages\\P~1': { CurrentState: 112 },
  };
  const facts = windowsInstallerFacts({
    keyExists: ({ subkey }) => subkey in keys,
    value: ({ subkey }, name) => {
      const data = keys[subkey]?.[name];
      return data === undefined ? null : { type: typeof data === 'number' ? 'REG_DWORD' : 'REG_SZ', data };
    },
  });

  it('packs a GUID as Windows Installer does', () => assert.equal(packed, '87654321DCBA10FE32547698BADCFE10'));

  it('answers from the registry, and says unknown where it does not look', () => {
    const other = '{00000000-0000-0000-0000-000000000000}';
    assert.deepEqual(facts.msiProduct?.(product), { version: '1.2.3', language: 1031 });
    assert.equal(facts.msiProduct?.(other), null);
    assert.equal(facts.msiPatchApplied?.(product, product), true);
    assert.equal(facts.msiPatchApplied?.(product, other), false);
    assert.equal(facts.msiPatchApplied?.(other, product), undefined);
    assert.equal(facts.msiFeatureInstalled?.(product, 'Main'), true);
    assert.equal(facts.msiFeatureInstalled?.(product, 'Absent'), false);
    assert.equal(facts.cbsPackageState?.('P~1'), 112);
    assert.equal(facts.cbsPackageState?.('P~2'), null);
  });
});
