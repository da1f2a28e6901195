// moult catalog add and moult publish --winget as an administrator types them: a catalog of 2,000 packages within 300
// MB of memory, one package of it, and a manifest with its installer.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createCabinet } from '@moult/formats/cab';
import { openStore } from '@moult/store';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import {
  generateVendorPackages,
  packageIdOf,
  vendorCatalogXml,
} from '../../../catalog/test/generate-vendor-catalog.ts';

const program = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const meter = new URL('peak-memory.mjs', import.meta.url).href;
const count = 2000;

let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-vendor-catalog-'));
  const now = new Date();
  await loadOrCreateOperatorKeys(join(folder, 'data'), { now, isClockBelieved: true });
  await (await openStore(join(folder, 'data/moult.sqlite'), { now: () => now })).close();
  const xml = Buffer.from([...vendorCatalogXml(generateVendorPackages(count))].join(''));
  writeFileSync(join(folder, 'catalog.cab'), createCabinet([{ name: 'catalog.xml', bytes: xml, modified: now }]));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function moult(args: string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [program, ...args, '--data-dir', 'data'], {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, ...env },
  });
}

describe('moult catalog add', () => {
  it(`reads ${count} packages within 300 MB, and again only what changed`, () => {
    const peak = join(folder, 'peak');
    const run = moult(['catalog', 'add', 'catalog.cab', '--name', 'Example', '--json'], {
      NODE_OPTIONS: `--import=${meter}`,
      PEAK_MEMORY: peak,
    });
    assert.equal(run.status, 0, run.stderr);
    const report = JSON.parse(run.stdout);
    assert.deepEqual([report.new, report.withheld, report.refused], [count, [], []]);
    assert.ok(report.bytes > 160e9, `${report.bytes} bytes`);
    const kib = Number(readFileSync(peak, 'utf8'));
    assert.ok(kib < 300 * 1024, `${kib} KiB`);
    const again = JSON.parse(moult(['catalog', 'update', '--json']).stdout);
    assert.deepEqual([again.items[0].new, again.items[0].changed, again.items[0].unchanged], [0, 0, count]);
  });

  it('lists catalogs and packages, and a package is approved with a file of a folder', () => {
    const [vendor] = JSON.parse(moult(['catalog', 'vendors', '--json']).stdout).items;
    assert.deepEqual([vendor.name, vendor.packages, vendor.published], ['Example', count, 0]);
    const found = JSON.parse(moult(['catalog', 'packages', '--search', 'driver 17 [', '--json']).stdout);
    assert.deepEqual(
      found.items.map(({ packageId }: { packageId: string }) => packageId),
      [packageIdOf(17)],
    );
    mkdirSync(join(folder, 'files'));
    writeFileSync(join(folder, 'files/sp65017.exe'), 'MZ another file');
    const wrong = moult(['approve', packageIdOf(17), '--files-from', 'files', '--json']);
    assert.equal(JSON.parse(wrong.stdout || wrong.stderr).error?.code ?? wrong.stderr, 'ADMINISTRATION_FILE_DIGEST');
  });
});

describe('moult publish --winget', () => {
  it('makes the update of a version in its folder, with the installer of the disk', () => {
    const installer = Buffer.from('MZ the installer');
    writeFileSync(join(folder, 'tool.exe'), installer);
    const version = 'PackageIdentifier: Example.Tool\nPackageVersion: 1.10\n';
    mkdirSync(join(folder, '1.10'));
    const write = (name: string, text: string) => writeFileSync(join(folder, '1.10', name), version + text);
    write('Example.Tool.yaml', 'DefaultLocale: en-US\nManifestType: version\n');
    write(
      'Example.Tool.locale.en-US.yaml',
      'Publisher: Example Ltd\nPackageName: Example Tool\nManifestType: defaultLocale\n',
    );
    write(
      'Example.Tool.installer.yaml',
      `InstallerType: inno\nInstallers:\n- Architecture: x64\n  InstallerUrl: https://example.invalid/tool.exe\n  InstallerSha256: ${createHash('sha256').update(installer).digest('hex')}\nManifestType: installer\n`,
    );
    const run = moult(['publish', '--winget', '1.10/Example.Tool.installer.yaml', '--installer', 'tool.exe']);
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /"Example Tool 1\.10 \(x64\)" applies to 0 of 0 computers; can restart\./);
    assert.match(run.stdout, /published [\da-f-]{36}@1 "Example Tool 1\.10 \(x64\)"/);
    writeFileSync(join(folder, 'tool.exe'), 'MZ another');
    assert.match(moult(['publish', '--winget', '1.10', '--installer', 'tool.exe']).stderr, /SHA-256/);
    assert.match(moult(['publish', 'a.yaml', '--winget', '1.10']).stderr, /--winget/);
  });
});
