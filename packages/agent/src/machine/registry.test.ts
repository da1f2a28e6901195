import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { machineRoot } from './machine-root.ts';
import { number, openRegistry, text } from './registry.ts';
import { windowsRegistry } from './windows-registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-registry-'));
after(() => rmSync(folder, { recursive: true }));

describe('a registry in a file', () => {
  const registry = openRegistry(machineRoot(folder));
  const key = 'HKLM\\SOFTWARE\\Moult\\Test';

  it('finds keys and values in any letter case and keeps the first spelling', () => {
    registry.change([{ key, name: 'Value', value: number(1) }]);
    registry.change([{ key: key.toUpperCase(), name: 'VALUE', value: number(2) }]);
    assert.deepEqual(registry.read().value('hkey_local_machine\\software\\moult\\test', 'value'), number(2));
    assert.deepEqual(registry.read().values(key), [{ name: 'Value', value: number(2) }]);
  });

  it('has the parents of a key, and lists its sub-keys', () => {
    assert.ok(registry.read().hasKey('HKLM\\SOFTWARE\\Moult'));
    assert.ok(!registry.read().hasKey('HKLM\\SOFTWARE\\Moul'));
    assert.deepEqual(registry.read().subkeys('HKLM\\software'), ['Moult']);
  });

  it('deletes a value, and a key with everything below', () => {
    registry.change([{ key: `${key}\\Deep\\Deeper`, name: 'a', value: text('b') }]);
    registry.change([{ key, name: 'Value' }]);
    assert.equal(registry.read().value(key, 'Value'), undefined);
    registry.change([{ key: `${key}\\Deep` }]);
    assert.ok(!registry.read().hasKey(`${key}\\Deep\\Deeper`));
  });
});

describe('the registry of a Windows machine', () => {
  // What reg.exe prints; this test stands in for a Windows machine.
  const output = [
    '',
    'HKEY_LOCAL_MACHINE\\SOFTWARE\\Test',
    '    WUServer    REG_SZ    http://server:8530',
    '    UseWUServer    REG_DWORD    0x1',
    '    (Default)    REG_SZ    x y    z',
    '',
    'HKEY_LOCAL_MACHINE\\SOFTWARE\\Test\\AU',
    '',
  ].join('\r\n');

  it('is read through reg.exe', () => {
    const view = windowsRegistry(() => output).read();
    assert.deepEqual(view.value('HKLM\\SOFTWARE\\Test', 'wuserver'), text('http://server:8530'));
    assert.deepEqual(view.value('HKLM\\SOFTWARE\\Test', 'UseWUServer'), number(1));
    assert.deepEqual(view.value('HKLM\\SOFTWARE\\Test', ''), text('x y    z'));
    assert.deepEqual(view.subkeys('HKLM\\SOFTWARE\\Test'), ['AU']);
    assert.ok(
      !windowsRegistry(() => undefined)
        .read()
        .hasKey('HKLM\\SOFTWARE\\None'),
    );
  });

  it('asks reg.exe once a key, knows the default value in any language and values of every type', () => {
    let asked = 0;
    const view = windowsRegistry(() => {
      asked++;
      return 'HKEY_LOCAL_MACHINE\\A\n    (Standard)    REG_SZ    x\n    Odd    REG_NONE    00\n';
    }).read();
    assert.deepEqual(view.value('HKLM\\A', ''), text('x'));
    assert.equal(view.value('HKLM\\a', 'odd')?.type, 'other');
    assert.ok(view.hasKey('HKLM\\A'));
    assert.equal(asked, 1);
  });

  it('says when reg.exe may not write, and not when there is nothing to delete', () => {
    const registry = windowsRegistry(() => undefined);
    registry.change([{ key: 'HKLM\\A', name: 'C' }]);
    assert.throws(() => registry.change([{ key: 'HKLM\\A', name: 'B', value: number(7) }]), {
      code: 'AGENT_HOST_DISK',
      message: /HKEY_LOCAL_MACHINE\\A\\B cannot be written/,
    });
  });

  it('is written through reg.exe', () => {
    const ran: string[] = [];
    const registry = windowsRegistry((args) => {
      ran.push(args.join(' '));
      return '';
    });
    registry.change([
      { key: 'HKLM\\A', name: 'B', value: number(7) },
      { key: 'HKLM\\A', name: 'C' },
      { key: 'HKLM\\D' },
    ]);
    assert.deepEqual(ran, [
      'add HKEY_LOCAL_MACHINE\\A /v B /t REG_DWORD /d 7 /f /reg:64',
      'delete HKEY_LOCAL_MACHINE\\A /v C /f /reg:64',
      'delete HKEY_LOCAL_MACHINE\\D /f /reg:64',
    ]);
  });
});
