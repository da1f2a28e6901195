// The MSI on Windows, as far as Wine is one: Windows Installer, registry, folders, a self-update, and the removal.
import assert from 'node:assert/strict';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readInstallerProduct } from '@moult/formats/windows-installer';
import type { BundleContents, Runtime } from '@moult/releases/bundle';
import { offerRelease } from '@moult/server';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { canRunWine, windowsNode } from '../../../scripts/windows-node.ts';
import { onWindows, openWineMachine, type WineMachine } from '../../agent/test/wine-lab.ts';
import { readContents } from '../src/bundle/contents.ts';
import { writeMsi } from '../src/bundle/msi.ts';
import { type DemoServer, startDemoServer } from '../src/demo/server.ts';

const [bundled, next] = ['7.9.0.1', '7.9.0.3'];
const program = 'C:\\Program Files\\Moult\\Agent Runtime';
const policyKey = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate';

let folder: string;
let server: DemoServer;
let contents: BundleContents;
let runtime: Runtime;
let machine: WineMachine;

describe('a bundle on Windows (Wine)', { skip: !canRunWine && 'Wine and node.exe need Linux on x64' }, () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'moult-windows-bundle-'));
    const [releaseFolder, dataDir] = [join(folder, 'releases'), join(folder, 'server')];
    await Promise.all([buildAgent(releaseFolder, 'wsus', bundled), buildHost(releaseFolder, bundled)]);
    const first = await startDemoServer({ port: 0, releaseFolder }, dataDir);
    await first.stop();
    contents = await readContents(dataDir);
    // Node 24 does not run under this Wine: the test brings the one that does.
    const sizeBytes = statSync(windowsNode).size;
    runtime = { sizeBytes, read: () => createReadStream(windowsNode), license: Buffer.from('a licence') };
    await buildAgent(releaseFolder, 'wsus', next);
    server = await startDemoServer({ port: 0, releaseFolder }, dataDir);
    await offerRelease(dataDir, next, new Date());
    machine = openWineMachine(folder);
  });
  after(async () => {
    machine?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const agent = (...args: string[]) =>
    machine.run(`${program}\\runtime\\node.exe`, [`${program}\\moult-agent.mjs`, ...args]);
  const onDrive = (path: string) => join(machine.drive, 'Program Files', 'Moult', path);

  it('is the same MSI each time, whatever the time of day', async () => {
    const small = {
      platform: 'win-x64',
      runtime: { ...runtime, sizeBytes: 4, read: () => [Buffer.from('node')] },
    } as const;
    const first = await writeMsi(join(folder, 'small.msi'), contents, small);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    assert.deepEqual(await writeMsi(join(folder, 'again.msi'), contents, small), first);
    const other = { ...contents, server: 'http://other:8530' };
    assert.notEqual((await writeMsi(join(folder, 'other.msi'), other, small)).sha256, first.sha256);
  });

  it('is an MSI that Windows Installer installs; the agent of it updates itself; it goes again', async () => {
    const file = join(folder, 'agent.msi');
    await writeMsi(file, contents, { platform: 'win-x64', runtime });
    const task = join(machine.drive, 'windows', 'system32', 'tasks', 'Moult Agent');
    const product = readInstallerProduct(readFileSync(file));
    assert.equal(product.version, '7.9.1');
    const installed = await machine.run('msiexec.exe', [
      '/i',
      onWindows(file),
      '/qn',
      `SERVER=${server.url}`,
      'GROUP=Pilot',
      // The Task Scheduler of Wine takes a task and starts none.
      'START=no',
    ]);
    assert.equal(installed.code, 0, installed.out + installed.err);
    const policy = (await machine.reg('query', policyKey)).out;
    assert.match(policy, new RegExp(` WUServer +REG_SZ +${server.url}\n`));
    assert.match(policy, / TargetGroup +REG_SZ +Pilot\n/);
    // Wine keeps what a task is called, not what it starts.
    assert.match(readFileSync(task, 'utf8'), /Moult agent \(Automatic Updates\)/);
    const ran = await agent('run', '--once', '--now');
    assert.equal(ran.code, 0, ran.out + ran.err);
    assert.match((await agent('status')).out, new RegExp(`^WSUS client ${next.replaceAll('.', '\\.')}\n`));

    const removed = await machine.run('msiexec.exe', ['/x', onWindows(file), '/qn']);
    assert.equal(removed.code, 0, removed.out + removed.err);
    assert.ok(!existsSync(onDrive('Agent Runtime/moult-agent.mjs')));
    assert.equal(machine.nodes(), 0);
  });
});
