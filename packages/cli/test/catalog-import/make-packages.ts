// The containers that update metadata travels in, made from documents: what wsusutil export and the offline scan
// service would make of them.
import { gzipSync } from 'node:zlib';
import {
  deriveCore,
  deriveExtended,
  deriveLocalized,
  localizedLanguages,
  parseUpdateDocument,
  writeExportRecord,
  writeOfflineIndex,
} from '@moult/catalog';
import { createCabinet, type NewMember } from '@moult/formats/cab';

const modified = new Date('2024-01-02T03:04:06Z');

export function metadataText(documents: readonly string[]): string {
  return documents.map((xml) => writeExportRecord(parseUpdateDocument(xml).identity, xml)).join('');
}

/** `wsusutil export x.cab x.log`. */
export function makeExportCabinet(documents: readonly string[], compression: 'mszip' | 'lzx' = 'lzx'): Uint8Array {
  const packageXml =
    '<?xml version="1.0" encoding="utf-8"?><ExportPackage ServerID="00000000-0000-0000-0000-000000000001" ' +
    'CreationTime="2024-01-02T03:04:05Z" FormatVersion="1.0" ProtocolVersion="1.20"><Languages /><Files /><Updates /></ExportPackage>';
  return createCabinet(
    [
      { name: 'package.xml', bytes: Buffer.from(packageXml), modified },
      { name: 'metadata.txt', bytes: Buffer.from(metadataText(documents)), modified },
    ],
    { compression },
  );
}

/** The layouts of `.xml.gz` that are read: records, nested elements, escaped text; UTF-8 or UTF-16. */
export function makeExportGzips(documents: readonly string[]): [name: string, bytes: Uint8Array][] {
  const nested = `<?xml version="1.0" encoding="utf-8"?><ExportPackage><Updates>${documents.map((xml) => `<Update><Xml>${xml}</Xml></Update>`).join('')}</Updates></ExportPackage>`;
  const escaped = `<ExportPackage>${documents.map((xml) => `<Metadata><![CDATA[${xml}]]></Metadata>`).join('')}</ExportPackage>`;
  return [
    ['records in UTF-8', gzipSync(metadataText(documents))],
    ['records in UTF-16', gzipSync(Buffer.from(`\uFEFF${metadataText(documents)}`, 'utf16le'))],
    ['nested documents', gzipSync(nested)],
    ['documents as CDATA', gzipSync(escaped)],
  ];
}

/** An offline scan file: nested cabinets of fragments, two revisions in each. */
export function makeOfflineScan(documents: readonly string[]): Uint8Array {
  const cabinets: { name: string; firstRevisionId: number; bytes: Uint8Array }[] = [];
  for (let at = 0; at < documents.length; at += 2) {
    const members = documents.slice(at, at + 2).flatMap((xml, offset) => fragmentMembers(xml, at + offset + 1));
    cabinets.push({
      name: `package${cabinets.length + 2}.cab`,
      firstRevisionId: at + 1,
      bytes: createCabinet(members, { compression: 'lzx' }),
    });
  }
  const list = createCabinet([{ name: 'package.xml', bytes: Buffer.from('<OfflineSyncPackage />'), modified }]);
  return createCabinet(
    [
      { name: 'index.xml', bytes: Buffer.from(writeOfflineIndex(cabinets)), modified },
      { name: 'package.cab', bytes: list, modified },
      ...cabinets.map(({ name, bytes }) => ({ name, bytes, modified })),
    ],
    { compression: 'mszip' },
  );
}

/** What a .msu holds beside its payload: an offline scan file for one update, its fragments in package.cab or outside. */
export function makeMsu(documents: readonly string[], { nested = true } = {}): Uint8Array {
  const fragments = documents.flatMap((xml, at) => fragmentMembers(xml, at + 1));
  const inner = createCabinet(fragments, { compression: 'lzx' });
  const scan = createCabinet(
    nested
      ? [
          { name: 'package.cab', bytes: inner, modified },
          { name: 'index.xml', bytes: Buffer.from('<FILELIST/>'), modified },
        ]
      : fragments,
    { compression: 'mszip' },
  );
  return createCabinet([
    { name: 'WSUSSCAN.cab', bytes: scan, modified },
    { name: 'Windows6.1-KB5000001-x64.cab', bytes: Buffer.from('MSCF and payload'), modified },
    { name: 'Windows6.1-KB5000001-x64.xml', bytes: Buffer.from('<unattend/>'), modified },
    { name: 'Windows6.1-KB5000001-x64-pkgProperties.txt', bytes: Buffer.from('KB Article Number="5000001"'), modified },
  ]);
}

function fragmentMembers(xml: string, revisionId: number): NewMember[] {
  const document = parseUpdateDocument(xml);
  const member = (name: string, text: string) => ({ name, bytes: Buffer.from(text), modified });
  return [
    member(`c\\${revisionId}`, deriveCore(document)),
    member(`x\\${revisionId}`, deriveExtended(document)),
    ...localizedLanguages(document).map((language) =>
      member(`l\\${language}\\${revisionId}`, deriveLocalized(document, language) ?? ''),
    ),
  ];
}
