import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseUpdateDocument } from '../metadata/index.ts';
import { rebuildDocument } from '../packages/offline-scan.ts';
import { deriveCore, deriveExtended } from './index.ts';

const fixtures = new URL('../../../../fixtures/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, fixtures), 'utf8').trimEnd();
const schemas = 'http://schemas.microsoft.com/msus/2002/12';
const msiPatch = 'http://www.microsoft.com/msi/patch_applicability.xsd';

/** A Core fragment of a CBS update whose Metadata holds `manifest`; `around` goes on the element of the manifest. */
function coreOf(manifest: string, around = ''): string {
  return deriveCore(
    parseUpdateDocument(
      `<u:Update xmlns:u="${schemas}/Update" xmlns:c="${schemas}/CbsApplicabilityRules">` +
        '<u:UpdateIdentity UpdateID="0000aaaa-0000-0000-0000-00000000000a" RevisionNumber="1"/><u:Properties UpdateType="Software"/>' +
        `<u:ApplicabilityRules><u:Metadata><c:CbsPackageApplicabilityMetadata${around}>${manifest}` +
        '</c:CbsPackageApplicabilityMetadata></u:Metadata></u:ApplicabilityRules></u:Update>',
    ),
  );
}

function manifestIn(core: string): string {
  return /<CbsPackageApplicabilityMetadata>(.*)<\/CbsPackageApplicabilityMetadata>/s.exec(core)?.[1] ?? core;
}

describe('fragments of a real server that hold a foreign namespace', () => {
  for (const name of ['cbs-dotnet', 'osinstaller']) {
    it(`${name}: Core and Extended come out equal from a document that they make up`, () => {
      const core = read(
        `captures/wsus-m0-cbs/${name === 'cbs-dotnet' ? 'cbs-dotnet-core-reduced' : `${name}-core`}.xml`,
      );
      const extended = read(`captures/wsus-m0-cbs/${name}-extended.xml`);
      const document = parseUpdateDocument(rebuildDocument({ core, extended, localized: [], eula: [] }));
      // The publisher cut the manifest down and left `<package …></package>` standing.
      assert.equal(deriveCore(document), core.replace('></package>', ' />'));
      assert.equal(deriveExtended(document), extended);
    });
  }

  it('keeps the namespace of the manifest of a CBS package', () => {
    const core = deriveCore(parseUpdateDocument(read('files/cbs-update.xml')));
    assert.match(
      core,
      /<CbsPackageApplicabilityMetadata><assembly xmlns="urn:schemas-microsoft-com:asm\.v3" manifestVersion="1\.0"/,
    );
    assert.doesNotMatch(core, /msus/);
  });
});

describe('a foreign default declaration', () => {
  const rows: [string, string, string][] = [
    ['stays before the attributes', '<a xmlns="urn:x" b="1" c="2" />', '<a xmlns="urn:x" b="1" c="2" />'],
    ['stays between the attributes', '<a b="1" xmlns="urn:x" c="2" />', '<a b="1" xmlns="urn:x" c="2" />'],
    ['stays behind the attributes', '<a b="1" c="2" xmlns="urn:x" />', '<a b="1" c="2" xmlns="urn:x" />'],
    ['is inherited', '<a xmlns="urn:x"><b><c /></b></a>', '<a xmlns="urn:x"><b><c /></b></a>'],
    [
      'stays where it is repeated',
      '<a xmlns="urn:x"><b xmlns="urn:x" /></a>',
      '<a xmlns="urn:x"><b xmlns="urn:x" /></a>',
    ],
    [
      'changes further in',
      '<a xmlns="urn:x"><b xmlns="urn:y" /><c /></a>',
      '<a xmlns="urn:x"><b xmlns="urn:y" /><c /></a>',
    ],
    [
      'ends where the document ends it',
      '<a xmlns="urn:x"><b xmlns=""><c /></b></a>',
      '<a xmlns="urn:x"><b xmlns=""><c /></b></a>',
    ],
    ['is escaped', '<a xmlns="urn:&quot;&amp;" />', '<a xmlns="urn:&quot;&amp;" />'],
    ['of one of two siblings', '<a xmlns="urn:x" /><b xmlns="urn:y" />', '<a xmlns="urn:x" /><b xmlns="urn:y" />'],
    ['of an update schema goes', `<u xmlns="${schemas}/CbsApplicabilityRules" b="1" />`, '<u b="1" />'],
    ['of a later update schema goes', '<u xmlns="http://schemas.microsoft.com/msus/2016/01/X" />', '<u />'],
  ];
  const nested: [string, string, string][] = [
    [
      'changes, comes back and ends, each time where the document says so',
      '<a xmlns="urn:x"><b xmlns="urn:y"><c xmlns="urn:x"><d xmlns=""/></c></b></a>',
      '<a xmlns="urn:x"><b xmlns="urn:y"><c xmlns="urn:x"><d xmlns="" /></c></b></a>',
    ],
    ['that ends nothing goes', '<a xmlns=""><b xmlns="urn:x"/></a>', '<a><b xmlns="urn:x" /></a>'],
    [
      'ends at a rule',
      `<a xmlns="urn:x"><v:R xmlns:v="${schemas}/BaseApplicabilityRules"/></a>`,
      '<a xmlns="urn:x"><b.R xmlns="" /></a>',
    ],
    ['whose prefix is redeclared stays', '<a xmlns="urn:x" xmlns:u="urn:y"><u:b/></a>', '<a xmlns="urn:x"><b /></a>'],
    [
      'that only looks like an update schema stays',
      '<a xmlns="http://schemas.microsoft.com/msusX/"/>',
      '<a xmlns="http://schemas.microsoft.com/msusX/" />',
    ],
    [
      'of MsiPatch is last, and that inside of it is not',
      `<MsiPatch xmlns="${msiPatch}" z="1"><MsiPatch xmlns="urn:y" y="1"/></MsiPatch>`,
      `<MsiPatch z="1" xmlns="${msiPatch}"><MsiPatch xmlns="urn:y" y="1" /></MsiPatch>`,
    ],
  ];

  for (const [what, manifest, expected] of [...rows, ...nested]) {
    it(what, () => assert.equal(manifestIn(coreOf(manifest)), expected));
  }

  it('that stands further out in the document is written where it is needed first', () => {
    assert.equal(
      manifestIn(coreOf('<a b="1"><c /></a><d />', ' xmlns="urn:x"')),
      '<a xmlns="urn:x" b="1"><c /></a><d xmlns="urn:x" />',
    );
  });

  it('is in its place also in a text that only the careful reader can read', () => {
    assert.equal(
      manifestIn(coreOf('<a b="1" xmlns="urn:x" c="2"><![CDATA[x]]></a>')),
      '<a b="1" xmlns="urn:x" c="2">x</a>',
    );
  });
});

describe('attributes with prefixes', () => {
  const rows: [string, string, string][] = [
    ['lose them', '<a xmlns:p="urn:p" p:k="p:v" />', '<a k="p:v" />'],
    ['give way to the one without', '<a xmlns:p="urn:p" p:k="1" k="2" />', '<a k="2" />'],
    [
      'of one name: the first stays',
      '<a xmlns:p="urn:p" xmlns:q="urn:q" q:k="1" p:k="2" b="3" />',
      '<a k="1" b="3" />',
    ],
    ['of xml keep theirs', '<a xmlns:p="urn:p" xml:lang="de" p:lang="en" />', '<a xml:lang="de" lang="en" />'],
    ['never become a declaration', '<a xmlns:p="urn:p" p:xmlns="urn:y" b="1" />', '<a b="1" />'],
    [
      'that go do not move the declaration',
      '<a xmlns:p="urn:p" p:k="1" k="2" xmlns="urn:x" c="3" />',
      '<a k="2" xmlns="urn:x" c="3" />',
    ],
  ];
  for (const [what, manifest, expected] of rows) {
    it(what, () => assert.equal(manifestIn(coreOf(manifest)), expected));
  }
});
