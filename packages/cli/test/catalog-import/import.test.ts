import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { deriveCore, deriveExtended, parseUpdateDocument } from '@moult/catalog';
import { openStore, type Store } from '@moult/store';
import type { ImportReport } from '../../../administration/src/imports/import-report.ts';
import { readDocuments } from '../../../administration/src/imports/read-documents.ts';
import { runImport } from '../../../administration/src/imports/run-import.ts';
import { makeExportCabinet, makeExportGzips, makeOfflineScan, metadataText } from './make-packages.ts';

const docs = fileURLToPath(new URL('../../../../fixtures/captures/wsus-m0-wsusss/docs/', import.meta.url));
const documents = readdirSync(docs).map((file) => readFileSync(join(docs, file), 'utf8'));
const now = () => new Date('2026-11-22T00:00:00Z');

let folder: string;
let store: Store;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-import-test-'));
});
after(async () => {
  await store?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Imports into a catalog of its own unless `into` is given. */
async function importing(
  paths: string[],
  { stdin = '', keep = false }: { stdin?: string | Uint8Array; keep?: boolean } = {},
): Promise<ImportReport> {
  if (!keep) await store?.close();
  if (!keep) store = await openStore(':memory:', { now });
  return runImport(store, readDocuments(paths, Readable.from([Buffer.from(stdin)])), {
    now,
    onProgress: () => undefined,
  });
}

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function counts({ new: added, changed, unchanged, refused }: ImportReport): number[] {
  return [added, changed, unchanged, refused];
}

async function storedFragments(): Promise<string[]> {
  const ids = (await store.listRevisions(0, 100)).map(({ revisionId }) => revisionId);
  const cores = await store.loadFragments('core', ids);
  const extended = await store.loadFragments('extended', ids);
  return ids.map((id) => `${cores.get(id)}${extended.get(id)}`).sort();
}

const expectedFragments = documents
  .map((xml) => parseUpdateDocument(xml))
  .map((document) => deriveCore(document) + deriveExtended(document))
  .sort();

describe('import', () => {
  it('counts new documents first and unchanged ones the second time', async () => {
    assert.deepEqual(counts(await importing([docs])), [5, 0, 0, 0]);
    assert.deepEqual(counts(await importing([docs], { keep: true })), [0, 0, 5, 0]);
    assert.deepEqual(await storedFragments(), expectedFragments);
  });

  it('counts a further revision as changed', async () => {
    await importing([docs]);
    const newer = write(
      'newer.xml',
      (documents[0] as string).replace(
        'RevisionNumber="200" /><upd:Properties',
        'RevisionNumber="201" /><upd:Properties',
      ),
    );
    assert.deepEqual(counts(await importing([newer], { keep: true })), [0, 1, 0, 0]);
  });

  const cabinets: [string, () => Uint8Array][] = [
    ['an LZX export package', () => makeExportCabinet(documents)],
    ['an MSZIP export package', () => makeExportCabinet(documents, 'mszip')],
    ['an offline scan file', () => makeOfflineScan(documents)],
    ...makeExportGzips(documents).map(([name, bytes]): [string, () => Uint8Array] => [
      `an .xml.gz with ${name}`,
      () => bytes,
    ]),
  ];
  for (const [what, make] of cabinets) {
    it(`reads ${what}: the same fragments as from the documents`, async () => {
      assert.deepEqual(counts(await importing([write('package.bin', make())])), [5, 0, 0, 0]);
      assert.deepEqual(await storedFragments(), expectedFragments);
    });
  }

  it('reads a package that gcab made', async () => {
    write('metadata.txt', metadataText(documents));
    execFileSync('gcab', ['-c', '-z', 'foreign.cab', 'metadata.txt'], { cwd: folder });
    assert.deepEqual(counts(await importing([join(folder, 'foreign.cab')])), [5, 0, 0, 0]);
  });

  it('reads standard input, in any encoding', async () => {
    assert.deepEqual(counts(await importing(['-'], { stdin: documents[0] as string })), [1, 0, 0, 0]);
    const utf16 = write('utf16.xml', Buffer.from(documents[1] as string, 'utf16le'));
    const marked = write('marked.xml', Buffer.from(`\uFEFF${documents[2]}`, 'utf8'));
    assert.deepEqual(counts(await importing([utf16, marked])), [2, 0, 0, 0]);
  });

  it('reads packages from standard input as well', async () => {
    for (const stdin of [makeExportCabinet(documents), gzipSync(metadataText(documents))])
      assert.deepEqual(counts(await importing(['-'], { stdin })), [5, 0, 0, 0]);
  });

  it('passes over the payload that stands beside a published document', async () => {
    const out = mkdtempSync(join(folder, 'published-'));
    writeFileSync(join(out, 'document.xml'), documents[0] as string);
    writeFileSync(join(out, '00000000-0000-0000-0000-00000000000a_1.cab'), 'MSCF');
    assert.deepEqual(counts(await importing([out])), [1, 0, 0, 0]);
  });

  it('finds an offline scan file and the documents themselves to be the same', async () => {
    await importing([docs]);
    assert.deepEqual(
      counts(await importing([write('scan.cab', makeOfflineScan(documents))], { keep: true })),
      [0, 0, 5, 0],
    );
  });
});

describe('bad input', () => {
  const good = documents[3] as string;
  const identity = (id: number, rest = '') =>
    `<u:Update xmlns:u="http://schemas.microsoft.com/msus/2002/12/Update"><u:UpdateIdentity UpdateID="00000000-0000-0000-0000-00000000000${id}" RevisionNumber="1"/><u:Properties UpdateType="Software"/>${rest}</u:Update>`;
  const requires = (id: number) =>
    `<u:Relationships><u:Prerequisites><u:UpdateIdentity UpdateID="00000000-0000-0000-0000-00000000000${id}"/></u:Prerequisites></u:Relationships>`;
  const cases: [string, Uint8Array | string, string][] = [
    ['a truncated document', good.slice(0, 500), 'CATALOG_BAD_XML'],
    ['an entity', `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${good}`, 'CATALOG_BAD_XML'],
    [
      'deep nesting',
      good.replace('</upd:Update>', `${'<x>'.repeat(500)}${'</x>'.repeat(500)}</upd:Update>`),
      'CATALOG_OVER_LIMIT',
    ],
    [
      'a wrong encoding',
      Buffer.concat([Buffer.from(good.slice(0, 700)), Buffer.from([0xff, 0xfe]), Buffer.from(good.slice(700))]),
      'CATALOG_BAD_ENCODING',
    ],
    ['a declaration of another encoding', `<?xml version="1.0" encoding="utf-16"?>${good}`, 'CATALOG_BAD_ENCODING'],
    ['another kind of XML', '<html><body/></html>', 'CATALOG_NOT_AN_UPDATE'],
    ['an Update of no namespace', '<Update/>', 'CATALOG_NOT_AN_UPDATE'],
    ['a cabinet cut short', makeExportCabinet(documents).slice(0, 2000), 'FORMAT_TRUNCATED'],
    ['a gzip cut short', gzipSync(good).subarray(0, 300), 'CATALOG_BAD_PACKAGE'],
    ['an update that requires itself', identity(1, requires(1)), 'CATALOG_CONTRADICTORY'],
    ['nothing', '', 'CATALOG_BAD_XML'],
  ];
  for (const [what, bytes, code] of cases) {
    it(`${what} is refused as ${code} and the rest goes on`, async () => {
      const report = await importing([write('bad.xml', bytes), join(docs, readdirSync(docs)[1] as string)]);
      assert.deepEqual(
        report.refusals.map((refusal) => refusal.code),
        [code],
        JSON.stringify(report),
      );
      assert.equal(report.refusals[0]?.document.startsWith(join(folder, 'bad.xml')), true);
      assert.equal(report.new, 1);
    });
  }

  it('two documents with one identity: the first is kept, the second refused', async () => {
    const other = write('other.xml', good.replace('OOBE', 'Other').replace('MajorVersion="6"', 'MajorVersion="7"'));
    const report = await importing([docs, other]);
    assert.deepEqual(
      report.refusals.map(({ code }) => code),
      ['CATALOG_IDENTITY_CONFLICT'],
    );
    assert.deepEqual(await storedFragments(), expectedFragments);
  });

  for (const [what, from, to] of [
    ['title', 'OOBE ZDP', 'Other'],
    ['publication state', 'PublicationState="Published"', 'PublicationState="Expired"'],
  ] as const)
    it(`two documents with one identity that differ in their ${what} alone are told apart as well`, async () => {
      const report = await importing([docs, write('other.xml', good.replace(from, to))]);
      assert.deepEqual(
        report.refusals.map(({ code }) => code),
        ['CATALOG_IDENTITY_CONFLICT'],
      );
    });

  it('a document laid out anew, with other prefixes, is the same', async () => {
    const anew = good.replaceAll('upd:', 'u:').replaceAll('xmlns:upd', 'xmlns:u').replaceAll('><u:', '>\n  <u:');
    assert.deepEqual(counts(await importing([docs, write('anew.xml', anew)])), [5, 0, 1, 0]);
  });

  it('a circle of prerequisites and a half bundle are set aside by name', async () => {
    const bundle =
      '<u:Relationships><u:BundledUpdates><u:UpdateIdentity UpdateID="00000000-0000-0000-0000-000000000009" RevisionNumber="1"/></u:BundledUpdates></u:Relationships>';
    const report = await importing([
      write('a.xml', identity(1, requires(2))),
      write('b.xml', identity(2, requires(1))),
      write('c.xml', identity(3, bundle)),
    ]);
    assert.deepEqual(
      report.setAside.map(({ update, code }) => [update.slice(-3), code]),
      [
        ['1@1', 'CATALOG_PREREQUISITE_CYCLE'],
        ['2@1', 'CATALOG_PREREQUISITE_CYCLE'],
        ['3@1', 'CATALOG_BUNDLE_INCOMPLETE'],
      ],
    );
  });

  it('a package damaged in the middle gives what stood before the damage', async () => {
    const text = metadataText(documents);
    const report = await importing([write('metadata.txt', text.slice(0, text.length - 2000))]);
    assert.deepEqual(counts(report), [4, 0, 0, 1]);
    assert.equal(report.refusals[0]?.code, 'CATALOG_BAD_PACKAGE');
  });
});
