import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { machineAt } from '@moult/agent';
import { verifyTree } from '@moult/server/tree';
import { inFolder } from '../test/diagnose.ts';
import { applyChanges, undoChanges } from './apply.ts';
import { planForAgent, planForServer } from './plan.ts';
import { removeRegValues } from './reg-edit.ts';

const now = new Date(Date.UTC(2026, 5, 1));
const registry = Buffer.from(
  '\ufeffWindows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update]\r\n"AUState"=dword:00000002\r\n"LastWaitTimeout"="2037.01.01 00:00:00"\r\n"DetectionStartTime"="2026.05.31 00:00:00"\r\n',
  'utf16le',
);

describe('moult doctor fix', () => {
  it('plans nothing for an agent in order', () =>
    inFolder({ 'registry.reg': 'Windows Registry Editor Version 5.00\r\n' }, (root) => {
      assert.deepEqual(planForAgent(machineAt(root), now), []);
    }));

  it('deletes stuck times of an agent, keeps every other byte, and takes it back', () =>
    inFolder({ 'registry.reg': registry }, (root) => {
      const file = join(root, 'registry.reg');
      const changes = planForAgent(machineAt(root), now);
      assert.deepEqual(
        changes.map(({ code }) => code),
        ['DOCTOR_WAIT_STUCK'],
      );
      assert.deepEqual(readFileSync(file), registry, 'planning changes nothing');
      const undo = join(root, 'undo.json');
      applyChanges(changes, undo, now);
      const text = readFileSync(file).toString('utf16le');
      assert.doesNotMatch(text, /LastWaitTimeout|DetectionStartTime/);
      assert.match(text, /^\ufeffWindows Registry Editor[\s\S]*"AUState"=dword:00000002\r\n$/);
      assert.deepEqual(planForAgent(machineAt(root), now), []);
      undoChanges(undo);
      assert.deepEqual(readFileSync(file), registry);
    }));

  it('does not believe an undo file that others can write to', { skip: process.platform === 'win32' }, () =>
    inFolder({ 'registry.reg': registry }, (root) => {
      const undo = join(root, 'undo.json');
      applyChanges(planForAgent(machineAt(root), now), undo, now);
      const after = readFileSync(join(root, 'registry.reg'));
      chmodSync(undo, 0o666);
      assert.throws(() => undoChanges(undo), { code: 'CLI_DOCTOR_UNDO_INVALID' });
      assert.deepEqual(readFileSync(join(root, 'registry.reg')), after);
    }),
  );

  it("does not undo over somebody else's work", () =>
    inFolder({ 'registry.reg': registry }, (root) => {
      const undo = join(root, 'undo.json');
      applyChanges(planForAgent(machineAt(root), now), undo, now);
      writeFileSync(join(root, 'registry.reg'), 'changed since');
      assert.throws(() => undoChanges(undo), { code: 'CLI_DOCTOR_UNDO_INVALID' });
      assert.equal(readFileSync(join(root, 'registry.reg'), 'utf8'), 'changed since');
    }));

  it('removes left-over files of an interrupted write', () =>
    inFolder({ 'Program Files/Moult/Agent/current.json.4711.tmp': 'x' }, (root) => {
      const file = join(root, 'Program Files/Moult/Agent/current.json.4711.tmp');
      utimesSync(file, new Date(0), new Date(0));
      const changes = planForAgent(machineAt(root), now);
      assert.deepEqual(
        changes.map(({ code }) => code),
        ['DOCTOR_AGENT_LEFTOVERS'],
      );
      applyChanges(changes, join(root, 'undo.json'), now);
      assert.ok(!existsSync(file));
      undoChanges(join(root, 'undo.json'));
      assert.equal(readFileSync(file, 'utf8'), 'x');
    }));

  it('removes a stale lock and closes keys of a server, and takes both back', () =>
    inFolder(
      { 'moult.lock': '{"pid":999999999,"startedAt":""}\n', 'keys/operator-ca.key.pem': 'secret' },
      async (dataDir) => {
        const key = join(dataDir, 'keys/operator-ca.key.pem');
        chmodSync(key, 0o644);
        const changes = await planForServer(dataDir, now, { verifyTree });
        assert.deepEqual(
          changes.map(({ code }) => code),
          ['DOCTOR_STALE_LOCK', 'DOCTOR_KEY_PERMISSIONS'],
        );
        applyChanges(changes, join(dataDir, 'undo.json'), now);
        assert.equal(statSync(key).mode & 0o777, 0o600);
        assert.ok(!existsSync(join(dataDir, 'moult.lock')));
        undoChanges(join(dataDir, 'undo.json'));
        assert.equal(statSync(key).mode & 0o777, 0o644);
        assert.ok(existsSync(join(dataDir, 'moult.lock')));
      },
    ));
});

describe('removing a value', () => {
  it('takes the continuation lines of its data with it', () => {
    const text = '[HKEY_LOCAL_MACHINE\\A]\r\n"x"=hex:01,\\\r\n  02\r\n"y"=dword:1\r\n';
    const left = removeRegValues(Buffer.from(text), [{ key: 'hkey_local_machine\\a', name: 'X' }]);
    assert.equal(left.toString(), '[HKEY_LOCAL_MACHINE\\A]\r\n"y"=dword:1\r\n');
  });

  it('finds it under the short name of its hive, too', () => {
    const text = '[HKLM\\A]\r\n"x"=dword:1\r\n';
    const left = removeRegValues(Buffer.from(text), [{ key: 'hkey_local_machine\\a', name: 'x' }]);
    assert.equal(left.toString(), '[HKLM\\A]\r\n');
  });
});
