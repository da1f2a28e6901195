// The examples are run as their first lines say, against a server of the lab configuration.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const examples = fileURLToPath(new URL('../../../examples', import.meta.url));
const command = fileURLToPath(new URL('../bin/moult.js', import.meta.url));
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };
const scratch = mkdtempSync(join(tmpdir(), 'moult-examples-'));
const processes: ChildProcess[] = [];
const outputs = new Map<ChildProcess, string>();
let url = '';

before(async () => {
  // Flags win over the file: the ports of the example may be taken on the machine that runs the tests.
  const own = ['--data-dir', join(scratch, 'server'), '--port', '0', '--self-update-port', '0'];
  const server = start([command, 'serve', '--config', join(examples, 'lab.toml'), ...own]);
  [, url = ''] = await said(server, /ready (http:\S+)/);
  const approval = ['approve', 'Moult sample update', '--data-dir', join(scratch, 'server')];
  await promisify(execFile)(process.execPath, [command, ...approval], { env });
});
after(() => {
  for (const child of processes) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
});

describe('the examples', () => {
  it('first-client.sh makes an old computer, which ends as a WSUS client, while watch-events.mjs sees it happen', async () => {
    const watcher = start([join(examples, 'watch-events.mjs'), url]);
    const seen = said(watcher, /succeeded\tInstalled\tMoult sample update/);
    const arguments_ = [join(examples, 'first-client.sh'), url, join(scratch, 'old-computer')];
    const { stdout } = await promisify(execFile)('sh', arguments_, { env, timeout: 120_000 });
    assert.match(stdout, /WSUS client/);
    assert.match(stdout, /7\.9\.0\.\d/);
    await seen;
    // A ping is stored a moment after it was answered, and may come to the page after later reports.
    for (const headline of ['Client is updating itself', 'Client updated itself', 'Registered', 'Scan finished']) {
      await said(watcher, new RegExp(`\t${headline}\t`));
    }
  });

  it('are all named in their README, and no others are', () => {
    const readme = readFileSync(join(examples, 'README.md'), 'utf8');
    const named = [...readme.matchAll(/^\| \[([^\]]+)\]/gm)].map(([, name]) => name);
    const there = readdirSync(examples).filter((name) => name !== 'README.md');
    assert.deepEqual(named.sort(), there.sort());
  });
});

function start(args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  processes.push(child);
  outputs.set(child, '');
  child.stdout?.on('data', (piece) => {
    outputs.set(child, `${outputs.get(child)}${piece}`);
    child.emit('said');
  });
  return child;
}

function said(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const found = pattern.exec(outputs.get(child) ?? '');
      if (found) resolve(found);
    };
    child.on('said', look);
    child.once('close', (code) =>
      reject(new Error(`It ended with ${code} without saying ${pattern}: ${outputs.get(child)}`)),
    );
    look();
  });
}
