// Packages of vendors' catalogs (SDP) as update metadata: rules keep their meaning, and what is not understood is withheld.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { knownRules } from '../applicability/evaluate.ts';
import { evaluateApplicability } from '../applicability/index.ts';
import { type Rule, rulesOf } from '../applicability/rules.ts';
import { deriveCore, deriveExtended } from '../fragments/index.ts';
import { parseUpdateDocument, type UpdateDocument } from '../metadata/index.ts';
import { buildDocuments } from '../publication/index.ts';
import { parseVendorPackage, VendorPackageReader } from './index.ts';
import { rules } from './test/rules.ts';

const example = readFileSync(new URL('../../../../fixtures/files/example.sdp', import.meta.url), 'utf8');
const command =
  'xmlns:cmd="http://schemas.microsoft.com/wsus/2005/04/CorporatePublishing/Installers/CommandLineInstallation.xsd"';
const patch =
  'xmlns:mspi="http://schemas.microsoft.com/wsus/2005/04/CorporatePublishing/Installers/MspInstallation.xsd"';

/** The example with another IsInstallable. */
function withRule(rule: string): string {
  return example.replace(
    /<sdp:IsInstallable>.*?<\/sdp:IsInstallable>/,
    `<sdp:IsInstallable>${rule}</sdp:IsInstallable>`,
  );
}

function withInstaller(element: string, declaration = command): string {
  return example
    .replace(/<msi:MsiInstallerData[^>]*\/>/, element)
    .replace('<sdp:SoftwareDistributionPackage', `<sdp:SoftwareDistributionPackage ${declaration}`)
    .replace(/FileName="app.msi"/, 'FileName="setup.exe"');
}

function document(sdp: string): UpdateDocument {
  const { content } = parseVendorPackage(sdp);
  if ('withheld' in content) throw content.withheld;
  return parseUpdateDocument(buildDocuments(content.publication, [], new Date(0)).at(-1) ?? '');
}

function whyWithheld(sdp: string): string {
  const { content } = parseVendorPackage(sdp);
  return 'withheld' in content ? `${content.withheld.code}: ${content.withheld.message}` : '';
}

describe("a vendor's package", () => {
  it('becomes the update that local publishing makes, under its own id', () => {
    const read = parseVendorPackage(example);
    assert.deepEqual(
      [read.packageId, read.vendor, read.product, read.classification, read.isExpired, read.reboot],
      ['00000000-0000-4000-8000-0000000005d1', 'Contoso', 'Contoso App', 'Updates', false, 'never'],
    );
    const update = document(example);
    assert.equal(update.identity.updateId, read.packageId);
    assert.ok(update.properties.isLocallyPublished && update.properties.explicitlyDeployable);
    assert.equal(update.properties.msrcSeverity, 'Important');
    assert.deepEqual(update.properties.kbArticleIds, ['5000001']);
    assert.deepEqual(update.properties.languages, ['en']);
    assert.deepEqual(
      update.handler?.kind === 'msi' && [
        update.handler.msiFile,
        update.handler.productCode,
        update.handler.commandLine,
      ],
      ['app.msi', '{00000000-0000-4000-8000-0000000005D3}', 'REBOOT=ReallySuppress'],
    );
    const facts = {
      windowsVersion: () => ({ major: 10, minor: 0, build: 19045 }),
      processor: () => ({ architecture: 9 }),
    };
    assert.equal(evaluateApplicability(update, { ...facts, msiProduct: () => null }).kind, 'installable');
    assert.equal(
      evaluateApplicability(update, { ...facts, msiProduct: () => ({ version: '2.1.0.0' }) }).kind,
      'installed',
    );
    assert.equal(
      evaluateApplicability(update, { ...facts, processor: () => ({ architecture: 0 }), msiProduct: () => null }).kind,
      'not-applicable',
    );
  });

  for (const [sdp, core] of rules) {
    it(`keeps the rule ${/:(\w+)/.exec(sdp)?.[1]}`, () => {
      const update = document(withRule(sdp));
      assert.ok(deriveCore(update).includes(`<IsInstallable>${core}</IsInstallable>`), deriveCore(update));
      const names = (rule: Rule): string[] => [rule.name, ...rule.children.flatMap(names)];
      const used = (rulesOf(update).isInstallable ?? [])
        .flatMap(names)
        .filter((name) => !/m\.(Feature|Product)$/.test(name));
      assert.deepEqual(
        used.filter((name) => !knownRules.has(name)),
        [],
      );
    });
  }

  it('has the rules of the package and of its item, both of which must hold', () => {
    const both = example.replace(
      '<sdp:ApplicabilityRules>',
      '<sdp:ApplicabilityRules><sdp:IsInstallable><bar:FileExists Path="x" /></sdp:IsInstallable>',
    );
    assert.match(
      deriveCore(document(both)),
      /<IsInstallable><And><And><b\.WindowsVersion.*<\/And><b\.FileExists Path="x" \/><\/And><\/IsInstallable>/,
    );
  });

  it('runs a program with its return codes, and restarts as it says', () => {
    const update = document(
      withInstaller(
        '<cmd:CommandLineInstallerData Program="setup.exe" Arguments="/s &quot;a b&quot;" DefaultResult="Cancelled" RebootByDefault="true">' +
          '<cmd:ReturnCode Code="0" Result="Succeeded" Reboot="false" /><cmd:ReturnCode Code="-2147467259" Result="Failed" /><cmd:ReturnCode Code="4294967295" Result="Succeeded" Reboot="true" />' +
          '</cmd:CommandLineInstallerData>',
      ).replace('NeverReboots', 'AlwaysRequiresReboot'),
    );
    assert.equal(update.properties.installationBehavior?.rebootBehavior, 'AlwaysRequiresReboot');
    assert.ok(update.handler?.kind === 'command-line');
    assert.deepEqual(
      [update.handler.program, update.handler.arguments, update.handler.defaultResult, update.handler.rebootByDefault],
      ['setup.exe', '/s "a b"', 'Cancelled', true],
    );
    assert.deepEqual(
      update.handler.returnCodes.map(({ code, result, reboot }) => [code, result, reboot]),
      [
        [0, 'Succeeded', false],
        [-2147467259, 'Failed', false],
        [-1, 'Succeeded', true],
      ],
    );
  });

  it('of a patch keeps the patch data and its namespace, on which the rules rest', () => {
    const blob =
      '<MsiPatch xmlns="http://www.microsoft.com/msi/patch_applicability.xsd" SchemaVersion="1.0.0.0" PatchGUID="{00000000-0000-4000-8000-000000000009}"><TargetProductCode>{00000000-0000-4000-8000-000000000002}</TargetProductCode></MsiPatch>';
    const sdp = withInstaller(
      '<mspi:MspInstallerData PatchCode="{00000000-0000-4000-8000-000000000009}" CommandLine="A=1" />',
      patch,
    )
      .replace('FileName="setup.exe"', 'FileName="fix.msp"')
      .replace(
        /<sdp:IsInstalled>.*?<\/sdp:IsInstalled>/,
        `<sdp:IsInstalled><msiar:MsiPatchInstalled /></sdp:IsInstalled><sdp:IsSuperseded><msiar:MsiPatchSuperseded /></sdp:IsSuperseded><sdp:IsInstallable><msiar:MsiPatchInstallable /></sdp:IsInstallable><sdp:Metadata><msiar:MsiPatchMetadata>${blob}</msiar:MsiPatchMetadata></sdp:Metadata>`,
      );
    const update = document(sdp);
    assert.deepEqual(update.handler?.kind === 'msp' && [update.handler.fullFilePatchCode, update.handler.commandLine], [
      '{00000000-0000-4000-8000-000000000009}',
      'A=1',
    ]);
    assert.match(
      deriveCore(update),
      /<m\.MsiPatchMetadata><MsiPatch SchemaVersion="1\.0\.0\.0" PatchGUID="[^"]*" xmlns="http:\/\/www\.microsoft\.com\/msi\/patch_applicability\.xsd">/,
    );
    assert.match(deriveExtended(update), /type="msp:WindowsInstaller"/);
  });

  it('without an item is a rule for others: a detectoid', () => {
    const update = document(
      example
        .replace(/<sdp:InstallableItem[\s\S]*<\/sdp:InstallableItem>/, '')
        .replace('<sdp:IsInstallable>', '<sdp:IsInstalled><lar:True /></sdp:IsInstalled><sdp:IsInstallable>'),
    );
    assert.deepEqual([update.updateType, update.properties.explicitlyDeployable], ['Detectoid', false]);
  });

  it('keeps prerequisites, supersedence and expiry', () => {
    const id = (last: number) => `<sdp:PackageID>00000000-0000-4000-8000-00000000000${last}</sdp:PackageID>`;
    const sdp = example
      .replace(
        '<sdp:InstallableItem',
        `<sdp:SupersededPackages>${id(1)}</sdp:SupersededPackages><sdp:Prerequisites>${id(2)}<sdp:AtLeastOne>${id(3)}${id(4)}</sdp:AtLeastOne></sdp:Prerequisites><sdp:InstallableItem`,
      )
      .replace('PublicationState="Published"', 'PublicationState="Expired"');
    const update = document(sdp);
    assert.deepEqual(update.supersedes, ['00000000-0000-4000-8000-000000000001']);
    assert.deepEqual(
      update.prerequisiteClauses.filter(({ isCategory }) => !isCategory).map(({ anyOf }) => anyOf.length),
      [1, 2],
    );
    assert.equal(update.properties.publicationState, 'Expired');
    assert.ok(parseVendorPackage(sdp).isExpired);
  });

  const withheld: [what: string, sdp: string, why: RegExp][] = [
    [
      'a rule that nobody knows',
      withRule('<bar:MoonPhase Value="full" />'),
      /^CATALOG_UNKNOWN_RULE: IsInstallable\/MoonPhase /,
    ],
    [
      'an unknown rule below Not',
      withRule('<lar:Not><bar:MoonPhase /></lar:Not>'),
      /^CATALOG_UNKNOWN_RULE: IsInstallable\/Not\/MoonPhase/,
    ],
    [
      'a rule of another namespace',
      withRule('<x:Processor xmlns:x="urn:x" Architecture="9" />'),
      /^CATALOG_UNKNOWN_RULE: .*"urn:x"/,
    ],
    ['a rule of our own vocabulary', withRule('<bar:CommandExit Program="/bin/true" />'), /^CATALOG_UNKNOWN_RULE/],
    [
      'an attribute that the rule does not take',
      withRule('<bar:Processor Architecture="9" Vendor="x" />'),
      /^CATALOG_UNKNOWN_RULE: .*takes no Vendor/,
    ],
    [
      'a comparison that is none',
      withRule('<bar:RegDword Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Comparison="Roughly" Data="1" />'),
      /^CATALOG_UNKNOWN_RULE: .*"Roughly"/,
    ],
    ['an And of nothing', withRule('<lar:And />'), /^CATALOG_UNKNOWN_RULE: IsInstallable\/And holds no rule/],
    [
      'rules too deep',
      withRule(`${'<lar:Not>'.repeat(80)}<lar:True />${'</lar:Not>'.repeat(80)}`),
      /^CATALOG_OVER_LIMIT: Rules are nested deeper/,
    ],
    [
      'no IsInstalled',
      example.replace(/<sdp:IsInstalled>.*?<\/sdp:IsInstalled>/, ''),
      /^CATALOG_MISSING_FIELD: .*IsInstalled/,
    ],
    [
      'a path in its file name',
      example.replace('FileName="app.msi"', 'FileName="..\\..\\app.msi"'),
      /^CATALOG_BAD_FIELD: FileName/,
    ],
    [
      'a folder in its file name',
      example.replace('FileName="app.msi"', 'FileName="x/app.msi"'),
      /^CATALOG_BAD_FIELD: FileName/,
    ],
    [
      'a file address that is none of the web',
      example.replace('OriginUri="http:', 'OriginUri="file:'),
      /^CATALOG_BAD_FIELD: OriginUri/,
    ],
    ['a short digest', example.replace('2jmj7l5rSw0yVb/vlWAYkK/YBwk=', 'AAAA'), /^CATALOG_BAD_FIELD: Digest/],
    [
      'an unknown installer',
      withInstaller('<cmd:UpdateExeInstallerData />'),
      /^CATALOG_UNSUPPORTED_PACKAGE: .*UpdateExeInstallerData/,
    ],
    [
      'a program that is not its file',
      withInstaller('<cmd:CommandLineInstallerData Program="other.exe" />'),
      /^CATALOG_UNSUPPORTED_PACKAGE: .*other\.exe/,
    ],
    [
      'a script as a program',
      withInstaller('<cmd:CommandLineInstallerData Program="a.ps1" />').replace(
        'FileName="setup.exe"',
        'FileName="a.ps1"',
      ),
      /^CATALOG_UNSUPPORTED_PACKAGE: .*a\.ps1/,
    ],
    [
      'a bad return code',
      withInstaller(
        '<cmd:CommandLineInstallerData Program="setup.exe"><cmd:ReturnCode Code="99999999999" /></cmd:CommandLineInstallerData>',
      ),
      /^CATALOG_BAD_FIELD: ReturnCode/,
    ],
    [
      'two items',
      example.replace(/(<sdp:InstallableItem[\s\S]*<\/sdp:InstallableItem>)/, '$1$1'),
      /^CATALOG_UNSUPPORTED_PACKAGE: It has 2/,
    ],
    [
      'bundled packages',
      example.replace('<sdp:InstallableItem', '<sdp:BundledPackages /><sdp:InstallableItem'),
      /^CATALOG_UNSUPPORTED_PACKAGE/,
    ],
  ];
  for (const [what, sdp, why] of withheld) {
    it(`with ${what} is withheld by name, and makes no update`, () => {
      assert.equal(parseVendorPackage(sdp).title, 'Contoso App 2.1');
      assert.match(whyWithheld(sdp), why);
    });
  }

  const refused: [what: string, sdp: string, code: string][] = [
    [
      'an external entity',
      `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${example.replace(/<\?xml.*?\?>/, '')}`,
      'CATALOG_BAD_XML',
    ],
    [
      'elements too deep',
      example.replace('<sdp:InstallableItem', `${'<a>'.repeat(200)}${'</a>'.repeat(200)}<sdp:InstallableItem`),
      'CATALOG_OVER_LIMIT',
    ],
    [
      'an endless text',
      `${example.slice(0, example.indexOf('Constructed'))}${'x'.repeat(5_000_000)}`,
      'CATALOG_OVER_LIMIT',
    ],
    ['an end that is missing', example.slice(0, -20), 'CATALOG_BAD_XML'],
  ];
  for (const [what, sdp, code] of refused) {
    it(`in an XML with ${what} is refused`, () => {
      const reader = new VendorPackageReader();
      const readAll = () => {
        for (let at = 0; at < sdp.length; at += 65_536) for (const _ of reader.write(sdp.slice(at, at + 65_536)));
        for (const _ of reader.close());
      };
      assert.throws(readAll, { name: 'CatalogError', code });
    });
  }

  it('without an id or a title is refused, and the others are read', () => {
    const reader = new VendorPackageReader();
    const bare = example.replace(/<\?xml.*?\?>/, '');
    const catalog = `<a>${bare.replace(/PackageID="[^"]*"/, 'PackageID="x"')}${bare.replace('<sdp:Title>Contoso App 2.1</sdp:Title>', '')}${bare}</a>`;
    const found = [...reader.write(catalog), ...reader.close()];
    assert.deepEqual(
      found.map((one) => ('refused' in one ? one.refused.code : one.package.title)),
      ['CATALOG_BAD_FIELD', 'CATALOG_MISSING_FIELD', 'Contoso App 2.1'],
    );
  });
});
