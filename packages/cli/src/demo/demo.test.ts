// The demo as people run it: the built command, its exit code, and what it leaves behind.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { agentReleases } from '../../../../scripts/build.ts';
import type { DemoResult } from './run-demo.ts';
import { stages } from './stages.ts';

const command = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const wsusVersion = agentReleases.find(({ generation }) => generation === 'wsus')?.version ?? '';
const releases = fileURLToPath(new URL('../../../agent/dist', import.meta.url));

let scratch: string;
let processes: ChildProcess[];
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'moult-demo-test-'));
  processes = [];
});
afterEach(() => {
  for (const child of processes) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});

describe('moult demo', () => {
  it('completes in under a minute, proves every stage, and leaves nothing behind', async () => {
    const { exit, stdout, stderr, seconds } = await demo(['--once', '--json']).ended;
    assert.equal(exit, 0, stderr);
    assert.ok(seconds < 60, `${seconds} s`);
    const result = JSON.parse(stdout) as DemoResult & { seconds: number };
    assert.equal(result.complete, true);
    assert.deepEqual(
      result.stages.map(({ name }) => name),
      stages.map(({ name }) => name),
    );
    for (const told of [
      'iuident.cab',
      `0-${wsusVersion}-any.cab`,
      wsusVersion,
      'Moult operator signing',
      'Moult sample update',
    ]) {
      assert.ok(stderr.includes(told), `the story does not tell of ${told}`);
    }
    assert.deepEqual(readdirSync(scratch), []);
  });

  it('names the stage that failed when the new agent does not come up, and exits 1', async () => {
    const broken = join(scratch, 'releases');
    cpSync(releases, broken, { recursive: true });
    breakRelease(join(broken, 'wsus', wsusVersion));
    const { exit, stdout, stderr } = await demo(['--once', '--json', '--agent-releases', broken]).ended;
    assert.equal(exit, 1);
    const { complete, failed } = JSON.parse(stdout) as DemoResult;
    assert.equal(complete, false);
    assert.equal(failed?.stage, 'self-update');
    assert.ok(failed?.because.includes(wsusVersion), failed?.because);
    assert.match(stderr, /✗ {2}The demo stopped at: self-update/);
  });

  it('says at once that a release is not the one that was built, and exits 1', async () => {
    const broken = join(scratch, 'releases');
    cpSync(releases, broken, { recursive: true });
    writeFileSync(join(broken, 'wsus', wsusVersion, 'agent.mjs'), 'process.exit(3);\n');
    const { exit, stdout } = await demo(['--once', '--json', '--agent-releases', broken]).ended;
    assert.equal(exit, 1);
    const { failed } = JSON.parse(stdout) as DemoResult;
    assert.equal(failed?.stage, 'server');
    assert.match(failed?.because ?? '', /no usable release of the WSUS client/);
  });

  it('names the first stage when there is nothing to offer, or when its port is taken', async () => {
    const nothing = await demo(['--once', '--agent-releases', join(scratch, 'none')]).ended;
    assert.equal(nothing.exit, 1);
    assert.match(nothing.stdout, /stopped at: server\n.*npm run build/);

    await using taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    const refused = await demo(['--once', '--port', String(port)]).ended;
    taken.close();
    assert.equal(refused.exit, 1);
    assert.match(refused.stdout, new RegExp(`stopped at: server\\n.*${port}`));
  });

  it('serves on after the story until Ctrl+C, and then cleans up', async () => {
    const running = demo([]);
    await running.said(/Complete in/);
    const [, homePage = ''] = /Home page: +(\S+)/.exec(running.stdout()) ?? [];
    const page = await fetch(homePage);
    assert.match(await page.text(), /<title>Moult<\/title>/);
    running.child.kill('SIGINT');
    running.child.kill('SIGINT');
    const { exit, stdout } = await running.ended;
    assert.equal(exit, 0);
    assert.match(stdout, /Stopped, and .* is removed\.\n$/);
    assert.deepEqual(readdirSync(scratch), []);
    await assert.rejects(fetch(homePage));
  });

  it('cleans up when it is ended in the middle, and exits 1', async () => {
    const running = demo(['--once']);
    await running.said(/SUS client 5\.4\.0\.1 +started/);
    running.child.kill('SIGTERM');
    const { exit, stdout } = await running.ended;
    assert.equal(exit, 1);
    assert.match(stdout, /It was interrupted/);
    assert.deepEqual(readdirSync(scratch), []);
  });

  it('leaves the scratch folder when asked to', async () => {
    const { exit, stdout } = await demo(['--once', '--keep']).ended;
    assert.equal(exit, 0);
    const [folder = ''] = readdirSync(scratch);
    assert.ok(stdout.includes(`${join(scratch, folder)} is kept.`));
    assert.deepEqual(readdirSync(join(scratch, folder)).sort(), ['old-computer', 'server']);
  });
});

/** A release whose signature and digests are right, and whose program ends at once. */
function breakRelease(folder: string): void {
  const program = 'process.exit(3);\n';
  writeFileSync(join(folder, 'agent.mjs'), program);
  const release = JSON.parse(readFileSync(join(folder, 'release.json'), 'utf8'));
  for (const file of release.files) {
    file.sizeBytes = program.length;
    file.sha256 = createHash('sha256').update(program).digest('hex');
  }
  writeFileSync(join(folder, 'release.json'), JSON.stringify(release));
}

function demo(args: string[]) {
  const started = performance.now();
  const env = { ...process.env, TMPDIR: scratch, TEMP: scratch, NO_COLOR: '1', NODE_DISABLE_COMPILE_CACHE: '1' };
  const child = spawn(process.execPath, [command, 'demo', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  processes.push(child);
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout.on('data', (piece) => {
    stdout += piece;
    for (const listener of listeners) listener();
  });
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const ended = new Promise<{ exit: number | null; stdout: string; stderr: string; seconds: number }>((resolve) => {
    child.once('close', (exit) => resolve({ exit, stdout, stderr, seconds: (performance.now() - started) / 1000 }));
  });
  return {
    child,
    ended,
    stdout: () => stdout,
    said: (pattern: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (pattern.test(stdout)) resolve();
        };
        listeners.add(look);
        look();
        void ended.then(() => reject(new Error(`It ended without saying ${pattern}:\n${stdout}\n${stderr}`)));
      }),
  };
}
