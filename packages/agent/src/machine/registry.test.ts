import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { keys } from './keys.ts';
import { machineRoot } from './machine-root.ts';
import { number, openRegistry, text } from './registry.ts';
import { encodeRegistryChanges, fullKeyPath } from './registry-text.ts';
import { type RegProgram, windowsRegistry } from './windows-registry.ts';

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
  // What reg.exe prints. packages/agent/test/wine.test.ts has a real one.
  const output = [
    '',
    'HKEY_LOCAL_MACHINE\\SOFTWARE\\Test',
    '    Name    REG_SZ    http://server:8530',
    '    Count    REG_DWORD    0x1',
    '    (Default)    REG_SZ    x y    z',
    '',
    'HKEY_LOCAL_MACHINE\\SOFTWARE\\Test\\AU',
    '',
  ].join('\r\n');

  function reg(program: Partial<RegProgram>): RegProgram {
    return { query: () => undefined, export: () => undefined, import: () => undefined, ...program };
  }

  it('is listed through reg.exe', () => {
    const view = windowsRegistry(reg({ query: () => Buffer.from(output) })).read();
    assert.deepEqual(view.value('HKLM\\SOFTWARE\\Test', 'name'), text('http://server:8530'));
    assert.deepEqual(view.value('HKLM\\SOFTWARE\\Test', 'Count'), number(1));
    assert.deepEqual(view.value('HKLM\\SOFTWARE\\Test', ''), text('x y    z'));
    assert.deepEqual(view.subkeys('HKLM\\SOFTWARE\\Test'), ['AU']);
    assert.ok(!windowsRegistry(reg({})).read().hasKey('HKLM\\SOFTWARE\\None'));
  });

  it('asks reg.exe once a key, knows the default value in any language and values of every type', () => {
    let asked = 0;
    const query = () => {
      asked++;
      return Buffer.from('HKEY_LOCAL_MACHINE\\A\n    (Standard)    REG_SZ    x\n    Odd    REG_NONE    00\n');
    };
    const view = windowsRegistry(reg({ query })).read();
    assert.deepEqual(view.value('HKLM\\A', ''), text('x'));
    assert.equal(view.value('HKLM\\a', 'odd')?.type, 'other');
    assert.ok(view.hasKey('HKLM\\A'));
    assert.equal(asked, 1);
  });

  it('is read from one export where it is the agent’s own, with words of any language', () => {
    const asked: string[] = [];
    const answer = (key: string) => {
      asked.push(key);
      return encodeRegistryChanges([{ key: keys.policy, name: 'TargetGroup', value: text('Büro 東京?') }]);
    };
    const view = windowsRegistry(reg({ export: answer })).read();
    assert.deepEqual(view.value(keys.policy, 'TargetGroup'), text('Büro 東京?'));
    assert.ok(!view.hasKey(keys.policyAu));
    assert.equal(view.value(keys.policyAu, 'AUOptions'), undefined);
    assert.deepEqual(asked, [fullKeyPath(keys.policy).toLowerCase()]);
  });

  it('asks for an export when the code page of the list may have lost a letter', () => {
    // "Zürich" in code page 850, and a letter that it does not have.
    const query = () => Buffer.from('HKEY_LOCAL_MACHINE\\A\n    City    REG_SZ    Z\x81rich ?\n', 'latin1');
    const exported = () => encodeRegistryChanges([{ key: 'HKLM\\A', name: 'City', value: text('Zürich ł') }]);
    const view = windowsRegistry(reg({ query, export: exported })).read();
    assert.deepEqual(view.value('HKLM\\A', 'City'), text('Zürich ł'));
  });

  it('says when reg.exe may not write', () => {
    const change = [
      { key: 'HKLM\\A', name: 'C' },
      { key: 'HKLM\\A', name: 'B', value: number(7) },
    ];
    assert.throws(() => windowsRegistry(reg({})).change(change), {
      code: 'AGENT_HOST_DISK',
      message: /HKEY_LOCAL_MACHINE\\A\\B cannot be written/,
    });
  });

  it('is written by one import', () => {
    const imported: Uint8Array[] = [];
    const take = (bytes: Uint8Array) => {
      imported.push(bytes);
      return true as const;
    };
    const registry = windowsRegistry(reg({ import: take }));
    registry.change([
      { key: 'HKLM\\A', name: 'B', value: number(7) },
      { key: 'HKLM\\A', name: 'C' },
      { key: 'HKLM\\D' },
      { key: 'HKLM\\A', name: 'E', value: text('"x"\\') },
    ]);
    registry.change([]);
    const texts = imported.map((bytes) => Buffer.from(bytes).toString('utf16le'));
    assert.deepEqual(texts, [
      '\ufeff' +
        [
          'Windows Registry Editor Version 5.00',
          ...['', '[HKEY_LOCAL_MACHINE\\A]', '"B"=dword:00000007', '"C"=-'],
          ...['', '[-HKEY_LOCAL_MACHINE\\D]'],
          ...['', '[HKEY_LOCAL_MACHINE\\A]', '"E"="\\"x\\"\\\\"', '', ''],
        ].join('\r\n'),
    ]);
  });
});
