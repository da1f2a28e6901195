// Fragments are derived once, at import. If the rules of deriving change, the first start of the new program makes all
// fragments again.
import { deriveCore, deriveExtended, parseUpdateDocument } from '@moult/catalog';
import type { Store } from '../index.ts';

/** Goes up with each change of what derive.ts answers. 2: foreign default namespaces stay. */
const rules = '2';
const rulesName = 'fragment-rules';
const placeName = 'fragment-rules-at';
const documentsPerStep = 100;

type Facts = Pick<
  Store,
  'loadSetting' | 'saveSetting' | 'loadDocumentsAfter' | 'loadFragments' | 'replaceFragments' | 'countRevisions'
>;

/**
 * Makes the fragments again that older rules made, and answers how many differed. Goes on where an earlier run was
 * killed. Costs one question when there is nothing to do. `progress` gets the revisions looked at so far, and all of
 * them.
 */
export async function renewFragments(store: Facts, progress: (done: number, all: number) => void): Promise<number> {
  if ((await store.loadSetting(rulesName)) === rules) return 0;
  const all = await store.countRevisions();
  let renewed = 0;
  let done = 0;
  let after = await placeOf(store);
  for (;;) {
    const documents = await store.loadDocumentsAfter(after, documentsPerStep);
    if (documents.length === 0) break;
    renewed += await renewSome(store, documents.filter(hasForeignDefault));
    after = documents.at(-1)?.revisionId ?? after;
    await store.saveSetting(placeName, `${rules}:${after}`);
    done += documents.length;
    progress(done, all);
    // Other work goes on between the steps.
    await new Promise(setImmediate);
  }
  await store.saveSetting(rulesName, rules);
  return renewed;
}

async function placeOf(store: Facts): Promise<number> {
  const [itsRules, place] = ((await store.loadSetting(placeName)) ?? '').split(':');
  return itsRules === rules ? Number(place) : 0;
}

interface StoredDocument {
  revisionId: number;
  document: string;
}

/** Whether the rules of now can differ from those of before: most documents need not be parsed. */
function hasForeignDefault({ document }: StoredDocument): boolean {
  return /\sxmlns\s*=\s*["'](?!http:\/\/schemas\.microsoft\.com\/msus\/)/.test(document);
}

async function renewSome(store: Facts, documents: readonly StoredDocument[]): Promise<number> {
  const ids = documents.map(({ revisionId }) => revisionId);
  const [cores, extendeds] = [await store.loadFragments('core', ids), await store.loadFragments('extended', ids)];
  const changed = documents
    .map(({ revisionId, document }) => {
      const parsed = parseUpdateDocument(document);
      return { revisionId, core: deriveCore(parsed), extended: deriveExtended(parsed) };
    })
    .filter((one) => cores.get(one.revisionId) !== one.core || extendeds.get(one.revisionId) !== one.extended);
  if (changed.length > 0) await store.replaceFragments(changed);
  return changed.length;
}
