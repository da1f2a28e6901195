// moult agent as an administrator types it, against the real server, with the agents that the build made.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AgentStatus } from '@moult/agent';
import { agentReleases } from '../../../../scripts/build.ts';
import { type DemoServer, startDemoServer } from '../demo/server.ts';

const moult = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const wsusVersion = agentReleases.find(({ generation }) => generation === 'wsus')?.version ?? '';
const releaseFolder = fileURLToPath(new URL('../../../agent/dist', import.meta.url));

let folder: string;
let server: DemoServer;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-cli-agent-'));
  server = await startDemoServer({ port: 0, releaseFolder }, join(folder, 'server'));
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  using child = spawn(process.execPath, [moult, 'agent', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (piece) => {
    out += piece;
  });
  child.stderr.on('data', (piece) => {
    err += piece;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

async function statusOf(root: string): Promise<AgentStatus> {
  const { out } = await run('status', '--json', '--root', root);
  return JSON.parse(out) as AgentStatus;
}

describe('moult agent', () => {
  it('installs a SUS client by trust on first use, prints whose fingerprint, and runs it to the WSUS client', async () => {
    // Relative, as it is typed: the updates that are installed run elsewhere.
    const root = relative(process.cwd(), join(folder, 'first use'));
    const installed = await run('install', '--server', `${server.url}/`, '--generation', 'sus', '--root', root);
    assert.equal(installed.code, 0, installed.err);
    assert.match(installed.out, /^SUS client 5\.4\.0\.1 is installed in /);
    assert.match(installed.out, /SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}/);
    assert.match(installed.err, /trusted from now on/);
    assert.match((await run('status', '--root', root)).out, /^SUS client 5\.4\.0\.1\n {2}service {3}stopped/);

    const ran = await run('run', '--once', '--now', '--root', root);
    assert.equal(ran.code, 0, ran.err);
    assert.equal(ran.out, 'Detection finished: 1 update needed, 1 installed.\n');
    assert.match(
      (await run('status', '--root', root)).out,
      new RegExp(`^WSUS client ${wsusVersion.replaceAll('.', '\\.')}\\n`),
    );
    assert.ok(existsSync(join(root, 'Program Files', 'Moult Sample', 'installed.txt')));
  });

  it('starts, detects when asked, and stops in the background', async () => {
    const root = join(folder, 'service');
    const certificate = join(folder, 'operator.cer');
    writeFileSync(certificate, server.operatorCertificate);
    await run('install', '--server', server.url, '--generation', 'sus', '--operator-cert', certificate, '--root', root);
    assert.match((await run('start', '--root', root)).out, /^The agent is running \(process \d+\)\.\n$/);
    const waiting = await settled(root, ({ nextDetection }) => nextDetection !== null);
    assert.equal(waiting.generation, 'sus', 'it waits its five minutes');
    const minutes = (Date.parse(waiting.nextDetection ?? '') - Date.now()) / 60_000;
    assert.ok(minutes > 4 && minutes <= 5, `${minutes}`);

    assert.match((await run('detect', '--root', root)).out, /was asked to detect now/);
    const done = await settled(root, ({ results }) => results.install.lastSuccess !== null);
    assert.deepEqual([done.generation, done.version, done.auState?.value], ['wsus', wsusVersion, 2]);

    const refused = await run('run', '--once', '--root', root);
    assert.deepEqual([refused.code, /AGENT_HOST_RUNNING/.test(refused.err)], [1, true]);
    assert.equal((await run('stop', '--root', root)).out, 'The agent is stopped.\n');
    assert.equal((await statusOf(root)).running, null);
  });

  it('says with its exit code that a detection failed', async () => {
    const root = join(folder, 'failing');
    const certificate = join(folder, 'operator.cer');
    writeFileSync(certificate, server.operatorCertificate);
    // Nothing listens on port 9 (discard) here.
    await run('install', '--server', 'http://127.0.0.1:9', '--operator-cert', certificate, '--root', root);
    const { code, out } = await run('run', '--once', '--now', '--json', '--root', root);
    const outcome = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual([code, outcome.ok, outcome.code], [1, false, 'AGENT_TRANSPORT_CONNECT']);
    assert.equal((await statusOf(root)).keptPings, 1);
  });

  it('shows the policy, where each value comes from, and what is wrong with it', async () => {
    const root = join(folder, 'policy');
    const certificate = join(folder, 'operator.cer');
    writeFileSync(certificate, server.operatorCertificate);
    await run('install', '--server', server.url, '--operator-cert', certificate, '--root', root);
    const shown = await run('policy', '--root', root);
    assert.deepEqual([shown.code, shown.err], [0, '']);
    assert.match(shown.out, new RegExp(`^WUServer +${server.url} {2}registry\n`));
    assert.match(shown.out, /\nAUOptions +4 {2}local choice\n[\s\S]*\n\d+ other values .* are not set\.\n$/);
    writeFileSync(
      join(root, 'Program Files', 'Moult', 'Agent', 'policy.json'),
      '{"AUOptions": 3, "ActiveHoursStart": 99}',
    );
    const { code, out } = await run('policy', '--json', '--root', root);
    assert.equal(code, 1);
    const { values } = JSON.parse(out) as { values: Record<string, unknown>[] };
    const find = (name: string) => values.find((one) => one.name === name);
    assert.deepEqual([find('AUOptions')?.value, find('AUOptions')?.origin], [3, 'config file']);
    assert.match(String(find('ActiveHoursStart')?.fault), /config file: 99 is not a number \(REG_DWORD\): 0 to 23/);
  });

  it('installs the way to the server, and status shows it', async () => {
    const root = join(folder, 'the way');
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'me:s3cret:with:colons\n');
    const way = ['--proxy', 'http://127.0.0.1:1', '--proxy-bypass', '.corp.example', '--proxy-credentials', secret];
    const installed = await run('install', '--server', server.url, '--root', root, ...way, '--bandwidth', '900');
    assert.equal(installed.code, 0, installed.err);
    assert.equal(
      (await run('run', '--once', '--now', '--root', root)).code,
      0,
      'this machine itself is asked directly',
    );
    const { out } = await run('status', '--root', root);
    assert.match(out, /\n {2}proxy {5}none for 127\.0\.0\.1:\d+ \(the setting ProxyServer\)\n/);
    assert.match(out, /\n {2}bandwidth {1}900 KiB\/s\n/);
    assert.ok(!/s3cret/.test(out + installed.out + installed.err));
    const again = await run('install', '--server', server.url, '--root', root, '--proxy', 'auto', '--bandwidth', '0');
    assert.equal(again.code, 0, again.err);
    const { bandwidth, tlsTrust } = await statusOf(root);
    assert.deepEqual([bandwidth, tlsTrust], [0, 'any']);
    for (const wrong of [
      ['--proxy', 'socks5://me:s3cret@x:1'],
      ['--bandwidth', '-1'],
      ['--bandwidth', '1.5'],
      ['--tls-trust', 'everybody'],
      ['--proxy-credentials', join(folder, 'none')],
    ]) {
      const { code, err } = await run('install', '--server', server.url, '--root', root, ...wrong);
      assert.ok(code !== 0, wrong.join(' '));
      assert.doesNotMatch(err, /s3cret|\n\s+at /);
    }
  });

  it('tells wrong usage (2) from a machine without an agent (1)', async () => {
    const nowhere = join(folder, 'nowhere');
    assert.equal((await run('run', '--root', nowhere)).code, 1);
    assert.equal((await run('status', '--root', nowhere)).code, 1);
    assert.equal((await run('install', '--root', nowhere)).code, 2);
    assert.equal((await run('start', '--root', nowhere)).code, 1);
    assert.equal((await run('install', '--server', 'ftp://x', '--root', nowhere)).code, 2);
    assert.equal((await run('install', '--server', 'http://server', '--lang', '../x', '--root', nowhere)).code, 2);
    const unread = ['--operator-cert', join(folder, 'none.cer')];
    assert.equal((await run('install', '--server', 'http://server', ...unread, '--root', nowhere)).code, 2);
  });
});

async function settled(root: string, is: (status: AgentStatus) => boolean): Promise<AgentStatus> {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; ) {
    const status = await statusOf(root);
    if (is(status)) return status;
    await pause(100);
  }
  return statusOf(root);
}
