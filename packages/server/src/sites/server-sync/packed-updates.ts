// Documents as GetUpdateData sends them: short ones as text, others as a cabinet with the document in UTF-16. Packed ones
// are kept within one memory budget, because several downstream servers ask for the same ones.
import { createCabinet, writeCabinet } from '@moult/formats/cab';
import type { Store } from '@moult/store';
import { LRUCache } from 'lru-cache';

interface PackedUpdate {
  xml?: string;
  compressed?: Uint8Array;
  /** SHA-1, lower-case hex. */
  files: string[];
}

export interface PackedUpdates {
  /** Undefined for a revision that the store does not have. */
  load(revisionId: number): Promise<PackedUpdate | undefined>;
  /** Forgets everything: after a restore the ids mean other revisions. */
  forget(): void;
}

type Documents = Pick<Store, 'loadDocuments' | 'loadFilesOf'>;

export function createPackedUpdates(store: Documents, { budgetBytes }: { budgetBytes: number }): PackedUpdates {
  const kept = new LRUCache<number, PackedUpdate>({
    maxSize: Math.max(1, budgetBytes),
    sizeCalculation: ({ xml = '', compressed, files }) =>
      2 * xml.length + (compressed?.length ?? 0) + 80 * files.length + 200,
  });
  // One after the other: a document may have 47 MB, and packing it takes six times that.
  let turn: Promise<unknown> = Promise.resolve();
  /** All that ask meanwhile get the same: a document above the budget is not kept. */
  let coming = new Map<number, Promise<PackedUpdate | undefined>>();

  const packInTurn = async (revisionId: number): Promise<PackedUpdate | undefined> => {
    const own = coming;
    const packed = turn.then(() => pack(store, revisionId));
    turn = packed.catch(() => undefined);
    try {
      const fresh = await packed;
      if (fresh && own === coming) kept.set(revisionId, fresh);
      return fresh;
    } finally {
      own.delete(revisionId);
    }
  };

  return {
    async load(revisionId) {
      const known = kept.get(revisionId) ?? coming.get(revisionId);
      if (known) return known;
      const packed = packInTurn(revisionId);
      coming.set(revisionId, packed);
      return packed;
    },
    forget() {
      kept.clear();
      coming = new Map();
    },
  };
}

async function pack(store: Documents, revisionId: number): Promise<PackedUpdate | undefined> {
  const document = (await store.loadDocuments([revisionId])).get(revisionId);
  if (document === undefined) return undefined;
  const xml = withoutDeclaration(document);
  const files = (await store.loadFilesOf([revisionId])).map(({ sha1 }) => sha1);
  if (xml.length * 2 <= mostTextBytes) return { xml, files };
  return { compressed: await packText(xml), files };
}

/** The text as a cabinet. The bytes are the same for every length at which it changes its way. */
async function packText(xml: string): Promise<Uint8Array> {
  const described = { name: 'blob', modified: packedAt };
  if (xml.length <= mostAtOnce)
    return createCabinet([{ ...described, bytes: Buffer.from(xml, 'utf16le') }], { compression: 'mszip' });
  // On threads: the largest document takes seconds, and other requests do not wait for it.
  const pieces: { at: number; bytes: Uint8Array }[] = [];
  const sink = {
    write: async (at: number, bytes: Uint8Array) => {
      pieces.push({ at, bytes });
    },
  };
  const member = { ...described, sizeBytes: xml.length * 2, open: () => inUtf16(xml) };
  const cabinet = new Uint8Array(await writeCabinet(sink, [member], { compression: 'mszip' }));
  for (const { at, bytes } of pieces) cabinet.set(bytes, at);
  return cabinet;
}

function* inUtf16(xml: string): Generator<Uint8Array> {
  for (let at = 0; at < xml.length; at += mostAtOnce) yield Buffer.from(xml.slice(at, at + mostAtOnce), 'utf16le');
}

/** Characters, packed within a few milliseconds. */
const mostAtOnce = 64 * 1024;

/** Real documents have none. One that was imported from a file may. */
function withoutDeclaration(document: string): string {
  return document.replace(/^\ufeff?\s*(?:<\?xml[^>]*\?>\s*)?/, '');
}

/** Of UTF-16, as Windows. */
const mostTextBytes = 5120;
/** The same document gives the same bytes. */
const packedAt = new Date('2026-01-01T00:00:00Z');
