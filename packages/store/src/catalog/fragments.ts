// Fragments ready to send: derived at import, escaped on first use, kept within one memory budget for all clients.
import {
  chooseLanguages,
  deriveEula,
  deriveLocalized,
  localizedLanguages,
  parseUpdateDocument,
  type UpdateDocument,
} from '@moult/catalog';
import { escapeText } from '@moult/formats/xml';
import { LRUCache } from 'lru-cache';
import type { Store, StoredFragment } from '../index.ts';

export interface Fragments {
  /** Forgets everything: after a restore the ids mean other revisions. */
  forget(): void;
  /** Escaped text by revision id. Unknown ids are left out. */
  load(kind: StoredFragment, revisionIds: readonly number[]): Promise<Map<number, string>>;
  /** The LocalizedProperties elements for a client's locales, escaped. None for an unknown revision. */
  localized(revisionIds: readonly number[], locales: readonly string[]): Promise<Map<number, string[]>>;
  /** The EulaFile element for the first locale that has one, escaped. */
  eula(
    revisionIds: readonly number[],
    locales: readonly string[],
    geoId: string | undefined,
  ): Promise<Map<number, string>>;
}

/** `budgetBytes` bounds what is kept in memory. */
export function createFragments(store: Store, { budgetBytes }: { budgetBytes: number }): Fragments {
  const kept = new LRUCache<string, string>({
    maxSize: budgetBytes,
    maxEntrySize: Math.max(1, budgetBytes >> 2),
    // V8 keeps Latin text in one byte a character. Other letters in two.
    sizeCalculation: (text, key) => 2 * text.length + key.length + 100,
  });

  /** Answers from memory, and asks `make` once for everything that is not there. */
  async function through(
    prefix: string,
    revisionIds: readonly number[],
    make: (missing: number[]) => Promise<Map<number, string>>,
  ): Promise<Map<number, string>> {
    const found = new Map<number, string>();
    const missing: number[] = [];
    for (const id of revisionIds) {
      const known = kept.get(`${prefix}:${id}`);
      if (known === undefined) missing.push(id);
      else found.set(id, known);
    }
    if (missing.length === 0) return found;
    for (const [id, text] of await make(missing)) {
      kept.set(`${prefix}:${id}`, text);
      found.set(id, text);
    }
    return found;
  }

  /** As `through`, for what is derived from whole documents. '' is kept for "the document has none". */
  async function fromDocuments(
    prefix: string,
    revisionIds: readonly number[],
    derive: (document: UpdateDocument) => string,
  ): Promise<Map<number, string>> {
    return through(prefix, revisionIds, async (missing) => {
      const documents = await store.loadDocuments(missing);
      return new Map([...documents].map(([id, xml]) => [id, derive(parseUpdateDocument(xml))]));
    });
  }

  return {
    forget: () => kept.clear(),

    load: (kind, revisionIds) =>
      through(kind, revisionIds, async (missing) => {
        const texts = await store.loadFragments(kind, missing);
        return new Map([...texts].map(([id, text]) => [id, escapeText(text)]));
      }),

    async localized(revisionIds, locales) {
      const key = locales.map((locale) => locale.toLowerCase()).join(' ');
      const joined = await fromDocuments(`localized ${key}`, revisionIds, (document) =>
        chooseLanguages(localizedLanguages(document), locales, document.properties.defaultPropertiesLanguage)
          .map((language) => escapeText(deriveLocalized(document, language) ?? ''))
          .join(separator),
      );
      return new Map([...joined].map(([id, text]) => [id, text === '' ? [] : text.split(separator)]));
    },

    async eula(revisionIds, locales, geoId) {
      const [locale = 'en'] = locales;
      const found = await fromDocuments(`eula ${locale} ${geoId ?? ''}`.toLowerCase(), revisionIds, (document) =>
        escapeText(deriveEula(document, locale, geoId) ?? ''),
      );
      return new Map([...found].filter(([, text]) => text !== ''));
    },
  };
}

/** In no XML text: escapeText replaces it. */
const separator = '\u0000';
