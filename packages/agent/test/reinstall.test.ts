// An installation over whatever is there ends with a good agent, under the operator that was named and no other.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createOperatorCa } from '@moult/formats/authenticode';
import { readCurrent, writeCurrent } from '../src/host/current.ts';
import { keys } from '../src/machine/keys.ts';
import type { MachineRoot } from '../src/machine/machine-root.ts';
import { openRegistry, text } from '../src/machine/registry.ts';
import { readStatus } from '../src/read-status.ts';
import { uninstallAgent } from '../src/uninstall/uninstall-agent.ts';
import { makePlainAgents, type PlainAgents, placeRelease } from './plain-machine.ts';

const today = '7.9.0.2';

let folder: string;
let agents: PlainAgents;
let machines = 0;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-reinstall-'));
  agents = await makePlainAgents(folder);
});
after(() => rmSync(folder, { recursive: true }));

function replaceBy(path: string, make: (path: string) => void): void {
  rmSync(path, { recursive: true, force: true });
  make(path);
}

const asFolder = (path: string) => mkdirSync(join(path, 'full'), { recursive: true });
const asLink = (path: string) => symlinkSync('/dev/zero', path);

/** A proven agent of this product and version takes the place of today's. */
function newer(product: string) {
  return (root: MachineRoot) => {
    placeRelease(join(root.versionsFolder, '9.0.0.0'), product, '9.0.0.0');
    writeCurrent(root, { state: 'committed', generation: 'wsus', version: '9.0.0.0', proven: true, failed: [] });
  };
}

const cases: [string, (root: MachineRoot) => void, string?][] = [
  ['a newer version of this operator, which stays', newer('moult-agent'), '9.0.0.0'],
  ['a newer version of another product', newer('other-agent')],
  [
    'a newer version without its program',
    (root) => {
      newer('moult-agent')(root);
      rmSync(join(root.versionsFolder, '9.0.0.0', 'agent.mjs'));
    },
  ],
  ['a certificate that is a folder', (root) => replaceBy(root.operatorCertificate, asFolder)],
  ['a certificate that is a link to a device', (root) => replaceBy(root.operatorCertificate, asLink)],
  ['a pinned root that is a folder', (root) => replaceBy(root.trustRoot, asFolder)],
  ['a pinned root that is a link to a device', (root) => replaceBy(root.trustRoot, asLink)],
  ['a state that is a folder', (root) => replaceBy(root.currentFile, asFolder)],
  ['a host that is a folder', (root) => replaceBy(root.hostProgram, asFolder)],
  ['versions that are a file', (root) => replaceBy(root.versionsFolder, (path) => writeFileSync(path, ''))],
  ['hosts that are a file', (root) => replaceBy(root.hostsFolder, (path) => writeFileSync(path, ''))],
  ['a record of the installation that is rubbish', (root) => writeFileSync(root.installRecord, '[{"values":7}]')],
  [
    'half a version that an installation left',
    (root) => mkdirSync(join(root.versionsFolder, `${today}.new-1`, 'x'), { recursive: true }),
  ],
  [
    'locks of processes that are gone',
    (root) => {
      for (const lock of [root.setupLock, root.hostLock, root.launcherLock])
        writeFileSync(lock, '{"pid":4194305,"started":"1"}');
    },
  ],
];

describe('an installation over', () => {
  for (const [what, spoil, version = today] of cases) {
    it(`${what}`, async () => {
      const root = await agents.install(join(folder, `machine-${++machines}`));
      const { clientId } = readStatus(root);
      spoil(root);
      await agents.install(root.folder);
      const status = readStatus(root);
      assert.deepEqual([status.version, status.intact, status.clientId], [version, true, clientId]);
      assert.deepEqual(
        readdirSync(root.versionsFolder).filter((name) => name !== today || version === today),
        [version],
      );
      assert.equal(
        new X509Certificate(readFileSync(root.operatorCertificate)).fingerprint256,
        new X509Certificate(agents.ca.certificatePem).fingerprint256,
      );
      assert.deepEqual((await uninstallAgent(root, { platform: 'linux', purge: true })).problems, []);
      assert.ok(!existsSync(root.folder));
    });
  }

  it("another operator's agent, newer and proven: nothing of that operator stays", async () => {
    const root = await agents.install(join(folder, `machine-${++machines}`));
    newer('moult-agent')(root);
    writeFileSync(root.trustRoot, 'of the other one');
    mkdirSync(root.trustFolder);
    mkdirSync(join(root.hostsFolder, '9.0.0.0'), { recursive: true });
    mkdirSync(root.keptFolder, { recursive: true });
    writeFileSync(join(root.keptFolder, 'operator-ca.cer'), readFileSync(root.operatorCertificate));
    const ca = await createOperatorCa({ commonName: 'Another operator', now: new Date() });
    await agents.install(root.folder, { operatorCertificate: Buffer.from(ca.certificatePem) });
    assert.equal(
      new X509Certificate(readFileSync(root.operatorCertificate)).fingerprint256,
      new X509Certificate(ca.certificatePem).fingerprint256,
    );
    assert.deepEqual([readCurrent(root)?.version, readdirSync(root.versionsFolder)], [today, [today]]);
    for (const path of [root.trustRoot, root.trustFolder, root.hostsFolder, root.keptFolder])
      assert.ok(!existsSync(path), path);
  });

  it('a registry that cannot be read refuses before anything is changed', async () => {
    const root = await agents.install(join(folder, `machine-${++machines}`));
    writeFileSync(root.registryFile ?? '', 'rubbish');
    writeFileSync(root.operatorCertificate, 'stays');
    await assert.rejects(agents.install(root.folder), { code: 'AGENT_CONFIG_BAD_REGISTRY' });
    assert.equal(readFileSync(root.operatorCertificate, 'utf8'), 'stays');
  });

  it('settings of an administrator keeps them', async () => {
    const root = await agents.install(join(folder, `machine-${++machines}`));
    openRegistry(root).change([{ key: keys.agent, name: 'TrustMirrors', value: text('http://mirror') }]);
    await agents.install(root.folder);
    assert.equal(openRegistry(root).read().value(keys.agent, 'TrustMirrors')?.data, 'http://mirror');
  });
});
