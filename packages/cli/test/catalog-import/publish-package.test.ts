// moult publish of Windows Installer packages: the update says what the package says, and what no client runs is
// refused.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { administer, listUpdates } from '@moult/administration';
import { evaluateApplicability, parseUpdateDocument } from '@moult/catalog';
import { extractAll, readCabinet } from '@moult/formats/cab';
import { openStore } from '@moult/store';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import { approve } from '../../../administration/src/approvals.ts';
import { buildCompoundFile, packageClassId } from '../../../formats/src/compound-file/test/build.ts';
import { makePackage, productCode } from '../../../formats/src/windows-installer/test/make-package.ts';

const program = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-publish-'));
  const now = new Date();
  await loadOrCreateOperatorKeys(join(folder, 'data'), { now, isClockBelieved: true });
  await (await openStore(join(folder, 'data/moult.sqlite'), { now: () => now })).close();
  writeFileSync(join(folder, 'app.msi'), makePackage({ version: '2.1.0' }));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function publish(yaml: string, ...args: string[]) {
  writeFileSync(join(folder, 'app.yaml'), `publisher: Contoso\nproduct: App\ntitle: App 2.1\n${yaml}`);
  return spawnSync(process.execPath, [program, 'publish', 'app.yaml', '--data-dir', 'data', ...args], {
    encoding: 'utf8',
    cwd: folder,
  });
}

describe('moult publish of an .msi', () => {
  it('makes an update of the Windows Installer handler from what the package says', () => {
    const run = publish(
      "files: app.msi\ninstall: { msi: app.msi, properties: { ALLUSERS: 1, DIR: 'C:\\a b' } }\n",
      '--out',
      'out',
    );
    assert.equal(run.status, 0, run.stderr);
    const file = readdirSync(join(folder, 'out')).find((name) => name.endsWith('-4.xml')) ?? '';
    const xml = readFileSync(join(folder, 'out', file), 'utf8');
    const update = parseUpdateDocument(xml);
    assert.equal(
      update.properties.handlerUri,
      'http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/WindowsInstaller',
    );
    assert.match(xml, /<upd:HandlerSpecificData xsi:type="msp:WindowsInstallerApp">/);
    assert.deepEqual(update.handler, {
      kind: 'msi',
      productCode,
      msiFile: 'app.msi',
      commandLine: 'ALLUSERS="1" DIR="C:\\a b"',
      uninstallCommandLine: '',
      repairPaths: [],
    });
    assert.ok(update.properties.canSourceBeRequired && update.properties.uninstallationBehavior);
    const cabinet = readFileSync(
      join(folder, 'out', readdirSync(join(folder, 'out')).find((name) => name.endsWith('.cab')) ?? ''),
    );
    const [[name, bytes] = []] = [...extractAll(readCabinet(cabinet))];
    assert.deepEqual([name, Buffer.from(bytes ?? []).equals(readFileSync(join(folder, 'app.msi')))], ['app.msi', true]);
    const state = (version: string | null) =>
      evaluateApplicability(update, {
        msiProduct: () => (version === null ? null : { version, language: 1033 }),
      } as never).kind;
    assert.deepEqual([state(null), state('2.0.9'), state('2.1.0'), state('3.0')].slice(0, 3), [
      'installable',
      'installable',
      'installed',
    ]);
  });

  it('makes an update that an administrator can approve for removal, and a program none', async () => {
    assert.equal(publish('files: app.msi\ninstall: { msi: app.msi }\n').status, 0);
    writeFileSync(join(folder, 'run.cmd'), 'exit 0');
    const installed = 'installed-when: { file-exists: { path: /x } }\nid: 00000000-0000-4000-8000-0000000000aa\n';
    assert.equal(publish(`files: run.cmd\ninstall: { program: run.cmd }\n${installed}`).status, 0);
    const found = { dataDir: join(folder, 'data') };
    const door = { environment: {}, now: () => new Date(), say: () => undefined };
    const codes = await administer(found, door, async (administration) => {
      const { items } = await listUpdates(administration, { limit: 0 });
      return Promise.all(
        items.map(({ updateId }) =>
          approve(administration, { update: updateId, action: 'Uninstall' }).then(
            () => 'approved',
            ({ code }: { code: string }) => code,
          ),
        ),
      );
    });
    assert.deepEqual(codes.sort(), ['ADMINISTRATION_CANNOT_UNINSTALL', 'approved']);
  });

  it('keeps the rules that the publication gives', () => {
    const rules =
      "installed-when: { file-exists: { path: '\\x', csidl: 38 } }\ninstallable-when: { processor: { architecture: 9 } }\n";
    assert.equal(publish(`files: app.msi\ninstall: { msi: app.msi }\n${rules}`, '--out', 'own').status, 0);
    const file = readdirSync(join(folder, 'own')).find((name) => name.endsWith('-4.xml')) ?? '';
    const xml = readFileSync(join(folder, 'own', file), 'utf8');
    assert.match(xml, /<upd:IsInstalled><bar:FileExists [^>]*\/><\/upd:IsInstalled><upd:IsInstallable><bar:Processor /);
    assert.match(xml, /<mar:MsiApplicationMetadata>/);
  });

  const patchClassId = Buffer.from(packageClassId);
  patchClassId[0] = 0x86;
  const files: Record<string, Uint8Array | string> = {
    'patch.msi': buildCompoundFile([{ name: 'x', content: new Uint8Array(1) }], { classId: patchClassId }).bytes,
    'text.msi': 'not a package',
    'fix.msp': 'x',
    'new.msu': 'x',
    'run.ps1': 'x',
    'run.sh': 'x',
    'data.bin': 'x',
  };
  const installed = 'installed-when: { file-exists: { path: /x } }\n';
  const refused: [string, string, RegExp][] = [
    ['an .msi as a program', `files: app.msi\ninstall: { program: app.msi }\n${installed}`, /install: \{ msi/],
    ['a patch named .msi', 'files: patch.msi\ninstall: { msi: patch.msi }\n', /a patch/],
    ['no package at all', 'files: text.msi\ninstall: { msi: text.msi }\n', /cannot be published/],
    ['an .msp', 'files: fix.msp\ninstall: { msi: fix.msp }\n', /\.msp/],
    ['an .msu as a program', `files: new.msu\ninstall: { program: new.msu }\n${installed}`, /wusa/],
    ['a script of PowerShell', `files: run.ps1\ninstall: { program: run.ps1 }\n${installed}`, /powershell\.exe/],
    ['a script of a shell', `files: run.sh\ninstall: { program: run.sh }\n${installed}`, /\.mjs/],
    ['files that nothing runs', `files: data.bin\n${installed}`, /no install/],
    ['an .msi as it is', 'files: app.msi\npackaging: as-is\ninstall: { msi: app.msi }\n', /cabinet/],
    ['an .msi that is not among the files', 'files: data.bin\ninstall: { msi: app.msi }\n', /not one of the files/],
    ['both kinds', 'files: app.msi\ninstall: { msi: app.msi, program: app.msi }\n', /both/],
    ['a private property', 'files: app.msi\ninstall: { msi: app.msi, properties: { Dir: x } }\n', /upper case/],
    ['a property with a quote', `files: app.msi\ninstall: { msi: app.msi, properties: { DIR: 'a" b' } }\n`, /quote/],
  ];
  for (const [what, yaml, message] of refused) {
    it(`refuses ${what}`, () => {
      for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
      const run = publish(yaml);
      assert.equal(run.status, 1, run.stdout);
      assert.match(run.stderr, /CATALOG_BAD_PUBLICATION/);
      assert.match(run.stderr, message);
    });
  }
});
