// What no MSI is made of, and what a killed run left. Tests of whole ones: test/windows-bundle.test.ts.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createOperatorCa } from '@moult/formats/authenticode';
import { moultBrand } from '@moult/protocol/self-update';
import type { BundleContents } from '@moult/releases/bundle';
import { writeMsi } from './msi.ts';

describe('an MSI', () => {
  let folder: string;
  let contents: BundleContents;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'moult-msi-test-'));
    const { certificatePem } = await createOperatorCa({ commonName: 'An operator', now: new Date() });
    contents = {
      ...{ brand: moultBrand, releases: [], operatorCertificate: certificatePem, trustRoot: Buffer.from('{}') },
      ...{ program: Buffer.from('//'), license: Buffer.from('Apache'), notices: Buffer.of() },
    };
  });
  after(() => rmSync(folder, { recursive: true }));
  const make = (pointing: { server?: string; group?: string }) => {
    const runtime = { sizeBytes: 4, read: () => [Buffer.from('node')], license: Buffer.from('a licence') };
    return writeMsi(join(folder, 'agent.msi'), { ...contents, ...pointing }, { platform: 'win-x64', runtime });
  };

  it('is not made for a group that wixl or a command line would read as something else', async () => {
    for (const group of ['$(env.HOME)', 'a $$(var.x)', 'a" --root "b', 'a\\', 'a\nb'])
      await assert.rejects(make({ group }), { code: 'RELEASE_BUNDLE_UNMADE', message: /An MSI cannot hold/ }, group);
    await assert.rejects(make({ server: 'http://x/$(sys.CURRENTDIR)' }), { code: 'RELEASE_BUNDLE_UNMADE' });
  });

  it('uninstalls the agent before its files go, and removes the version before where Windows Installer allows that', async () => {
    await make({});
    const args = ['export', join(folder, 'agent.msi'), 'InstallExecuteSequence'];
    const rows = execFileSync('msiinfo', args, { encoding: 'utf8' }).split(/\r?\n/);
    const numbers = new Map(rows.map((row) => row.split('\t')).map(([action = '', , at]) => [action, Number(at)]));
    const order = [...numbers.keys()].filter((action) => Number(numbers.get(action)) > 0);
    order.sort((one, other) => Number(numbers.get(one)) - Number(numbers.get(other)));
    const parts = [
      ...[
        'InstallInitialize',
        'RemoveExistingProducts',
        'Uninstall',
        'StopAgent',
        'InstallExecute',
        'ProcessComponents',
      ],
      ...['UnpublishFeatures', 'RemoveFiles', 'InstallFiles', 'Setup', 'SetupOnly', 'RegisterUser', 'RegisterProduct'],
      ...['PublishFeatures', 'PublishProduct', 'InstallFinalize'],
    ];
    assert.deepEqual(order.slice(order.indexOf('InstallInitialize')), parts);
    rmSync(join(folder, 'agent.msi'));
  });

  it('leaves nothing when it is not made, and takes away what a killed run left', async () => {
    const dead = join(folder, `agent.msi.new-${spawnSync('true').pid}-1`);
    writeFileSync(dead, 'half');
    mkdirSync(`${dead}-data`);
    writeFileSync(join(`${dead}-data`, 'node.exe'), 'half');
    await assert.rejects(make({ group: '"' }), { code: 'RELEASE_BUNDLE_UNMADE' });
    assert.deepEqual(readdirSync(folder), []);
  });
});
