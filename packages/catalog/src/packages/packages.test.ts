import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { escapeText } from '@moult/formats/xml';
import fc from 'fast-check';
import { CatalogError } from '../errors.ts';
import { deriveCore, deriveExtended, deriveLocalized, localizedLanguages } from '../fragments/index.ts';
import { parseUpdateDocument } from '../metadata/index.ts';
import {
  type DocumentText,
  ExportRecordReader,
  looksLikeExportRecords,
  NestedDocumentReader,
  offlineMember,
  rebuildDocument,
  rebuildLargeDocument,
  writeExportRecord,
} from './index.ts';

const docs = new URL('../../../../fixtures/captures/wsus-m0-wsusss/docs/', import.meta.url);
const documents = readdirSync(docs).map((file) => readFileSync(new URL(file, docs), 'utf8'));

/** Cuts a text into pieces of the given lengths, over and over. */
function pieces(text: string, lengths: readonly number[]): string[] {
  const cut: string[] = [];
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    cut.push(text.slice(at, at + length));
    at += length;
  }
  return cut;
}

const lengths = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 });

describe('ExportRecordReader', () => {
  const text = documents
    .map((xml) => `${xml}\r\n<!-- the length counts, not the line -->`)
    .map((xml) => writeExportRecord(parseUpdateDocument(xml).identity, xml))
    .join('');

  it('gives every record, however the text is cut', () => {
    assert.ok(looksLikeExportRecords(text));
    fc.assert(
      fc.property(lengths, (cuts) => {
        const reader = new ExportRecordReader(1_000_000);
        const found = pieces(text, cuts).flatMap((piece) => [...reader.write(piece)]);
        assert.deepEqual(
          [...found, ...reader.close()].map((xml) => String(xml).split('\r\n')[0]),
          documents,
        );
      }),
      { numRuns: 30 },
    );
  });

  it('finds the other records, however the text is cut, when the length of some is wrong', () => {
    const records = documents.map((xml) => writeExportRecord(parseUpdateDocument(xml).identity, xml));
    const wrong = records.map((record, at) =>
      at === 0 ? record : record.replace(/,([0-9a-f]{8}),</, `,${['00000010', '7fffffff', '00000fff'][at % 3]},<`),
    );
    fc.assert(
      fc.property(lengths, (cuts) => {
        const reader = new ExportRecordReader(1_000_000);
        const found = pieces(wrong.join(''), cuts).flatMap((piece) => [...reader.write(piece)]);
        assert.deepEqual(
          [...found, ...reader.close()].map((xml) => String(xml).trim()),
          documents.map((xml) => xml.trim()),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('refuses a package cut inside a record, and a record that claims too much', () => {
    const cut = new ExportRecordReader(1_000_000);
    const found = [...cut.write(text.slice(0, -100))];
    assert.equal(found.length, documents.length - 1);
    assert.throws(
      () => [...cut.close()],
      (error) => error instanceof CatalogError && error.code === 'CATALOG_BAD_PACKAGE',
    );
    assert.throws(
      () => [...new ExportRecordReader(100).write(text)],
      (error) => error instanceof CatalogError && error.code === 'CATALOG_OVER_LIMIT',
    );
  });
});

describe('NestedDocumentReader', () => {
  const fragments = (xml: string) => [deriveCore(parseUpdateDocument(xml)), deriveExtended(parseUpdateDocument(xml))];
  const layouts: [string, string][] = [
    ['elements', `<Export><Updates>${documents.map((xml) => `<Item>${xml}</Item>`).join('\n')}</Updates></Export>`],
    ['escaped text', `<Export>${documents.map((xml) => `<Xml>${escapeText(xml)}</Xml>`).join('')}</Export>`],
    [
      'CDATA',
      `<?xml version="1.0"?><Export>${documents.map((xml) => `<a><b><![CDATA[${xml}]]></b></a>`).join('')}</Export>`,
    ],
    [
      'elements with their prefixes declared outside',
      `<E xmlns:upd="http://schemas.microsoft.com/msus/2002/12/Update" xmlns:lar="http://schemas.microsoft.com/msus/2002/12/LogicalApplicabilityRules">${documents
        .map((xml) => xml.replace(/ xmlns:upd="[^"]*"/, ''))
        .join('')}</E>`,
    ],
  ];
  for (const [how, text] of layouts) {
    it(`finds documents given as ${how}, however the text is cut`, () => {
      fc.assert(
        fc.property(lengths, (cuts) => {
          const reader = new NestedDocumentReader();
          const found = [...pieces(text, cuts).flatMap((piece) => [...reader.write(piece)]), ...reader.close()];
          assert.deepEqual(found.map(String).map(fragments), documents.map(fragments));
        }),
        { numRuns: 10 },
      );
    });
  }
});

describe('rebuildDocument', () => {
  for (const xml of documents) {
    const document = parseUpdateDocument(xml);
    it(`gives ${document.identity.updateId} the same fragments again`, () => {
      const rebuilt = parseUpdateDocument(
        rebuildDocument({
          core: deriveCore(document),
          extended: deriveExtended(document),
          localized: localizedLanguages(document).map((language) => deriveLocalized(document, language) ?? ''),
          eula: [],
        }),
      );
      assert.equal(deriveCore(rebuilt), deriveCore(document));
      assert.equal(deriveExtended(rebuilt), deriveExtended(document));
      assert.equal(deriveLocalized(rebuilt, 'ja'), deriveLocalized(document, 'ja'));
      assert.deepEqual(rebuilt.prerequisiteClauses, document.prerequisiteClauses);
      assert.deepEqual(rebuilt.handler, document.handler);
    });
  }

  it('knows members of nested cabinets by their path', () => {
    assert.deepEqual(offlineMember('c\\12'), { kind: 'core', revisionId: '12' });
    assert.deepEqual(offlineMember('l/pt-br/7'), { kind: 'localized', revisionId: '7' });
    assert.equal(offlineMember('package.xml'), undefined);
  });
});

describe('rebuildLargeDocument', () => {
  it('puts together what rebuildDocument does, wherever the Core fragment is cut', () => {
    for (const xml of [...documents, ...foreign]) {
      const document = parseUpdateDocument(xml);
      const others = {
        extended: deriveExtended(document),
        localized: localizedLanguages(document).map((language) => deriveLocalized(document, language) ?? ''),
        eula: [],
      };
      const core = deriveCore(document);
      for (const length of [5, 1000, 1_000_000]) {
        const text = rebuildLargeDocument(pieces(core, [length]), others);
        const [large, whole] = [String(text), rebuildDocument({ core, ...others })].map((one) =>
          parseUpdateDocument(one),
        );
        assert.ok(large && whole);
        assert.equal(deriveCore(large), deriveCore(whole));
        assert.equal(deriveExtended(large), deriveExtended(whole));
        assert.deepEqual({ ...large, root: 0 }, { ...whole, root: 0 });
      }
    }
  });

  it('refuses a fragment that is cut, or lacks its identity', () => {
    const none = { extended: undefined, localized: [], eula: [] };
    assert.throws(() => rebuildLargeDocument(['<UpdateIdentity'], none), { code: 'CATALOG_BAD_XML' });
    assert.throws(() => rebuildLargeDocument(['<Properties/>'], none), { code: 'CATALOG_MISSING_FIELD' });
  });
});

/** Rules with names and declarations of others. */
const foreign = ['<x xmlns="urn:x"><y xmlns=""><z/></y></x>', ' <x> t </x> '].map(
  (content) =>
    `<u:Update xmlns:u="http://schemas.microsoft.com/msus/2002/12/Update" xmlns:l="http://schemas.microsoft.com/msus/2002/12/LogicalApplicabilityRules"><u:UpdateIdentity UpdateID="00000000-0000-0000-0000-000000000001" RevisionNumber="1"/><u:Properties UpdateType="Software"/><u:ApplicabilityRules><u:IsInstalled><l:True/></u:IsInstalled><u:Metadata>${content}</u:Metadata></u:ApplicabilityRules></u:Update>`,
);

describe('ExportRecordReader and a large record', () => {
  const large = `<u:Update>${'😀é'.repeat(2_000_000)}</u:Update>`;
  const identity = (at: number) =>
    ({ updateId: `00000000-0000-0000-0000-00000000000${at}`, revisionNumber: 1 }) as never;
  const records = [writeExportRecord(identity(1), large), writeExportRecord(identity(2), '<u:Update>small</u:Update>')];

  function read(text: string, pieceCharacters: number): string[] {
    const reader = new ExportRecordReader(100_000_000);
    const found: DocumentText[] = [];
    for (let at = 0; at < text.length; at += pieceCharacters)
      found.push(...reader.write(text.slice(at, at + pieceCharacters)));
    found.push(...reader.close());
    return found.map((one) => (typeof one === 'string' ? one : [...one].join('')).trim());
  }

  it('gives it in pieces, however the text is cut, and the next one whole', () => {
    for (const pieceCharacters of [16_383, 1_000_001, 100_000_000])
      assert.deepEqual(
        read(records.join(''), pieceCharacters).map((text) => text === large || text),
        [true, '<u:Update>small</u:Update>'],
      );
  });

  it('finds every record when the lengths of all of them lie, and looks at none of them twice', () => {
    const lying = Array.from({ length: 3000 }, (_, at) => {
      const id = `00000000-0000-0000-0000-${at.toString(16).padStart(12, '0')}`;
      return writeExportRecord(
        { updateId: id, revisionNumber: 1 } as never,
        `<u:Update>${'x'.repeat(2000)}</u:Update>`,
      );
    }).map((record) => record.replace(/,[\da-f]{8},</, ',05000000,<'));
    const started = process.cpuUsage();
    assert.equal(read(lying.join(''), 65_536).length, 3000);
    assert.ok(process.cpuUsage(started).user < 20_000_000);
  });
});
