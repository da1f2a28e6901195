// winget manifests as updates: the detection is that of Windows' list of programs.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluateApplicability, readRecordedFacts } from '../applicability/index.ts';
import { parseUpdateDocument, type UpdateDocument } from '../metadata/index.ts';
import { buildDocuments } from '../publication/index.ts';
import { type WingetOptions, wingetUpdate } from './index.ts';

const uninstall = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall';
const code = '{23170F69-40C1-2702-2201-000001000000}';
const sha256 = 'ab'.repeat(32);

/** As winget's own repository writes one, in one file. */
function manifest(version: string, installer: string, more = ''): string {
  return `PackageIdentifier: Example.Tool
PackageVersion: ${version}
PackageLocale: en-US
Publisher: Example Ltd
PackageName: Example Tool
ShortDescription: Packs and unpacks.
${more}Installers:
${installer}ManifestType: singleton
ManifestVersion: 1.12.0
`;
}

function installerOf(type: string, more = '', architecture = 'x64'): string {
  const name = type === 'msi' || type === 'wix' ? 'tool.msi' : 'tool.exe';
  return `- Architecture: ${architecture}
  InstallerType: ${type}
  InstallerUrl: https://example.invalid/a/${name}
  InstallerSha256: ${sha256.toUpperCase()}
${more.replace(/^(?=.)/gm, '  ')}`;
}

function documentOf(yaml: string | string[], options: WingetOptions = {}): UpdateDocument {
  const { publication } = wingetUpdate([yaml].flat(), options);
  const facts = { productCode: code, version: '22.1.0.0' };
  return parseUpdateDocument(buildDocuments(publication, [], new Date(0), facts).at(-1) ?? '');
}

/** A machine with these keys in its list of programs. */
function machine(
  programs: Record<string, { name?: string; publisher?: string; version?: string }>,
  { in32 = false } = {},
) {
  const keys = Object.fromEntries(
    Object.entries(programs).map(([key, { name = 'Example Tool', publisher = 'Example Ltd', version }]) => [
      `${uninstall}\\${key}`,
      {
        DisplayName: { type: 'REG_SZ', data: name },
        Publisher: { type: 'REG_SZ', data: publisher },
        ...(version === undefined ? {} : { DisplayVersion: { type: 'REG_SZ', data: version } }),
      },
    ]),
  );
  return readRecordedFacts(
    JSON.stringify({
      windowsVersion: {
        major: 10,
        minor: 0,
        build: 19045,
        servicePackMajor: 0,
        servicePackMinor: 0,
        suiteMask: 256,
        productType: 1,
      },
      processor: { architecture: 9 },
      msiProducts: {},
      registry: in32 ? {} : keys,
      registry32: in32 ? keys : {},
    }),
  );
}

const state = (update: UpdateDocument, ...facts: Parameters<typeof machine>) =>
  evaluateApplicability(update, machine(...facts)).kind;

describe('the update of a winget manifest', () => {
  const types: [type: string, more: string][] = [
    ['msi', `ProductCode: '${code}'\n`],
    ['wix', `ProductCode: '${code}'\n`],
    ['burn', `ProductCode: '{11111111-1111-4111-8111-111111111111}'\n`],
    ['inno', 'ProductCode: Example Tool_is1\n'],
    ['nullsoft', 'ProductCode: Example Tool\n'],
    ['exe', 'InstallerSwitches:\n  Silent: --quiet\n'],
  ];
  for (const [type, more] of types) {
    it(`of type ${type} finds what is in the list of programs, in both views`, () => {
      const update = documentOf(manifest('22.01', installerOf(type, more)));
      const key = /ProductCode: '?([^'\n]+)/.exec(more)?.[1] ?? 'tool';
      for (const in32 of [false, true]) {
        assert.equal(state(update, { [key]: { version: '22.01' } }, { in32 }), 'installed');
        assert.equal(state(update, { [key]: { version: '22.01.00' } }, { in32 }), 'installed');
        assert.equal(state(update, { [key]: { version: '23.0' } }, { in32 }), 'installed');
        assert.equal(state(update, { [key]: { version: '21.07' } }, { in32 }), 'installable');
        // Another key, as the next version of an .msi has.
        assert.equal(state(update, { other: { version: '21.07' } }, { in32 }), 'installable');
        assert.equal(state(update, { other: { version: '24.0' } }, { in32 }), 'installed');
      }
      assert.equal(state(update, {}), 'not-applicable');
      assert.equal(state(update, { other: { name: 'Example Toolbox', version: '1.0' } }), 'not-applicable');
      assert.equal(state(update, { other: { publisher: 'Somebody', version: '1.0' } }), 'not-applicable');
    });
  }

  it('with new installations is for computers without the program too', () => {
    const update = documentOf(manifest('22.01', installerOf('inno')), { newInstallations: true });
    assert.equal(state(update, {}), 'installable');
    assert.equal(state(update, { tool: { version: '22.01' } }), 'installed');
  });

  it('finds names that carry the version, and the entries of the manifest', () => {
    const entry = `AppsAndFeaturesEntries:
- DisplayName: Example Tool 22.01 (x64)
  Publisher: Igor Example
  DisplayVersion: '22.01'
`;
    const update = documentOf(manifest('22.1.0', installerOf('nullsoft', entry)));
    const with19 = { name: 'Example Tool 19.00 (x64)', publisher: 'Igor Example', version: '19.00' };
    assert.equal(state(update, { x: with19 }), 'installable');
    assert.equal(state(update, { x: { ...with19, name: 'Example Tool 22.01 (x64)', version: '22.01' } }), 'installed');
  });

  it('keeps a version like 1.10 as it is written', () => {
    const { publication } = wingetUpdate([manifest('1.10', installerOf('inno'))]);
    assert.equal(publication.title, 'Example Tool 1.10 (x64)');
    const update = documentOf(manifest('1.10', installerOf('inno')));
    assert.equal(state(update, { x: { version: '1.9' } }), 'installable');
  });

  it('of a version that cannot be ordered compares it as a text, and says so', () => {
    const { notes } = wingetUpdate([manifest('2024b', installerOf('inno'))]);
    assert.ok(notes.some((note) => note.includes('"2024b"')));
    const update = documentOf(manifest('2024b', installerOf('inno')));
    assert.equal(state(update, { x: { version: '2024b' } }), 'installed');
    assert.equal(state(update, { x: { version: '2024a' } }), 'installable');
  });

  it('starts the installer without questions, and reads its return codes', () => {
    const handler = (type: string, more = '') => documentOf(manifest('1.0', installerOf(type, more))).handler;
    const lines = ['burn', 'inno', 'nullsoft'].map((type) => {
      const found = handler(type);
      return found?.kind === 'command-line' ? found.arguments : '';
    });
    assert.deepEqual(lines, ['/quiet /norestart', '/SP- /VERYSILENT /SUPPRESSMSGBOXES /NORESTART', '/S']);
    const codes = `InstallerSwitches:
  Silent: /q
  Custom: /log
InstallerSuccessCodes:
- 5
ExpectedReturnCodes:
- InstallerReturnCode: 3010
  ReturnResponse: rebootRequiredToFinish
- InstallerReturnCode: 4294967295
  ReturnResponse: cancelledByUser
- InstallerReturnCode: 7
  ReturnResponse: diskFull
`;
    const found = handler('exe', codes);
    assert.ok(found?.kind === 'command-line');
    assert.equal(found.arguments, '/q /log');
    assert.deepEqual(
      found.returnCodes.map(({ code: number, result, reboot }) => [number, result, reboot]),
      [
        [0, 'Succeeded', false],
        [5, 'Succeeded', false],
        [3010, 'Succeeded', true],
        [-1, 'Cancelled', false],
        [7, 'Failed', false],
      ],
    );
    const msi = handler('msi', `ProductCode: '${code}'\nInstallerSwitches: { Custom: ALLUSERS=1 }\n`);
    assert.deepEqual(msi?.kind === 'msi' && [msi.msiFile, msi.productCode, msi.commandLine], [
      'tool.msi',
      code,
      'ALLUSERS=1',
    ]);
  });

  it('takes the installer for the computer and for the architecture, and the least version of Windows', () => {
    const user = installerOf('inno', 'Scope: user\n');
    const both = manifest(
      '1.0',
      installerOf('inno', '', 'x86') + user + installerOf('nullsoft', 'Scope: machine\n'),
      'MinimumOSVersion: 10.0.26100.0\n',
    );
    assert.match(wingetUpdate([both]).publication.title, /\(x64\)$/);
    const chosen = wingetUpdate([both]).publication.install;
    assert.equal(chosen?.kind === 'program' && chosen.arguments, '/S');
    assert.match(wingetUpdate([both], { architecture: 'x86' }).publication.title, /\(x86\)$/);
    assert.equal(state(documentOf(both), { x: { version: '0.9' } }), 'not-applicable');
  });

  it('is put together of the files of a version', () => {
    const installer = `PackageIdentifier: Example.Tool\nPackageVersion: 1.0\nInstallerType: inno\nInstallers:\n${installerOf('inno').replace(/.*InstallerType.*\n/, '')}ManifestType: installer\n`;
    const german =
      'PackageIdentifier: Example.Tool\nPackageVersion: 1.0\nPublisher: Beispiel\nPackageName: Werkzeug\nManifestType: locale\n';
    const english = german
      .replace('Beispiel', 'Example Ltd')
      .replace('Werkzeug', 'Example Tool')
      .replace('locale\n', 'defaultLocale\n');
    assert.equal(wingetUpdate([installer, german, english]).publication.title, 'Example Tool 1.0 (x64)');
    assert.throws(
      () => wingetUpdate([installer, english.replace('Version: 1.0', 'Version: 2.0')]),
      /Not all files are of/,
    );
    assert.throws(() => wingetUpdate([installer]), /PackageName/);
  });

  const refused: [what: string, yaml: string, why: RegExp][] = [
    ['msix', manifest('1.0', installerOf('msix')), /msix cannot be published/],
    ['portable', manifest('1.0', installerOf('portable')), /portable/],
    ['zip', manifest('1.0', installerOf('zip')), /zip archive/],
    ['an unknown type', manifest('1.0', installerOf('constructor')), /constructor cannot be published/],
    ['exe without a silent switch', manifest('1.0', installerOf('exe')), /InstallerSwitches\.Silent/],
    ['msi without a product code', manifest('1.0', installerOf('msi')), /ProductCode/],
    ['one for a user alone', manifest('1.0', installerOf('inno', 'Scope: user\n')), /Scope user/],
    ['a bad digest', manifest('1.0', installerOf('inno').replace(sha256.toUpperCase(), 'x')), /InstallerSha256/],
    ['a file address', manifest('1.0', installerOf('inno').replace('https://', 'file://')), /InstallerUrl/],
    ['no YAML', '{', /YAML/],
    [
      'a bomb of aliases',
      `a: &a [${'x,'.repeat(9)}x]\nb: &b [${'*a,'.repeat(9)}*a]\nc: &c [${'*b,'.repeat(9)}*b]\nd: [${'*c,'.repeat(9)}*c]\n`,
      /acceptable|missing/,
    ],
    ['a path as a product code', manifest('1.0', installerOf('inno', 'ProductCode: a\\b\n')), /name of a key/],
  ];
  for (const [what, yaml, why] of refused)
    it(`of ${what} is refused, and says why`, () =>
      assert.throws(() => wingetUpdate([yaml]), { code: 'CATALOG_BAD_MANIFEST', message: why }));
});
