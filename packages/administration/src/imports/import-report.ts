// The results of an import, counted while it runs.
import { type CatalogIndex, parseUpdateId } from '@moult/catalog';
import { importBounds } from './bounds.ts';
import type { Refusal } from './found-document.ts';

export interface ImportReport {
  /** Updates that were not known before. */
  new: number;
  /** Further revisions of known updates. */
  changed: number;
  /** There already, with the same content. */
  unchanged: number;
  refused: number;
  refusals: { document: string; code: string; message: string }[];
  /** Updates that their publisher expired: they are declined now, and so many decisions on them were taken off. */
  expired: { updateId: string; title: string; decisions: number }[];
  /** Files of folders that hold no update metadata. */
  passedOver: PassedOver;
  /** In the catalog, but not offered as things are: those that are so since this import. */
  setAside: { update: string; code: string; message: string }[];
  /** How many are so in the whole catalog. */
  setAsideInAll: number;
}

/** How many update documents an import met, whatever became of them. */
export function countDocuments(report: Pick<ImportReport, 'new' | 'changed' | 'unchanged'>): number {
  return report.new + report.changed + report.unchanged;
}

/** The files that an import skipped in folders: all of it counted by kind, as much of it named as a report bears. */
interface PassedOver {
  count: number;
  /** How many of each kind. */
  kinds: Record<string, number>;
  /** The first ones, by name. */
  files: { file: string; kind: string }[];
}

export function emptyReport(): ImportReport {
  return {
    ...{ new: 0, changed: 0, unchanged: 0, refused: 0, refusals: [], expired: [] },
    ...{ passedOver: { count: 0, kinds: {}, files: [] }, setAside: [], setAsideInAll: 0 },
  };
}

export function countNew(index: CatalogIndex, report: ImportReport, { updateId }: { updateId: string }): void {
  if (index.latest(parseUpdateId(updateId))) report.changed++;
  else report.new++;
}

export function refuse(report: ImportReport, document: string, { code, message }: Refusal): void {
  report.refused++;
  report.refusals.push({ document, code, message });
}

export function passOver(
  { passedOver }: ImportReport,
  { name, passedOver: kind }: { name: string; passedOver: string },
): void {
  passedOver.count++;
  passedOver.kinds[kind] = (passedOver.kinds[kind] ?? 0) + 1;
  if (passedOver.files.length < importBounds.maxPassedOverNamed) passedOver.files.push({ file: name, kind });
}

/** The refusal of a document whose identity is taken. */
export function conflict({ updateId, revisionNumber }: { updateId: string; revisionNumber: number }): Refusal {
  return {
    code: 'CATALOG_IDENTITY_CONFLICT',
    message: `Update ${updateId}@${revisionNumber} is in the catalog already, with different content; that one is kept.`,
  };
}
