// The list of an offline scan file (package.cab/package.xml): the addresses of files, and which update supersedes which. It is read in
// pieces: that of Microsoft has 114 MB. Links name revisions by numbers that mean something inside of this file alone.
import { toUpdateId, type UpdateId } from '@moult/catalog';
import { attributeOf, type XmlElement, XmlEventReader } from '@moult/formats/xml';
// Not by the index: that loads Node's HTTP.
import { isPublicFileUrl } from '../web-files/public-address.ts';
import { scanIndexBounds } from './bounds.ts';

export interface ScanIndex {
  /** SHA-1 in lower-case hex. */
  sources: { sha1: string; url: string }[];
  /** Addresses that are not public, or not readable. */
  refusedSources: number;
  updates: Set<UpdateId>;
  /** An update, to the updates that supersede it. Updates that are not superseded are left out. */
  supersededBy: Map<UpdateId, Set<UpdateId>>;
}

/** Throws FormatError for a text that is not XML or larger than the bounds. */
export function readScanIndex(pieces: Iterable<string>, limits = scanIndexBounds): ScanIndex {
  const path: string[] = [];
  const idOf = new Map<string, UpdateId>();
  const links: [UpdateId, string][] = [];
  const index: ScanIndex = { sources: [], refusedSources: 0, updates: new Set(), supersededBy: new Map() };
  let current: UpdateId | undefined;
  const enter = (element: XmlElement) => {
    const parent = path.at(-1);
    path.push(element.local);
    if (element.local === 'Update' && parent === 'Updates') {
      current = toUpdateId(attributeOf(element, 'UpdateId') ?? '');
      if (!current) return;
      index.updates.add(current);
      idOf.set(attributeOf(element, 'RevisionId') ?? '', current);
    } else if (element.local === 'Revision' && parent === 'SupersededBy' && current) {
      links.push([current, attributeOf(element, 'Id') ?? '']);
    } else if (element.local === 'FileLocation') {
      const sha1 = Buffer.from(attributeOf(element, 'Id') ?? '', 'base64');
      const url = (attributeOf(element, 'Url') ?? '').trim();
      if (sha1.length === 20 && url.length <= limits.addressCharacters && isPublicFileUrl(url))
        index.sources.push({ sha1: sha1.toString('hex'), url });
      else index.refusedSources++;
    }
  };
  const reader = new XmlEventReader(
    { maxCharacters: limits.maxCharacters, maxElements: limits.maxElements, maxDepth: 32, maxAttributesPerElement: 32 },
    { onEnter: enter, onText: () => undefined, onLeave: () => void path.pop() },
  );
  for (const piece of pieces) reader.write(piece);
  reader.close();
  for (const [updateId, revision] of links) {
    const by = idOf.get(revision);
    if (by === undefined || by === updateId) continue;
    index.supersededBy.set(updateId, (index.supersededBy.get(updateId) ?? new Set()).add(by));
  }
  return index;
}
