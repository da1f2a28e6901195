// How many of the computers an update is for, asked before it is published.
import { parseUpdateDocument } from '@moult/catalog';
import { buildDocuments, type Publication } from '@moult/catalog/publication';
import { type CountedSystem, estimateReach, type Reach } from '@moult/catalog/reach';
import { AdministrationError } from '../errors.ts';

/** The reach of an update document. */
export function reachOfDocument(xml: string, systems: readonly CountedSystem[]): Reach {
  return estimateReach(parseUpdateDocument(xml), systems);
}

/** The reach of a vendor's package, whose file is not here. */
export function reachOfPackage(publication: Publication, systems: readonly CountedSystem[]): Reach {
  const xml = buildDocuments({ ...publication, files: [] }, [], new Date(0)).at(-1) ?? '';
  return reachOfDocument(xml, systems);
}

/** Whether its rules hold on every computer that is known, or wherever they are asked. */
export function reachesAll({ computers, applies, isUnlimited }: Reach): boolean {
  return isUnlimited || (computers > 0 && applies === computers);
}

/** The refusal of an update that fits every computer. */
export function reachError(title: string, { computers }: Reach): AdministrationError {
  const all = computers === 1 ? 'the only computer' : computers === 0 ? 'every computer' : `all ${computers} computers`;
  return new AdministrationError(
    'ADMINISTRATION_REACHES_ALL',
    `The rules of "${title}" fit ${all}. Nothing was published. If that is meant, run the command again with --yes-all.`,
  );
}
