// The program of a vendor's bundle: whatever it is asked, it speaks of itself under the vendor's names.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { buildAgentCommand } from '../../../scripts/build.ts';

const brand = { id: 'contoso-updates', vendor: 'Contoso', product: 'Updates', name: 'Contoso Updates' };
const commands = [
  ...['', 'install', 'run', 'detect', 'status', 'policy', 'panel', 'start', 'stop', 'uninstall', 'setup'],
  ...['service', 'service install', 'service remove', 'service status'],
];

let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vendor-words-'));
  await buildAgentCommand(folder);
  mkdirSync(join(folder, 'command', 'releases'));
  writeFileSync(join(folder, 'command', 'bundle.json'), JSON.stringify({ brand, format: 'tar.gz' }));
});
after(() => rmSync(folder, { recursive: true }));

function ask(...words: string[]): { code: number | null; text: string } {
  const program = join(folder, 'command', 'moult-agent.mjs');
  const { NODE_OPTIONS: _, ...env } = process.env;
  const ran = spawnSync(process.execPath, [program, ...words], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { code: ran.status, text: ran.stdout + ran.stderr };
}

it('no help and no error of it names Moult', () => {
  const machine = ['--root', join(folder, 'machine')];
  const calls = [
    ...commands.map((command) => [...command.split(' ').filter(Boolean), '--help']),
    ...commands.filter((one) => one !== '').map((command) => [...command.split(' '), ...machine]),
    ['panel', '--terminal', ...machine],
    ['uninstall', '--dry-run', ...machine],
    ['install', '--server', 'ftp://x', ...machine],
    ['nothing-like-this'],
  ];
  for (const words of calls) {
    const { code, text } = ask(...words);
    assert.doesNotMatch(text, /moult/i, `${words.join(' ')}: ${text}`);
    assert.doesNotMatch(text, /^ +at |ENOENT/m, words.join(' '));
    assert.ok(code !== null && code <= 2, words.join(' '));
    assert.notEqual(text, '');
  }
});
