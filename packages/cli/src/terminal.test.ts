// What a terminal is given, whichever command says it: run as people run it, with a stranger's text in every answer.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '@moult/store';

const command = fileURLToPath(new URL('../bin/moult.js', import.meta.url));
const computerId = '6f1d4f6e-0000-4000-8000-000000000001';
// Backwards from the middle on, nothing where a space seems to be, and orders to the terminal.
const hostile = 'lab\u202e7-\u2066x\u2069\u200b\u061c\u200f\u001b[2J\u009b31m';
const marks = 'lab<U+202E>7-<U+2066>x<U+2069><U+200B><U+061C><U+200F><U+001B>[2J<U+009B>31m';

let dataDir: string;
before(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'moult-terminal-'));
  const at = new Date();
  await using store = await openStore(join(dataDir, 'moult.sqlite'), { now: () => at });
  const named = { computerId, dnsName: hostile, address: '192.0.2.7', at };
  await store.noteAuthorization({ ...named, requestedGroups: [hostile] }, { assign: false });
  await store.noteAuthorization({ ...named, dnsName: 'other', requestedGroups: [] }, { assign: false });
  await store.noteAuthorization({ ...named, requestedGroups: [hostile] }, { assign: false });
  await store.registerComputer({
    ...{ ...named, agentVersion: '7.9.0.1', osVersion: '6.1', osDescription: hostile, architecture: hostile },
    ...{ manufacturer: hostile, model: hostile, registration: { computerModel: hostile, biosVersion: hostile } },
  });
  await store.recordReportingEvents([{ ...report, replacementStrings: [hostile], miscData: [hostile] }], at);
  await store.recordSelfUpdateEvents([{ ...ping, receivedAt: at, occurredAt: at, item: hostile, message: hostile }]);
  await store.recordChange({ name: hostile, at }, { action: hostile, subject: hostile, after: hostile });
});
after(() => rmSync(dataDir, { recursive: true, force: true }));

describe('a stranger’s text on the terminal', () => {
  it('is shown with marks by every command that shows it, and changes nothing for programs', async () => {
    for (const typed of [
      ['computers', 'list'],
      ['computers', 'show', computerId],
      ['computers', 'clones'],
      ['events'],
      ['events', '--kind', 'self-update'],
      ['events', '--kind', 'audit'],
      ['explain', 'update', 'sample', '--computer', computerId],
    ]) {
      const { stdout, stderr } = await moult([...typed, '--data-dir', dataDir]);
      assert.doesNotMatch(stdout + stderr, hiddenCharacter, typed.join(' '));
      if (typed[0] === 'explain') continue;
      assert.ok(stdout.includes(marks), `${typed.join(' ')}: ${stdout}${stderr}`);
      const { stdout: json } = await moult([...typed, '--data-dir', dataDir, '--json']);
      assert.doesNotMatch(json, hiddenCharacter);
      assert.ok(JSON.stringify(JSON.parse(json)).includes(JSON.stringify(hostile).slice(1, -1)), typed.join(' '));
    }
  });

  it('is shown with marks in an error that names it, as text and as JSON', async () => {
    const { stderr } = await moult([
      'computers',
      'show',
      hostile.replaceAll(/[^ -~]/g, '\u202e'),
      '--data-dir',
      dataDir,
    ]);
    assert.match(stderr, /SERVER_NOT_FOUND.*<U\+202E>/);
    assert.doesNotMatch(stderr, hiddenCharacter);
    const { stdout } = await moult(['computers', 'show', 'a\u202eb', '--data-dir', dataDir, '--json']);
    assert.doesNotMatch(stdout, hiddenCharacter);
    assert.match(JSON.parse(stdout).error.message, /\u202e/);
  });

  it('comes through in colour on a terminal that has colours, and nothing else of its kind does', async () => {
    const { stdout } = await moult(['events', '--data-dir', dataDir], { FORCE_COLOR: '1' });
    assert.ok(stdout.startsWith('\u001b[1mTIME'));
    assert.doesNotMatch(stdout.replaceAll('\u001b[1m', '').replaceAll('\u001b[22m', ''), hiddenCharacter);
  });
});

describe('standard output', { skip: process.platform === 'win32' }, () => {
  const answers = ['limits', 'limits --json', 'policy export --server http://127.0.0.1:8530', 'doctor --explain 13042'];

  for (const typed of answers) {
    it(`may end after one line: moult ${typed} | head -1`, () => {
      const line = `set -o pipefail; "$0" "$1" ${typed} | head -c 1`;
      const { status, stderr } = spawnSync('bash', ['-c', line, process.execPath, command], { encoding: 'utf8' });
      assert.deepEqual([status, stderr], [0, '']);
    });
  }

  it('on a full disk is said to be lost, with exit code 1', { skip: !existsSync('/dev/full') }, () => {
    const full = openSync('/dev/full', 'w');
    try {
      for (const typed of answers) {
        const { status, stderr } = spawnSync(process.execPath, [command, ...typed.split(' ')], {
          stdio: ['ignore', full, 'pipe'],
          encoding: 'utf8',
        });
        assert.equal(status, 1, typed);
        assert.match(stderr, /CLI_OUTPUT_LOST: Standard output cannot be written: .*ENOSPC/, typed);
      }
    } finally {
      closeSync(full);
    }
  });
});

const hiddenCharacter = /(?!\n)[\p{Cc}\p{Cf}]/u;

const report = {
  ...{ instanceId: 'c0000000-0000-4000-8000-000000000001', computerId, timeAtTarget: new Date(), namespaceId: 1 },
  ...{ eventNumber: 147, sourceId: 1, updateId: undefined, revisionNumber: 0, win32HResult: 0, appName: hostile },
};

const ping = {
  ...{ computerId, address: '192.0.2.7', userAgent: hostile, component: 'au', activity: 's', device: '', platform: '' },
  ...{ language: '', status: 's', resultCode: '00000000', agentGeneration: undefined, agentVersion: undefined },
};

function moult(typed: string[], environment: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1', ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...typed], { env }, (_error, stdout, stderr) => resolve({ stdout, stderr }));
  });
}
