// A disk that answers with an error when it is asked for a file of the agent: the file is not missing then. Nothing is
// written anew, no trust is forgotten, and nothing is done without the policy. Links to themselves make the error, as in
// unreadable-registry.test.ts: existsSync says of them, too, that nothing is there.
import assert from 'node:assert/strict';
import fs, { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { machineFacts } from '../facts/index.ts';
import { readCurrent, recoverCurrent, writeCurrent } from '../host/current.ts';
import { hasWorkingVersion } from '../host/recover-first.ts';
import { openWsusLog } from '../logs/wsus-log.ts';
import { keepPing, readUrlLog } from '../pings/url-log.ts';
import { readPolicyFiles } from '../policy/files.ts';
import { openSession } from '../program/session.ts';
import { readOperatorCertificate } from '../program/shell.ts';
import { openOperatorClient } from '../trust/operator-client.ts';
import { readStanding } from '../trust/standing.ts';
import { pinTrustRoot } from '../trust/trust-root.ts';
import { openEventQueue } from '../wsus/report/event-queue.ts';
import { detectionFailed } from '../wsus/report/events.ts';
import { readInstallRecord, recordInstallation } from './install-record.ts';
import { runningInstaller } from './installer-mark.ts';
import { keys } from './keys.ts';
import { lockHolder, tryLock } from './lock.ts';
import { type MachineRoot, machineRoot } from './machine-root.ts';
import { readMachine } from './policy.ts';
import { number, openRegistry, text } from './registry.ts';
import { windowsRegistry } from './windows-registry.ts';

let root: MachineRoot;
beforeEach(() => {
  root = machineRoot(mkdtempSync(join(tmpdir(), 'moult-unreadable-')));
  mkdirSync(root.agentFolder, { recursive: true });
  openRegistry(root).change([
    { key: keys.policy, name: 'WUServer', value: text('http://server:8530') },
    { key: keys.policyAu, name: 'UseWUServer', value: number(1) },
  ]);
});
afterEach(() => rmSync(root.folder, { recursive: true, force: true }));

/** From here on the disk answers with an error when it is asked for `path`. */
function fail(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { recursive: true, force: true });
  symlinkSync(path, path);
  assert.equal(existsSync(path), false);
  return path;
}

const isLoop = (path: string) => lstatSync(path).isSymbolicLink();
const unreadable = { code: 'DISK_UNREADABLE', systemCode: 'ELOOP' };
const looped = { code: 'ELOOP' };
const now = () => new Date('2026-12-02T00:00:00Z');

describe('a file that the disk cannot read', () => {
  it('of the policy is no missing policy: no session is opened without it', () => {
    for (const file of [root.policyConfig, root.groupPolicyFile]) {
      fail(file);
      assert.throws(() => readPolicyFiles(root), unreadable);
      assert.throws(() => openSession({ root, registry: openRegistry(root), now }, 'test'), unreadable);
      rmSync(file);
    }
    assert.deepEqual(readPolicyFiles(root).faults, []);
  });

  it('of the pinned trust does not make the agent take another root, or go on as if it had none', async (context) => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => server.close());
    const source = {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ...{ userAgent: 'test', operatorCaPem: '', now },
      limits: { silenceMs: 5000, totalMs: 5000, maxBytes: 1_000_000 },
    };
    for (const [path, error] of [
      [root.trustRoot, looped],
      [root.trustFolder, unreadable],
    ] as const) {
      fail(path);
      for (const pins of [true, false]) await assert.rejects(openOperatorClient(root, source, { pins }), error);
      assert.throws(() => readStanding(root, openRegistry(root).read(), now()), unreadable);
      assert.ok(isLoop(path));
      rmSync(path);
    }
    assert.equal(asked, 0);
    assert.equal((await openOperatorClient(root, source, { pins: true })).state, 'unpinned');
  });

  it('of the pinned trust keeps what the operator signed, and goes on with it, when that is there', async () => {
    fail(root.trustRoot);
    const kept = join(root.trustFolder, 'root.json');
    mkdirSync(root.trustFolder);
    writeFileSync(kept, '{}');
    assert.throws(() => pinTrustRoot(root, Buffer.from('another root')), looped);
    assert.ok(existsSync(kept) && isLoop(root.trustRoot));
  });

  it('of the operator is told as such', () => {
    fail(root.operatorCertificate);
    assert.throws(() => readOperatorCertificate(root), unreadable);
  });

  it('of a lock is not a free one', () => {
    fail(root.hostLock);
    assert.throws(() => tryLock(root.hostLock), looped);
    assert.throws(() => lockHolder(root.hostLock), looped);
    assert.ok(isLoop(root.hostLock));
  });

  it('of an installer that may run is not a finished one', () => {
    fail(root.installerMark);
    assert.throws(() => runningInstaller(root), looped);
  });

  it('of the installation is not written anew with the values of now', () => {
    fail(root.installRecord);
    const registry = openRegistry(root).read();
    assert.throws(() => readInstallRecord(root), looped);
    const change = { key: keys.policy, name: 'WUServer', value: text('http://other') };
    assert.throws(() => recordInstallation(root, registry, [change]), looped);
    assert.ok(isLoop(root.installRecord));
  });

  it('of pings and events that wait is not thrown away', () => {
    fail(root.urlLog);
    assert.throws(() => readUrlLog(root.urlLog), looped);
    assert.throws(() => keepPing(root.urlLog, { statusServer: 'http://s', query: 'X=1' }), looped);
    assert.ok(isLoop(root.urlLog));
    const queue = openEventQueue(root, openWsusLog(root, now), now);
    queue.add(detectionFailed(1));
    const event = fail(join(root.eventCacheFolder, '000000000000001-0001-x.json'));
    assert.equal(queue.waiting().length, 1);
    assert.ok(isLoop(event));
  });

  it('of the versions does not make the host fetch one as if there were none', () => {
    fail(root.versionsFolder);
    assert.throws(() => recoverCurrent(root), unreadable);
    assert.throws(() => hasWorkingVersion(root), unreadable);
  });

  it('is an unknown fact for a rule, not a missing file or a missing package', () => {
    const registry = openRegistry(root).read();
    const facts = machineFacts(root, registry, { ...readMachine(registry), os: 'Linux' });
    assert.equal(facts.file?.('C:\\there\\not.txt'), null);
    fail(join(root.folder, 'there'));
    assert.equal(facts.file?.('C:\\there\\not.txt'), undefined);
    fail(join(root.folder, 'var', 'lib', 'dpkg', 'status'));
    assert.throws(() => facts.packageVersion?.('dpkg', 'moult'), unreadable);
  });
});

describe('a fault of the disk that is over in a moment', () => {
  it('costs no line of current.json', () => {
    const failed = [{ version: '7.9.0.9', hresult: 1, at: '2026-01-02T03:04:05.000Z', tries: 2 }];
    writeCurrent(root, { version: '7.9.0.2', generation: 'wsus', state: 'committed', failed });
    assert.deepEqual(failingOnce(root.currentFile, () => readCurrent(root))?.failed, failed);
  });

  it('costs no policy', () => {
    writeFileSync(root.policyConfig, '{"TargetGroup": "Pilots"}');
    const { config } = failingOnce(root.policyConfig, () => readPolicyFiles(root));
    assert.equal(config.get('targetgroup'), 'Pilots');
  });
});

describe('the registry of Windows', () => {
  it('is not taken for empty when reg.exe lists a key and cannot export it', () => {
    const view = windowsRegistry({
      query: () => Buffer.from('HKEY_LOCAL_MACHINE\\A\r\n'),
      export: () => undefined,
      import: () => true,
    }).read();
    assert.throws(() => view.value(keys.policy, 'WUServer'), { code: 'AGENT_CONFIG_BAD_REGISTRY' });
  });
});

/** The first time that `path` is opened the disk fails. */
function failingOnce<Result>(path: string, act: () => Result): Result {
  const { openSync } = fs;
  let left = 1;
  fs.openSync = (name, ...rest) => {
    if (name !== path || left === 0) return openSync(name, ...rest);
    left -= 1;
    throw Object.assign(new Error('EIO: i/o error, open'), { code: 'EIO', errno: -5, syscall: 'open' });
  };
  syncBuiltinESMExports();
  try {
    return act();
  } finally {
    fs.openSync = openSync;
    syncBuiltinESMExports();
    assert.equal(left, 0);
  }
}
