// The definitions of the service as text: what they promise, read by foreign programs where there is one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { moultService, type ServiceSpec } from './identity.ts';
import { launchdPlist } from './launchd-plist.ts';
import { authorOf, sealed } from './seal.ts';
import { systemdUnit } from './systemd-unit.ts';
import { actionOf, argument, encodeTask, isTaskEnabled, windowsTask } from './windows-task.ts';

const odd = ['/opt/a b', '/opt/"q"\\n', "/opt/it's", '/opt/100%h', '/opt/$HOME', '/opt/Büro 東京', '/opt/a;b|c&d<e>'];

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-definitions-'));
});
after(() => rmSync(folder, { recursive: true }));

function spec(more: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    names: moultService,
    program: process.execPath,
    args: ['/var/lib/moult-agent/Program Files/Moult/Agent/host.mjs', '--root', '/var/lib/moult-agent'],
    folder: '/var/lib/moult-agent',
    output: '/var/lib/moult-agent/Windows/moult-agent-host.out',
    ...more,
  };
}

function settingsOf(unit: string): Map<string, string> {
  const lines = unit.split('\n').filter((line) => /^[A-Z]\w*=/.test(line));
  return new Map(lines.map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]));
}

describe('the unit of systemd', () => {
  it('starts with the system, and again however often it ends', () => {
    const settings = settingsOf(systemdUnit(spec()));
    const expected = { StartLimitIntervalSec: '0', Restart: 'always', WantedBy: 'multi-user.target', Type: 'exec' };
    for (const [name, value] of Object.entries(expected)) assert.equal(settings.get(name), value, name);
  });

  it('leaves an installer that runs to its end, and takes from it nothing that installers need', () => {
    const settings = settingsOf(systemdUnit(spec()));
    assert.deepEqual([settings.get('KillMode'), settings.get('OOMPolicy')], ['process', 'continue']);
    // Packages write everywhere, make setuid programs, load modules, mount, and start programs of other users.
    const hindrances =
      /^(?:Protect|Private|ReadOnly|Inaccessible|NoNewPrivileges|RestrictSUIDSGID|RestrictNamespaces|Device|User|RootDir|MemoryDeny|SystemCallArch|TemporaryFile|Bind)/;
    assert.deepEqual(
      [...settings.keys()].filter((name) => hindrances.test(name)),
      [],
    );
    const kept = [
      'CHOWN',
      'DAC_OVERRIDE',
      'FOWNER',
      'SETUID',
      'SETGID',
      'SYS_ADMIN',
      'SYS_MODULE',
      'MKNOD',
      'SYS_BOOT',
    ];
    for (const capability of kept) assert.ok(!settings.get('CapabilityBoundingSet')?.includes(`CAP_${capability}`));
    assert.match(settings.get('CapabilityBoundingSet') ?? '', /^~/);
  });

  it('is accepted by systemd-analyze without a word, with paths of every kind', () => {
    const host = join(folder, 'host.mjs');
    writeFileSync(host, '');
    for (const [index, path] of ['/var/lib/moult-agent', ...odd].entries()) {
      const file = join(folder, `moult-agent-${index}.service`);
      writeFileSync(file, systemdUnit(spec({ args: [`${path}/host.mjs`, '--root', path], folder: path })));
    }
    const files = [...odd.keys(), odd.length].map((index) => join(folder, `moult-agent-${index}.service`));
    const { stdout, stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
      encoding: 'utf8',
    });
    const words = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('moult-agent'));
    assert.deepEqual([words, status], [[], 0]);
  });

  it('has its own hardening by the judgement of systemd-analyze', () => {
    const file = join(folder, 'hardened.service');
    writeFileSync(file, systemdUnit(spec()));
    const asked = ['security', '--offline=true', '--no-pager', file];
    const { stdout } = spawnSync('systemd-analyze', asked, {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    for (const name of [
      'CapabilityBoundingSet=~CAP_SYS_TIME',
      'CapabilityBoundingSet=~CAP_WAKE_ALARM',
      'SystemCallFilter=~@clock',
    ])
      assert.match(stdout, new RegExp(`✓ ${name}`), stdout);
  });

  it('refuses a path that a unit cannot hold', () => {
    assert.throws(() => systemdUnit(spec({ folder: '/a\nExecStartPre=/bin/sh' })), RangeError);
    assert.throws(() => systemdUnit(spec({ program: '/a\u0000b' })), RangeError);
  });
});

describe('the property list of launchd', () => {
  it('says what it is to say, read by plistlib of Python', () => {
    for (const path of odd) {
      const text = launchdPlist(spec({ args: [`${path}/host.mjs`, '--root', path], output: `${path}/out` }));
      const python = 'import plistlib, json, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))';
      const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', python], { input: text, encoding: 'utf8' });
      assert.ok(stdout !== '', stderr);
      const { ProgramArguments, RunAtLoad, KeepAlive, AbandonProcessGroup, Label, StandardOutPath } =
        JSON.parse(stdout);
      assert.deepEqual(ProgramArguments, [process.execPath, `${path}/host.mjs`, '--root', path]);
      assert.deepEqual([RunAtLoad, KeepAlive, AbandonProcessGroup], [true, true, true]);
      assert.deepEqual([Label, StandardOutPath], ['org.moult.agent', `${path}/out`]);
    }
  });
});

describe('the task of Windows', () => {
  const task = windowsTask(spec({ program: 'C:\\Program Files\\M & M\\node.exe', args: ['C:\\Büro 東京\\host.mjs'] }));

  it('is XML that libxml2 reads, and starts the agent as LocalSystem with the system and every five minutes', () => {
    const file = join(folder, 'task.xml');
    writeFileSync(file, encodeTask(task));
    const { stdout, stderr, status } = spawnSync('xmllint', ['--encode', 'UTF-8', file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    for (const part of ['<UserId>S-1-5-18</UserId>', '<BootTrigger>', '<Interval>PT5M</Interval>', 'PT0S', 'IgnoreNew'])
      assert.ok(stdout.includes(part), part);
    assert.deepEqual(actionOf(task), {
      command: 'C:\\Program Files\\M & M\\node.exe',
      args: '"C:\\Büro 東京\\host.mjs"',
    });
  });

  it('is enabled as its settings say, not as a trigger says', () => {
    assert.ok(isTaskEnabled(task));
    const [before = '', after = ''] = task.split('<Settings>');
    assert.ok(!isTaskEnabled(`${before}<Settings>${after.replace('<Enabled>true', '<Enabled>false')}`));
    assert.ok(isTaskEnabled(task.replace('<Enabled>true', '<Enabled>false')));
  });

  it('gives each argument to the program as it was', () => {
    const word = fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', "'", 'ß', '\t'), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), (words) => {
        assert.deepEqual(commandLineToArgv(words.map(argument).join(' ')), words);
      }),
    );
  });
});

describe('the seal of a definition', () => {
  it('tells what the agent wrote, what somebody changed in it, and what is of somebody else', () => {
    for (const text of [systemdUnit(spec()), launchdPlist(spec())]) {
      assert.equal(authorOf(text), 'ours');
      assert.equal(authorOf(`${text}\nNice=5\n`), 'changed');
      assert.equal(authorOf(text.replaceAll('\n', '\r\n')), 'changed');
      assert.equal(authorOf(text.replace(/.*Moult-Seal.*\n/, '')), 'foreign');
      assert.equal(authorOf(text.replace(/Moult-Seal: [0-9a-f]{8}/, 'Moult-Seal: 00000000')), 'changed');
    }
    assert.equal(authorOf(''), 'foreign');
    assert.notEqual(sealed('# @seal\na\n'), sealed('# @seal\nb\n'));
  });
});

/** As the documentation of CommandLineToArgvW has it, for what follows the name of the program. */
function commandLineToArgv(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let inQuotes = false;
  for (let at = 0; at < line.length; at += 1) {
    const [slashes = ''] = /^\\*/.exec(line.slice(at)) ?? [];
    const next = line[at + slashes.length];
    if (slashes !== '' && next === '"') {
      word = `${word ?? ''}${'\\'.repeat(Math.floor(slashes.length / 2))}`;
      at += slashes.length - 1;
      if (slashes.length % 2 === 0) continue;
      word += '"';
      at += 1;
    } else if (slashes !== '') {
      word = `${word ?? ''}${slashes}`;
      at += slashes.length - 1;
    } else if (next === '"') {
      inQuotes = !inQuotes;
      word ??= '';
    } else if ((next === ' ' || next === '\t') && !inQuotes) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ''}${next}`;
  }
  return word === undefined ? words : [...words, word];
}
