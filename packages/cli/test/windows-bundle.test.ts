// The installers on Windows, as far as Wine is one: the service, Windows Installer, registry, a self-update, and the removal.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readInstallerProduct } from '@moult/formats/windows-installer';
import { type BundleContents, type Runtime, writeBundle } from '@moult/releases/bundle';
import { offerRelease } from '@moult/server/tree';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { buildServiceHost } from '../../../scripts/build-service-host.ts';
import { waitUntil } from '../../../scripts/wait-until.ts';
import { canRunWine, windowsNode } from '../../../scripts/windows-node.ts';
import { onWindows, openWineMachine, type WineMachine } from '../../agent/test/wine-lab.ts';
import { readContents } from '../src/bundle/contents.ts';
import { writeMsi } from '../src/bundle/msi.ts';
import { type DemoServer, startDemoServer } from '../src/demo/server.ts';

const [bundled, next] = ['7.9.0.1', '7.9.0.3'];
const program = 'C:\\Program Files\\Moult\\Agent Runtime';
const serviceKey = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\moult-agent';
const patience = { patienceMs: 240_000, everyMs: 200 };
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
    const serviceHost = join(folder, 'agent-service.exe');
    assert.equal(buildServiceHost(serviceHost), '');
    contents.serviceHost = readFileSync(serviceHost);
    await buildAgent(releaseFolder, 'wsus', next);
    server = await startDemoServer({ port: 0, releaseFolder }, dataDir);
    await offerRelease(dataDir, next, new Date());
    machine = openWineMachine(folder);
    // Services do not have the variables of this process. Wine says that it is an older Windows than Node wants.
    await machine.setVariable('NODE_SKIP_PLATFORM_CHECK', '1');
    machine.cutPowerWhenSaved('"NODE_SKIP_PLATFORM_CHECK"="1"');
    await machine.boot();
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

  it('is a .zip whose service is there after a power cut and after a kill, stops when Windows says so, and goes again', async () => {
    // What install.ps1 does before "setup": Wine has no PowerShell.
    const file = join(folder, 'agent.zip');
    await writeBundle(file, contents, { platform: 'win-x64', format: 'zip', runtime, level: 1 });
    execFileSync('python3', ['-m', 'zipfile', '-e', file, join(folder, 'unpacked')]);
    mkdirSync(onDrive(''), { recursive: true });
    cpSync(join(folder, 'unpacked', 'moult-agent'), onDrive('Agent Runtime'), { recursive: true });

    const installed = await agent('setup', '--server', server.url, '--group', 'Pilot');
    assert.equal(installed.code, 0, installed.out + installed.err);
    assert.match(installed.out, /The service moult-agent is installed \(Windows service: HKLM/);
    assert.match(await service(), /STATE +: 4 +RUNNING/);
    assert.match((await agent('service', 'status')).out, /state +running\n +agent +running/);

    const host = Number(JSON.parse(readFileSync(machine.root.hostLock, 'utf8')).pid);
    await machine.run('taskkill.exe', ['/f', '/pid', String(host)]);
    await waitUntil('it is started again', () => output().includes('The agent is started again in 1 s'), patience);
    await waitUntil('it runs', () => isOther(host), patience);

    // Windows too writes its registry seconds later. The agent is not told of the cut.
    machine.cutPowerWhenSaved(String.raw`[System\\CurrentControlSet\\Services\\moult-agent]`);
    assert.equal(machine.nodes(), 0);
    await machine.boot();
    await waitUntil('it is there after a power cut', () => machine.nodes() > 0, patience);
    await waitUntil('it runs', async () => /running/.test((await agent('status')).out), patience);

    // As services.msc and "net stop" do.
    await machine.run('sc.exe', ['stop', 'moult-agent']);
    await waitUntil('it is stopped', async () => /STATE +: 1 +STOPPED/.test(await service()), patience);
    assert.equal(machine.nodes(), 0, 'nobody ended it: it ended');
    const started = await agent('start');
    assert.equal(started.code, 0, started.out + started.err);
    const stopped = await agent('stop');
    assert.equal(stopped.code, 0, stopped.out + stopped.err);
    assert.match(await service(), /STATE +: 1 +STOPPED/);

    const removed = await agent('uninstall', '--purge');
    assert.equal(removed.code, 0, removed.out + removed.err);
    await waitUntil('the program goes', () => !existsSync(onDrive('Agent Runtime')), patience);
    assert.notEqual((await machine.reg('query', serviceKey)).code, 0);
    assert.notEqual((await machine.reg('query', policyKey)).code, 0);
    assert.ok(!existsSync(onDrive('Agent')));
  });

  it('is an MSI that Windows Installer installs; the agent of it updates itself; it goes again', async () => {
    const file = join(folder, 'agent.msi');
    await writeMsi(file, contents, { platform: 'win-x64', runtime });
    const product = readInstallerProduct(readFileSync(file));
    assert.equal(product.version, '7.9.1');
    const words = ['/qn', `SERVER=${server.url}`, 'GROUP=Pilot'];
    const installed = await machine.run('msiexec.exe', ['/i', onWindows(file), ...words]);
    assert.equal(installed.code, 0, installed.out + installed.err);
    const policy = (await machine.reg('query', policyKey)).out;
    assert.match(policy, new RegExp(` WUServer +REG_SZ +${server.url}\n`));
    assert.match(policy, / TargetGroup +REG_SZ +Pilot\n/);
    assert.match((await machine.reg('query', serviceKey)).out, /ImagePath .*agent-service\.exe" "moult-agent"/);
    assert.match(await service(), /STATE +: 4 +RUNNING/);
    const asked = await agent('detect');
    assert.equal(asked.code, 0, asked.out + asked.err);
    const isNext = async () => (await agent('status')).out.startsWith(`WSUS client ${next}\n`);
    await waitUntil('the service updates the agent', isNext, { ...patience, everyMs: 1000 });

    // The next MSI takes the place of this one. Wine does not tell the old one that it is an upgrade (UPGRADINGPRODUCTCODE),
    // so the old one uninstalls its agent, with its settings.
    const { serviceHost } = contents;
    const newer = join(folder, 'newer.msi');
    await writeMsi(
      newer,
      { ...(await readContents(join(folder, 'server'))), serviceHost },
      { platform: 'win-x64', runtime },
    );
    assert.equal(readInstallerProduct(readFileSync(newer)).version, '7.9.3');
    const clientId = await idOfClient();
    const upgraded = await machine.run('msiexec.exe', ['/i', onWindows(newer), ...words]);
    assert.equal(upgraded.code, 0, upgraded.out + upgraded.err);
    assert.deepEqual(await installedVersions(), ['7.9.3'], 'Windows Installer knows one product');
    assert.equal((await machine.reg('query', policyKey)).out, policy);
    assert.equal(await idOfClient(), clientId, 'the server knows it again');
    await waitUntil('it runs', async () => (await isNext()) && /STATE +: 4 +RUNNING/.test(await service()), patience);
    const back = await machine.run('msiexec.exe', ['/i', onWindows(file), '/qn']);
    assert.notEqual(back.code, 0, 'an older one is refused');
    assert.deepEqual(await installedVersions(), ['7.9.3']);

    const removed = await machine.run('msiexec.exe', ['/x', onWindows(newer), '/qn']);
    assert.equal(removed.code, 0, removed.out + removed.err);
    assert.ok(!existsSync(onDrive('Agent Runtime/moult-agent.mjs')));
    assert.notEqual((await machine.reg('query', serviceKey)).code, 0, 'the service is gone');
    assert.equal(machine.nodes(), 0);
  });

  const idOfClient = async () => {
    const key = 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate';
    return /SusClientId +REG_SZ +(\S+)/.exec((await machine.reg('query', key, '/v', 'SusClientId')).out)?.[1];
  };
  const installedVersions = async () => {
    const key = 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall';
    const { out } = await machine.reg('query', key, '/s');
    return [...out.matchAll(/DisplayVersion +REG_SZ +(7\.9\.\d+)/g)].map(([, version]) => version);
  };
  const service = async () => (await machine.run('sc.exe', ['query', 'moult-agent'])).out;
  const output = () => readFileSync(join(machine.drive, 'windows', 'moult-agent-host.out'), 'latin1');
  const isOther = (before: number) => {
    try {
      return Number(JSON.parse(readFileSync(machine.root.hostLock, 'utf8')).pid) !== before;
    } catch {
      return false;
    }
  };
});
