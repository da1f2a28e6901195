// What a large document gives is what it would give read whole: the same fragments, the same values, wherever it is cut.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { largeDocumentBounds } from '../bounds.ts';
import { CatalogError } from '../errors.ts';
import { deriveCore, deriveExtended, deriveLocalized } from '../fragments/index.ts';
import { LargeDocumentReader, parseUpdateDocument } from './index.ts';

const fixtures = fileURLToPath(new URL('../../../../fixtures/', import.meta.url));
const update = 'http://schemas.microsoft.com/msus/2002/12/Update';

function xmlBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.xml'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .filter((text) => text.includes(`"${update}"`) && /^[^<]*<(\w+:)?Update\s/.test(text));
}

const hand = (rules: string, type = 'Software') =>
  `<u:Update xmlns:u="${update}" xmlns:l="http://schemas.microsoft.com/msus/2002/12/LogicalApplicabilityRules" xmlns:d="http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/WindowsDriver"><u:UpdateIdentity UpdateID="00000000-0000-0000-0000-000000000001" RevisionNumber="1"/><u:Properties UpdateType="${type}"/>${rules}</u:Update>`;
const rules = (content: string) => `<u:ApplicabilityRules>${content}</u:ApplicabilityRules>`;
const row =
  '<d:WindowsDriverMetaData HardwareID="PCI\\X" DriverVerDate="2020-01-01" DriverVerVersion="1.2.3.4" WhqlDriverID="1" Class="Net" Company="C" Provider="P" Manufacturer="M" Model="O"><d:FeatureScore OperatingSystem="amd64.10.0" FeatureScore="10"/></d:WindowsDriverMetaData>';

const documents: string[] = [
  ...xmlBelow(join(fixtures, 'captures')),
  ...xmlBelow(join(fixtures, 'files')),
  hand(''),
  hand(rules('')),
  hand(rules('  ')),
  hand(rules(' <u:IsInstalled> <l:True/> </u:IsInstalled> ')),
  hand(rules('<u:IsInstalled>a <l:True/> b &amp; <![CDATA[<c>]]></u:IsInstalled>')),
  hand(rules('<u:IsInstalled> <!-- x --> a</u:IsInstalled><u:IsInstallable> <!-- x --> a <l:True/></u:IsInstallable>')),
  hand(
    rules(
      '<u:Metadata> <x xmlns="urn:x" a="1"> <y xmlns=""/> <z xmlns="urn:z" b="&quot;&#10;"> t </z></x> </u:Metadata>',
    ),
  ),
  hand(rules(`<u:Metadata>${row}${row}</u:Metadata>`), 'Driver'),
  hand(`${rules('<u:IsInstalled><l:True/></u:IsInstalled>')}<u:HandlerSpecificData/>`),
];

type Held = ConstructorParameters<typeof LargeDocumentReader>[2];

function readInPieces(xml: string, pieceCharacters: number, held?: Held) {
  const texts: string[] = [];
  const reader = new LargeDocumentReader((text) => texts.push(text), undefined, held);
  for (let at = 0; at < xml.length; at += pieceCharacters) reader.write(xml.slice(at, at + pieceCharacters));
  const { document, core } = reader.close();
  return { document, core: core.before + texts.join('') + core.after };
}

describe('a large document', () => {
  it('there is something to compare', () => assert.ok(documents.length > 13, String(documents.length)));

  for (const [number, xml] of documents.entries()) {
    it(`gives what it gives when it is read whole (${number + 1})`, () => {
      const whole = parseUpdateDocument(xml);
      for (const pieceCharacters of [7, 1000, 1_000_000]) {
        const { document, core } = readInPieces(xml, pieceCharacters);
        assert.equal(core, deriveCore(whole));
        assert.equal(deriveExtended(document), deriveExtended(whole));
        assert.equal(deriveLocalized(document, 'en'), deriveLocalized(whole, 'en'));
        const { root: _, ...values } = document;
        const { root: __, ...wanted } = whole;
        assert.deepEqual(values, wanted);
      }
    });
  }

  it('knows by their digest alone that other rules are other rules', () => {
    const [a, b] = ['<l:True/>', '<l:False/>'].map((rule) =>
      deriveCore(readInPieces(hand(rules(`<u:IsInstalled>${rule}</u:IsInstalled>`)), 100).document),
    );
    assert.notEqual(a, b);
  });

  const refused: [string, string, string][] = [
    ['a truncated one', hand(rules('')).slice(0, -20), 'CATALOG_BAD_XML'],
    ['two sections of rules', hand(rules('') + rules('')), 'CATALOG_CONTRADICTORY'],
    ['an entity', `<!DOCTYPE a [<!ENTITY x "y">]>${hand('')}`, 'CATALOG_BAD_XML'],
    ['deep rules', hand(rules('<x>'.repeat(500) + '</x>'.repeat(500))), 'CATALOG_OVER_LIMIT'],
    ['another kind of XML', '<html/>', 'CATALOG_NOT_AN_UPDATE'],
    ['nothing', '', 'CATALOG_BAD_XML'],
  ];
  for (const [what, xml, code] of refused) {
    it(`${what} is refused as ${code}`, () =>
      assert.throws(
        () => readInPieces(xml, 50),
        (error) => error instanceof CatalogError && error.code === code,
      ));
  }

  const held = { maxTextCharacters: 1000, maxCharacters: 3000, maxParts: 100 };
  const tooLong = /text, attribute or comment of more than 1000 characters/;
  const tooMany = /more than 100 elements, attributes and texts beside its rules/;
  const tooMuch = /more than 3000 characters beside its rules/;
  const xs = (count: number) => 'x'.repeat(count);
  // The end is missing: each is refused before it is read to the end.
  const unended = hand('').replace('</u:Update>', '');
  const beyond: [what: string, xml: string, says: RegExp][] = [
    ['a text', `${unended}<a>${xs(1001)}</a>`, tooLong],
    ['a text without end', `${unended}<a>${xs(70_000)}`, tooLong],
    ['a CDATA section', `${unended}<a><![CDATA[${xs(1001)}]]></a>`, tooLong],
    ['a CDATA section without end', `${unended}<a><![CDATA[${xs(70_000)}`, tooLong],
    ['an attribute', `${unended}<a b="${xs(1001)}"/>`, tooLong],
    ['an attribute without end', `${unended}<a b="${xs(70_000)}`, tooLong],
    ['a declaration', `${unended}<a xmlns:b="${xs(1001)}"/>`, tooLong],
    ['a comment without end', `${unended}<!--${xs(70_000)}`, tooLong],
    ['an instruction without end', `${unended}<?a ${xs(70_000)}`, tooLong],
    ['a name without end', `${unended}<${xs(70_000)}`, tooLong],
    ['a text in rules', `${unended}<u:ApplicabilityRules><a>${xs(1001)}</a>`, tooLong],
    ['many elements', `${unended}${'<a/>'.repeat(101)}`, tooMany],
    ['many attributes', `${unended}${'<a b="" c="" d=""/>'.repeat(26)}`, tooMany],
    ['many declarations', `${unended}${'<a xmlns:b="urn:b" xmlns:c="urn:c"/>'.repeat(34)}`, tooMany],
    ['many texts', `${unended}${'x<!-- -->'.repeat(101)}`, tooMany],
    ['long texts', `${unended}${`<a>${xs(900)}</a>`.repeat(4)}`, tooMuch],
    ['long attributes', `${unended}${`<a b="${xs(900)}"/>`.repeat(4)}`, tooMuch],
    ['the rows of a driver', `${unended}<u:ApplicabilityRules><u:Metadata>${row.repeat(20)}`, tooMany],
  ];
  for (const [what, xml, says] of beyond) {
    it(`is refused before it is in memory: ${what}`, () => {
      for (const pieceCharacters of [100, 1_000_000])
        assert.throws(
          () => readInPieces(xml, pieceCharacters, held),
          (error) => error instanceof CatalogError && error.code === 'CATALOG_OVER_LIMIT' && says.test(error.message),
        );
    });
  }

  it('has bounds that are 20 times as large as any real document needs', () => {
    const { maxTextCharacters, maxCharacters, maxParts } = largeDocumentBounds;
    const [maxText, most, parts] = [maxTextCharacters / 20, maxCharacters / 20, maxParts / 20];
    for (const xml of documents)
      readInPieces(xml, 1000, { maxTextCharacters: maxText, maxCharacters: most, maxParts: parts });
  });

  it('may have as many rules as it likes, and texts up to the bound', () => {
    const many = `<u:IsInstalled>${'<l:True/>'.repeat(1000)}</u:IsInstalled>`;
    const xml = hand(`${rules(many)}<a b="${xs(1000)}">${xs(1000)}</a>`);
    assert.equal(readInPieces(xml, 100, held).core, deriveCore(parseUpdateDocument(xml)));
  });
});
