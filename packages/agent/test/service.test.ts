// The service of each system: what is written, what the programs of the system are asked, and what is never touched.
import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { RunProgram } from '../src/service/commands.ts';
import { whoCanChange } from '../src/service/safe-program.ts';
import { installService, readServiceStatus, removeService, startService, stopService } from '../src/service/service.ts';
import { encodeTask } from '../src/service/windows-task.ts';
import { aMachine, aWindows, folder, linux, realMachine, system, unitOf } from './service-lab.ts';

describe('the service in a tree of another system', () => {
  it('is written and switched on, and the command says that it cannot be started', async () => {
    const root = await aMachine();
    const done = await installService(root, linux);
    assert.deepEqual(done.problems, [`The service was not started: ${root.folder} is not this machine.`]);
    assert.match(readFileSync(unitOf(root), 'utf8'), /\nExecStart=:".*host\.mjs" "--root" ".*machine \d+"\n/);
    const link = join(root.folder, 'etc/systemd/system/multi-user.target.wants/moult-agent.service');
    assert.equal(readlinkSync(link), '../moult-agent.service');
    assert.deepEqual((await installService(root, { ...linux, start: false })).problems, []);
    const { installed, enabled, problems } = readServiceStatus(root, linux);
    assert.deepEqual([installed, enabled, problems.length], [true, true, 2]);
  });

  it('is gone without a trace after its removal, and a second removal finds nothing to do', async () => {
    const root = await aMachine();
    await installService(root, linux);
    const done = await removeService(root, linux);
    assert.deepEqual([done.removed.length, done.problems], [2, []]);
    assert.deepEqual(readdirSync(join(root.folder, 'etc/systemd/system'), { recursive: true }), [
      'multi-user.target.wants',
    ]);
    assert.deepEqual((await removeService(root, linux)).removed, []);
    assert.deepEqual(readServiceStatus(root, linux).problems.length, 1);
  });

  it('needs an agent', async () => {
    const root = await aMachine();
    rmSync(root.hostProgram);
    await assert.rejects(installService(root, linux), { code: 'AGENT_CONFIG_NOT_INSTALLED' });
    assert.ok(!existsSync(unitOf(root)));
  });
});

describe('a unit that an administrator touched', () => {
  it('is replaced with a word about it and a copy of it, and its drop-ins stay', async () => {
    const root = await aMachine();
    await installService(root, linux);
    const [unit, dropIn] = [unitOf(root), join(`${unitOf(root)}.d`, 'override.conf')];
    const changed = readFileSync(unit, 'utf8').replace('RestartSec=15', 'RestartSec=99');
    writeFileSync(unit, changed);
    mkdirSync(join(dropIn, '..'));
    writeFileSync(dropIn, '[Service]\nNice=5\n');
    assert.ok(readServiceStatus(root, linux).changed);
    const { copy = '', notes, additions } = await installService(root, linux);
    assert.equal(readFileSync(copy, 'utf8'), changed);
    assert.match(notes.join(), /had been changed/);
    assert.deepEqual(additions, [dropIn]);
    assert.match(readFileSync(unit, 'utf8'), /RestartSec=15/);
    writeFileSync(unit, changed);
    const { left, copy: second = '' } = await removeService(root, linux);
    assert.deepEqual([left, readFileSync(second, 'utf8'), existsSync(dropIn)], [[dropIn], changed, true]);
  });

  it('is left alone if the agent did not write it, unless it is told to take its place', async () => {
    const root = await aMachine();
    const unit = unitOf(root);
    mkdirSync(join(unit, '..'), { recursive: true });
    writeFileSync(unit, '[Service]\nExecStart=/usr/bin/true\n');
    await assert.rejects(installService(root, linux), { code: 'AGENT_SERVICE_FOREIGN' });
    await assert.rejects(removeService(root, linux), { code: 'AGENT_SERVICE_FOREIGN' });
    assert.match(readFileSync(unit, 'utf8'), /usr.bin.true/);
    assert.ok(readServiceStatus(root, linux).foreign);
    const { copy = '' } = await installService(root, { ...linux, force: true });
    assert.match(readFileSync(copy, 'utf8'), /usr.bin.true/);
    assert.ok(!readServiceStatus(root, linux).foreign);
  });

  it('is not unmasked, and no link in its place is followed', async () => {
    for (const target of ['/dev/null', join(folder, 'victim')]) {
      writeFileSync(join(folder, 'victim'), 'mine');
      const root = await aMachine();
      mkdirSync(join(unitOf(root), '..'), { recursive: true });
      symlinkSync(target, unitOf(root));
      await assert.rejects(installService(root, { ...linux, force: true }), { code: 'AGENT_SERVICE_FOREIGN' });
      await assert.rejects(removeService(root, { ...linux, force: true }), { code: 'AGENT_SERVICE_FOREIGN' });
      assert.ok(lstatSync(unitOf(root)).isSymbolicLink());
      assert.equal(readFileSync(join(folder, 'victim'), 'utf8'), 'mine');
    }
  });

  it('of another agent stays that agent its own', async () => {
    const [first, second] = [await aMachine(), await aMachine()];
    await installService(first, linux);
    mkdirSync(join(unitOf(second), '..'), { recursive: true });
    writeFileSync(unitOf(second), readFileSync(unitOf(first)));
    await assert.rejects(installService(second, linux), { code: 'AGENT_SERVICE_FOREIGN' });
    await assert.rejects(removeService(second, linux), { code: 'AGENT_SERVICE_FOREIGN' });
    assert.ok(readServiceStatus(second, linux).foreign);
  });

  it('is not written through a link that leads out of the tree', async () => {
    const outside = mkdtempSync(join(folder, 'outside-'));
    for (const place of ['etc', 'etc/systemd', 'etc/systemd/system', 'etc/systemd/system/multi-user.target.wants']) {
      const root = await aMachine();
      mkdirSync(join(root.folder, place, '..'), { recursive: true });
      symlinkSync(outside, join(root.folder, place));
      await assert.rejects(installService(root, linux), { code: 'AGENT_SERVICE_UNSAFE' }, place);
      assert.deepEqual(readdirSync(outside), [], place);
    }
  });
});

describe('the service of this machine', () => {
  it('is started by systemd, and a failure of systemd is told in its words', async () => {
    const { asked, run } = system((line) =>
      line.startsWith('systemctl restart') ? { code: 1, err: 'Job failed. See journalctl.\nmore' } : {},
    );
    const [root, options] = await realMachine('linux', run);
    const done = await installService(root, options);
    assert.deepEqual(done.problems, [
      'systemctl restart moult-agent.service: Job failed. See journalctl.',
      'The agent did not start within 0 s.',
    ]);
    const told = asked.filter((line) => !line.includes(' show '));
    assert.deepEqual(told, ['systemctl daemon-reload', 'systemctl restart moult-agent.service']);
  });

  it('is stopped and started by systemd while systemd wants it to run, also between two starts', async () => {
    for (const [state, isStopped] of [
      ['activating', true],
      ['active', true],
      ['inactive', false],
      ['failed', false],
    ] as const) {
      const { asked, run } = system((line) =>
        line.includes(' show ') ? { out: `ActiveState=${state}\nSubState=x\n` } : {},
      );
      const [root, options] = await realMachine('linux', run);
      assert.equal(await startService(root, options), undefined, 'there is none yet');
      await installService(root, { ...options, start: false });
      assert.deepEqual(await stopService(root, options), isStopped ? [] : undefined, state);
      assert.equal(asked.includes('systemctl stop moult-agent.service'), isStopped, state);
      await startService(root, options);
      assert.equal(asked.at(-1), 'systemctl restart moult-agent.service');
    }
  });

  it('is well only if it is enabled, wanted and running', async () => {
    const { run } = system((line) =>
      line.includes(' show ') ? { out: 'ActiveState=active\nSubState=running\nNRestarts=3\n' } : {},
    );
    const [root, options] = await realMachine('linux', run);
    await installService(root, { ...options, start: false });
    // A process that lives, and never let go of this lock.
    writeFileSync(root.launcherLock, JSON.stringify({ pid: process.ppid, started: '' }));
    const well = readServiceStatus(root, options);
    assert.deepEqual([well.problems, well.state], [[], 'active (running, started again 3 times)']);
    assert.match(
      readServiceStatus(root, { ...options, program: '/gone/node' }).problems.join(),
      /another program.*not there/,
    );
    rmSync(join(options.system ?? '', 'etc/systemd/system/multi-user.target.wants/moult-agent.service'));
    assert.deepEqual(readServiceStatus(root, options).problems, ['The service does not start with the system.']);
  });

  it('is loaded and unloaded by launchctl', async () => {
    const { asked, run } = system();
    const [root, options] = await realMachine('darwin', run);
    const { file, manager } = await installService(root, options);
    assert.deepEqual(
      [manager, file],
      ['launchd', join(options.system ?? '', 'Library/LaunchDaemons/org.moult.agent.plist')],
    );
    const changes = asked.filter((line) => !line.startsWith('launchctl print'));
    assert.deepEqual(changes, [
      'launchctl enable system/org.moult.agent',
      'launchctl bootout system/org.moult.agent',
      `launchctl bootstrap system ${file}`,
    ]);
    assert.deepEqual((await removeService(root, options)).removed, [file]);
    assert.equal(asked.filter((line) => line.startsWith('launchctl bootout')).length, 2);
  });

  it('is a task of Windows, which is switched off while the agent is stopped', async () => {
    const { asked, run } = system();
    const [root, options] = await realMachine('win32', run);
    const kept = join(root.windows, 'System32', 'Tasks', 'Moult Agent');
    const keeping: RunProgram = (program, args) => {
      const definition = args[0] === '/Create' ? args[args.indexOf('/XML') + 1] : undefined;
      if (definition !== undefined) {
        mkdirSync(join(kept, '..'), { recursive: true });
        writeFileSync(kept, readFileSync(definition));
      }
      if (args[0] === '/Change') {
        const [on, off] = ['<Enabled>true</Enabled>\r\n    <Hidden>', '<Enabled>false</Enabled>\r\n    <Hidden>'];
        const text = readFileSync(kept).subarray(2).toString('utf16le');
        writeFileSync(kept, encodeTask(args.includes('/DISABLE') ? text.replace(on, off) : text.replace(off, on)));
      }
      if (args[0] === '/Delete') rmSync(kept);
      return run(program, args);
    };
    const windows = { ...options, run: keeping };
    await installService(root, windows);
    const [first = '', ...others] = asked.filter((line) => line.startsWith('schtasks.exe'));
    assert.match(first, /^schtasks\.exe \/Create \/TN Moult Agent \/XML .* \/F$/);
    assert.deepEqual(others, ['schtasks.exe /Change /TN Moult Agent /ENABLE', 'schtasks.exe /Run /TN Moult Agent']);
    assert.deepEqual(
      readdirSync(root.agentFolder).filter((name) => name.includes('task')),
      [],
    );
    assert.deepEqual(await stopService(root, windows), []);
    assert.match(readServiceStatus(root, windows).problems.join(), /does not start with the system/);
    await startService(root, windows);
    assert.ok(readServiceStatus(root, windows).enabled);
    const other = await aMachine();
    mkdirSync(join(other.windows, 'System32', 'Tasks'), { recursive: true });
    writeFileSync(join(other.windows, 'System32', 'Tasks', 'Moult Agent'), readFileSync(kept));
    await assert.rejects(installService(other, windows), { code: 'AGENT_SERVICE_FOREIGN' });
    assert.deepEqual((await removeService(root, windows)).problems, []);
    assert.ok(!existsSync(kept));
  });

  it('is a service of Windows when its host is at hand, and takes the place of the task', async () => {
    const windows = await aWindows();
    const { root, asked, services } = windows;
    await installService(root, { ...windows.options, serviceHost: undefined, start: false });
    assert.deepEqual([...windows.tasks], ['Moult Agent']);
    const { manager, service, problems } = await installService(root, windows.options);
    assert.deepEqual([manager, service], ['Windows service', 'moult-agent']);
    assert.deepEqual(problems, ['The agent did not start within 0 s.']);
    assert.deepEqual([...windows.tasks], [], 'two would start one agent twice');
    const known = services.get('moult-agent');
    assert.equal(
      known?.line,
      ['C:\\a b\\agent-service.exe', 'moult-agent', root.agentFolder, root.hostOutput, '/usr/bin/env', root.hostProgram]
        .concat(root.programArguments)
        .map((word) => `"${word}"`)
        .join(' '),
    );
    assert.ok(
      asked.includes('sc.exe failure moult-agent reset= 86400 actions= restart/15000/restart/60000/restart/300000'),
    );
    assert.deepEqual([known?.state, known?.start], [4, 2]);
    assert.deepEqual(readServiceStatus(root, windows.options).problems, ['The agent does not run.']);
    assert.deepEqual(await stopService(root, windows.options), []);
    assert.equal(known?.state, 1);
    assert.match(readServiceStatus(root, windows.options).problems.join(), /The service is stopped/);
    await startService(root, windows.options);
    assert.equal(known?.state, 4);
    // Without its host a service that is there is still stopped and removed.
    const done = await removeService(root, { ...windows.options, serviceHost: undefined });
    assert.deepEqual(done.removed, ['HKLM\\SYSTEM\\CurrentControlSet\\Services\\moult-agent']);
    assert.deepEqual([services.size, done.problems], [0, []]);
    assert.deepEqual((await removeService(root, windows.options)).removed, []);
  });

  it('is not made anew when it is the same, and is corrected when its program has moved', async () => {
    const windows = await aWindows();
    const { root, asked, options } = windows;
    await installService(root, options);
    const count = asked.filter((line) => / (?:create|config) /.test(line)).length;
    assert.ok(!(await installService(root, { ...options, start: false })).written);
    assert.equal(asked.filter((line) => / (?:create|config) /.test(line)).length, count);
    assert.match(readServiceStatus(root, { ...options, program: '/usr/bin/true' }).problems.join(), /another program/);
    assert.ok((await installService(root, { ...options, program: '/usr/bin/true' })).written);
    assert.match(windows.services.get('moult-agent')?.line ?? '', /"\/usr\/bin\/true"/);
    assert.equal(asked.filter((line) => line.startsWith('sc.exe config moult-agent')).length, 1);
  });

  it('of Windows that is of somebody else, or of another agent, stays as it is', async () => {
    const windows = await aWindows();
    const { root, services, options } = windows;
    services.set('moult-agent', { line: 'C:\\other.exe', state: 4, start: 2 });
    await assert.rejects(installService(root, options), { code: 'AGENT_SERVICE_FOREIGN' });
    assert.ok(readServiceStatus(root, options).foreign);
    const line = '"C:\\x\\agent-service.exe" "moult-agent" "C:\\y" "o" "n" "C:\\y\\host.mjs"';
    services.set('moult-agent', { line, state: 4, start: 2 });
    await assert.rejects(installService(root, options), { code: 'AGENT_SERVICE_FOREIGN' });
    await assert.rejects(removeService(root, options), { code: 'AGENT_SERVICE_FOREIGN' });
    assert.deepEqual(services.get('moult-agent'), { line, state: 4, start: 2 });
  });

  it('of Windows tells a start or a stop that Windows refuses, in the words of Windows', async () => {
    const windows = await aWindows();
    const { root, options } = windows;
    await installService(root, options);
    windows.refuse = /delete/;
    const done = await removeService(root, options);
    assert.deepEqual([done.removed, done.problems], [[], ['sc.exe delete moult-agent: Access is denied.']]);
    assert.equal(windows.services.size, 1);
  });

  it('runs no program as root that others can change', {
    skip: process.geteuid?.() !== 0 && 'root alone',
  }, async () => {
    const { run } = system();
    const [root, options] = await realMachine('linux', run);
    const program = join(folder, 'open', 'node');
    mkdirSync(join(folder, 'open'), { mode: 0o777 });
    writeFileSync(program, '');
    const { chmodSync, chownSync } = await import('node:fs');
    chmodSync(join(folder, 'open'), 0o777);
    await assert.rejects(installService(root, { ...options, program }), { code: 'AGENT_SERVICE_UNSAFE' });
    chmodSync(join(folder, 'open'), 0o755);
    chownSync(program, 1, 0);
    await assert.rejects(installService(root, { ...options, program }), /belongs to user 1/);
    chownSync(program, 0, 7);
    chmodSync(program, 0o775);
    assert.match((await installService(root, { ...options, program, start: false })).notes.join(), /group 7 may write/);
    chmodSync(program, 0o755);
    assert.equal(whoCanChange(program), undefined, 'a sticky folder above it is no danger');
  });
});
