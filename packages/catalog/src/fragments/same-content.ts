// Whether two documents of one identity say the same. Layout and prefixes do not matter, and neither does what only one
// of them holds: a document from an offline scan file lacks publishing data and the languages that were left out of it.
import { attributeOf, childNamed } from '@moult/formats/xml';
import type { UpdateDocument } from '../metadata/index.ts';
import { deriveCore, deriveEula, deriveExtended, deriveLocalized } from './derive.ts';

/** True when nothing that both documents hold differs: Core, Extended, shared languages and licences, publication state. */
export function hasSameContent(a: UpdateDocument, b: UpdateDocument): boolean {
  return (
    deriveCore(a) === deriveCore(b) &&
    deriveExtended(a) === deriveExtended(b) &&
    (publicationStateOf(a) ?? publicationStateOf(b)) === (publicationStateOf(b) ?? publicationStateOf(a)) &&
    sharedLanguages(a, b).every((language) => deriveLocalized(a, language) === deriveLocalized(b, language)) &&
    sharedLicences(a, b).every(
      ({ language, geoId }) => deriveEula(a, language, geoId) === deriveEula(b, language, geoId),
    )
  );
}

function publicationStateOf({ root }: UpdateDocument): string | undefined {
  const properties = childNamed(root, 'Properties');
  return properties && attributeOf(properties, 'PublicationState');
}

function sharedLanguages(a: UpdateDocument, b: UpdateDocument): string[] {
  const known = new Set(b.localized.map(({ language }) => language.toLowerCase()));
  return a.localized.map(({ language }) => language).filter((language) => known.has(language.toLowerCase()));
}

function sharedLicences(a: UpdateDocument, b: UpdateDocument): UpdateDocument['eulaFiles'] {
  return a.eulaFiles.filter(({ language, geoId }) =>
    b.eulaFiles.some((other) => other.language === language && other.geoId === geoId),
  );
}
