import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { machineRoot } from '../machine/machine-root.ts';
import { openRegistry } from '../machine/registry.ts';
import { commandExit } from './command-exit.ts';
import { fileVersion } from './file-version.ts';
import { machineFacts } from './index.ts';
import { osRelease } from './os-release.ts';
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

describe('osRelease', () => {
  it('unquotes fields as the shell does, and tells a missing field from a missing file', () => {
    const base = join(folder, 'linux');
    write('linux/etc/os-release', 'NAME="A \\"B\\" C"\nID=first\nID=\'debian\'\nVERSION_ID="13"\n');
    assert.equal(osRelease(base, 'NAME'), 'A "B" C');
    assert.equal(osRelease(base, 'ID'), 'debian');
    assert.equal(osRelease(base, 'VERSION_ID'), '13');
    assert.equal(osRelease(base, 'VARIANT'), null);
    assert.equal(osRelease(join(folder, 'nothing'), 'ID'), undefined);
  });

  it('reads the version file of macOS by the same names', () => {
    write(
      'mac/System/Library/CoreServices/SystemVersion.plist',
      '<plist><dict>\n\t<key>ProductName</key>\n\t<string>macOS</string>\n\t<key>ProductVersion</key>\n\t<string>15.1</string>\n</dict></plist>',
    );
    assert.equal(osRelease(join(folder, 'mac'), 'ID'), 'macos');
    assert.equal(osRelease(join(folder, 'mac'), 'VERSION_ID'), '15.1');
    assert.equal(osRelease(join(folder, 'mac'), 'VARIANT'), null);
  });
});

describe('machineFacts of a Windows', () => {
  const facts = (registry: string) => {
    write('windows/registry.reg', `Windows Registry Editor Version 5.00\r\n\r\n${registry}`);
    const root = machineRoot(join(folder, 'windows'));
    return machineFacts(root, openRegistry(root).read(), { os: 'Windows', architecture: 'x64', language: 'en' });
  };
  const control = 'HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control';

  it('leaves open what its registry does not say', () => {
    const { windowsVersion, language, isClustered } = facts('');
    const version = windowsVersion?.();
    assert.deepEqual(
      [version?.productType, version?.servicePackMajor, version?.suiteMask],
      [undefined, undefined, undefined],
    );
    assert.equal(language?.()?.mui, undefined);
    assert.equal(isClustered?.(), false);
  });

  it('takes kind, service pack, languages and cluster from its registry', () => {
    const { windowsVersion, language, isClustered } = facts(
      `[${control}\\ProductOptions]\r\n"ProductType"="LanmanNT"\r\n\r\n[${control}\\Windows]\r\n"CSDVersion"=dword:00000201\r\n\r\n` +
        `[${control}\\MUI\\UILanguages\\de-DE]\r\n\r\n[${control}\\MUI\\UILanguages\\en-US]\r\n\r\n[HKEY_LOCAL_MACHINE\\Cluster]\r\n`,
    );
    const version = windowsVersion?.();
    assert.deepEqual([version?.productType, version?.servicePackMajor, version?.servicePackMinor], [2, 2, 1]);
    assert.deepEqual(language?.()?.mui, ['de-DE', 'en-US']);
    assert.equal(isClustered?.(), true);
  });

  it('knows files of its own drive only', () => {
    const { file, fileHash } = facts('');
    write('windows/App/a.txt', 'abc');
    assert.equal(file?.('C:\\app\\A.TXT')?.sizeBytes, 3);
    assert.equal(file?.('C:\\app\\none.txt'), null);
    assert.equal(file?.('D:\\app\\a.txt'), undefined);
    assert.equal(file?.('\\\\server\\app\\a.txt'), undefined);
    assert.match(fileHash?.('C:\\App\\a.txt', 'sha256') ?? '', /^ba7816bf/);
    assert.equal(fileHash?.('C:\\App', 'sha256'), undefined);
    assert.equal(fileHash?.('C:\\App\\a.txt', 'no such algorithm'), undefined);
  });
});

describe('facts about what is no file', { skip: process.platform === 'win32' }, () => {
  it('are not waited for: a rule of an update may name a pipe or a device', () => {
    const root = machineRoot(join(folder, 'pipes'));
    mkdirSync(join(folder, 'pipes', 'Windows'), { recursive: true });
    execFileSync('mkfifo', [join(folder, 'pipes', 'Windows', 'pipe.exe')]);
    symlinkSync('/dev/zero', join(folder, 'pipes', 'Windows', 'zero.exe'));
    const machine = { os: 'XP', architecture: 'x86', language: 'en' } as Parameters<typeof machineFacts>[2];
    const facts = machineFacts(root, openRegistry(root).read(), machine);
    for (const name of ['pipe.exe', 'zero.exe']) {
      const found = facts.file?.(`C:\\Windows\\${name}`);
      assert.equal(found && 'version' in found, false, name);
      assert.equal(facts.fileHash?.(`C:\\Windows\\${name}`, 'sha256'), undefined);
    }
  });
});
