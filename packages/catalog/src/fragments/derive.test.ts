import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseUpdateDocument, type UpdateDocument } from '../metadata/index.ts';
import { deriveCore, deriveEula, deriveExtended, deriveFileUrl, deriveLocalized } from './index.ts';

const fixtures = new URL('../../../../fixtures/captures/wsus-m0-wsusss/', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, fixtures), 'utf8');
}

describe('the fragments of the captured documents', () => {
  for (const file of readdirSync(new URL('docs/', fixtures))) {
    const name = file.replace(/\.xml$/, '');
    const document = parseUpdateDocument(read(`docs/${file}`));
    it(`${name}: Core, Extended and LocalizedProperties are those of the real server, byte for byte`, () => {
      assert.equal(deriveCore(document), read(`wusp-reference/${name}.core.xml`).trimEnd());
      assert.equal(deriveExtended(document), read(`wusp-reference/${name}.extended.xml`).trimEnd());
      assert.equal(deriveLocalized(document, 'en'), read(`wusp-reference/${name}.localized-en.xml`).trimEnd());
    });
  }
});

function update(body: string, properties = ''): UpdateDocument {
  return parseUpdateDocument(
    `<u:Update xmlns:u="http://schemas.microsoft.com/msus/2002/12/Update" xmlns:l="http://schemas.microsoft.com/msus/2002/12/LogicalApplicabilityRules">
  <u:UpdateIdentity UpdateID="0000AAAA-0000-0000-0000-00000000000A" RevisionNumber="1"/>
  <u:Properties UpdateType="Software" ${properties}/>${body}</u:Update>`,
  );
}

describe('deriveCore', () => {
  it('names rules by namespace, whatever prefix the document chose, and drops layout between them', () => {
    const document = update(`
  <u:ApplicabilityRules>
    <u:IsInstalled>
      <x:RegKeyExists xmlns:x="http://schemas.microsoft.com/msus/2002/12/BaseApplicabilityRules" Key="K" Subkey="a &quot;b&quot;"/>
      <x:MsiProductInstalled xmlns:x="http://schemas.microsoft.com/msus/2002/12/MsiApplicabilityRules" ProductCode="{P}"/>
      <WindowsDriverInstalled xmlns="http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/WindowsDriver"/>
      <vendor:Own xmlns:vendor="urn:vendor"><vendor:Deep/></vendor:Own>
    </u:IsInstalled>
  </u:ApplicabilityRules>`);
    assert.equal(
      deriveCore(document),
      '<UpdateIdentity UpdateID="0000AAAA-0000-0000-0000-00000000000A" RevisionNumber="1" />' +
        '<Properties UpdateType="Software" /><ApplicabilityRules><IsInstalled>' +
        '<b.RegKeyExists Key="K" Subkey="a &quot;b&quot;" /><m.MsiProductInstalled ProductCode="{P}" />' +
        '<d.WindowsDriverInstalled /><Own><Deep /></Own></IsInstalled></ApplicabilityRules>',
    );
  });

  it('keeps the MsiPatch namespace behind its attributes and leaves metadata as the publisher wrote it', () => {
    const document = update(
      '<u:ApplicabilityRules><u:Metadata><m:MsiPatchMetadata xmlns:m="http://schemas.microsoft.com/msus/2002/12/MsiApplicabilityRules">' +
        '<MsiPatch xmlns="http://www.microsoft.com/msi/patch_applicability.xsd" PatchGUID="{G}">\n  <TargetProduct> x </TargetProduct>\n</MsiPatch>' +
        '</m:MsiPatchMetadata></u:Metadata></u:ApplicabilityRules>',
    );
    assert.match(
      deriveCore(document),
      /<Metadata><m\.MsiPatchMetadata><MsiPatch PatchGUID="\{G\}" xmlns="http:\/\/www\.microsoft\.com\/msi\/patch_applicability\.xsd">\n {2}<TargetProduct> x <\/TargetProduct>\n<\/MsiPatch><\/m\.MsiPatchMetadata><\/Metadata>/,
    );
  });

  it('gives the row of a driver without the scores and ids below it, which are for the server', () => {
    const document = update(
      '<u:ApplicabilityRules><u:Metadata><w:WindowsDriverMetaData xmlns:w="http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/WindowsDriver" HardwareID="pci\\a" Class="Net">' +
        '<w:FeatureScore OperatingSystem="amd64.10.0" FeatureScore="20"/><w:TargetComputerHardwareId>x</w:TargetComputerHardwareId>' +
        '</w:WindowsDriverMetaData></u:Metadata></u:ApplicabilityRules>',
    );
    assert.match(
      deriveCore(document),
      /<Metadata><d\.WindowsDriverMetaData HardwareID="pci\\a" Class="Net" \/><\/Metadata>/,
    );
  });

  it('drops only the Properties attributes that repeat a default', () => {
    const properties = (text: string) => /<Properties[^>]*>/.exec(deriveCore(update('', text)))?.[0];
    assert.equal(
      properties('ExplicitlyDeployable="false" AutoSelectOnWebSites="false"'),
      '<Properties UpdateType="Software" />',
    );
    assert.equal(
      properties(
        'ExplicitlyDeployable="true" AutoSelectOnWebSites="true" EulaID="e" OSUpgrade="swap" IsPublic="false"',
      ),
      '<Properties UpdateType="Software" ExplicitlyDeployable="true" AutoSelectOnWebSites="true" EulaID="e" OSUpgrade="swap" />',
    );
  });
});

describe('deriveExtended', () => {
  it('keeps what it does not know and the children of Properties', () => {
    const document = update('').root;
    assert.ok(document);
    const extended = deriveExtended(
      parseUpdateDocument(
        '<u:Update xmlns:u="http://schemas.microsoft.com/msus/2002/12/Update"><u:UpdateIdentity UpdateID="0000aaaa-0000-0000-0000-00000000000a" RevisionNumber="1"/>' +
          '<u:Properties UpdateType="Software" NewThing="1" IsBeta="false" PerUser="true" CreationDate="x"><u:SupportUrl>http://s</u:SupportUrl></u:Properties></u:Update>',
      ),
    );
    assert.equal(
      extended,
      '<ExtendedProperties NewThing="1" IsBeta="false" PerUser="true"><SupportUrl>http://s</SupportUrl></ExtendedProperties>',
    );
  });
});

describe('deriveLocalized', () => {
  const localized = (...languages: string[]) =>
    update(
      `<u:LocalizedPropertiesCollection>${languages
        .map(
          (l) => `<u:LocalizedProperties><u:Language>${l}</u:Language><u:Title>${l}</u:Title></u:LocalizedProperties>`,
        )
        .join('')}</u:LocalizedPropertiesCollection>`,
    );
  const cases: [string, string[], string, string | undefined][] = [
    ['the exact language, in any letter case', ['en', 'pt-br', 'pt'], 'pt-BR', 'pt-br'],
    ['the neutral parent', ['en', 'de'], 'de-AT', 'de'],
    ['English when neither is there', ['fr', 'en'], 'ja-JP', 'en'],
    ['the neutral entry when there is no English', ['all', 'fr'], 'ja', 'all'],
    ['nothing when there is nothing', ['fr'], 'ja', undefined],
  ];
  for (const [promise, languages, locale, expected] of cases) {
    it(`gives ${promise}`, () => {
      const fragment = deriveLocalized(localized(...languages), locale);
      assert.equal(/<Language>(.*)<\/Language>/.exec(fragment ?? '')?.[1], expected);
    });
  }
});

describe('deriveEula and deriveFileUrl', () => {
  const digest = Buffer.alloc(20, 0x0a).toString('base64');
  const file = (tag: string, rest: string) =>
    `<u:${tag} Digest="${digest}" DigestAlgorithm="SHA1" FileName="a.b.txt" Size="1" Modified="2020-01-01T00:00:00Z" ${rest}/>`;
  it('prefer the licence of the region and fall back to the rest of the world', () => {
    const document = update(
      `<u:LocalizedPropertiesCollection>${file('EulaFile', 'Language="en"')}${file('EulaFile', 'Language="en" GeoId="DEU"')}</u:LocalizedPropertiesCollection>`,
    );
    assert.match(deriveEula(document, 'de-DE', 'deu') ?? '', /GeoId="DEU"/);
    assert.doesNotMatch(deriveEula(document, 'de-DE', 'FRA') ?? '', /GeoId/);
    assert.equal(deriveEula(update(''), 'en'), undefined);
  });
  it('give each distinct file once, at its content path', () => {
    const document = update(`<u:Files>${file('File', '')}${file('File', '')}</u:Files>`);
    const hex = '0A'.repeat(20);
    assert.equal(
      deriveFileUrl(document, 'http://h:1'),
      `<FileLocation><FileDigest>${digest}</FileDigest><Url>http://h:1/Content/0A/${hex}.txt</Url></FileLocation>`,
    );
  });
});
