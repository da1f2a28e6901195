// The facts of a revision that the graph needs: small enough to keep 100,000 of them in memory and to store beside the
// document. So a warm start reads no XML.
import type { UpdateId, UpdateIdentity } from '../ids.ts';
import type { DriverMetadata, PrerequisiteClause, UpdateDocument, UpdateType } from '../metadata/index.ts';

export interface UpdateSummary {
  identity: UpdateIdentity;
  updateType: UpdateType;
  explicitlyDeployable: boolean;
  isExpired: boolean;
  prerequisiteClauses: PrerequisiteClause[];
  bundleClauses: UpdateIdentity[][];
  supersedes: UpdateId[];
  drivers: DriverMetadata[];
}

export function summarize(document: UpdateDocument): UpdateSummary {
  const { identity, updateType, prerequisiteClauses, bundleClauses, supersedes, drivers, properties } = document;
  return {
    identity,
    updateType,
    explicitlyDeployable: properties.explicitlyDeployable,
    isExpired: properties.publicationState.toLowerCase() === 'expired',
    prerequisiteClauses,
    bundleClauses,
    supersedes,
    drivers,
  };
}

/** A summary as a store keeps it: short, and read without looking at most of it. decodeSummary reads it back. */
export interface EncodedSummary {
  updateId: string;
  revisionNumber: number;
  updateType: string;
  explicitlyDeployable: boolean;
  isExpired: boolean;
  /** Prerequisites: `-ID|ID;+ID`, where one ID of each clause is enough and `+` begins one with IsCategory. */
  clauses: string;
  /** Bundles, supersedence and drivers as JSON, for the few that have any. */
  more: string | undefined;
}

export function encodeSummary(summary: UpdateSummary): EncodedSummary {
  const { identity, updateType, explicitlyDeployable, isExpired, prerequisiteClauses, ...more } = summary;
  const { bundleClauses, supersedes, drivers } = more;
  const hasMore = bundleClauses.length + supersedes.length + drivers.length > 0;
  return {
    ...identity,
    updateType,
    explicitlyDeployable,
    isExpired,
    clauses: prerequisiteClauses.map(encodeClause).join(';'),
    more: hasMore ? JSON.stringify({ bundleClauses, supersedes, drivers }, replacer) : undefined,
  };
}

/** Reads what encodeSummary wrote. The texts are the store's own, not a stranger's: only JSON errors are thrown. */
export function decodeSummary(encoded: EncodedSummary): UpdateSummary {
  const { bundleClauses, supersedes, drivers } = decodeMore(encoded.more);
  return {
    identity: { updateId: encoded.updateId as UpdateId, revisionNumber: encoded.revisionNumber },
    updateType: encoded.updateType as UpdateType,
    explicitlyDeployable: encoded.explicitlyDeployable,
    isExpired: encoded.isExpired,
    prerequisiteClauses: encoded.clauses === '' ? [] : encoded.clauses.split(';').map(decodeClause),
    bundleClauses,
    supersedes,
    drivers,
  };
}

/** The updates that a revision supersedes, from `more` of its encoded summary alone. */
export function decodeSupersedes(more: string | undefined): UpdateId[] {
  return decodeMore(more).supersedes;
}

export function encodeClause({ isCategory, anyOf }: PrerequisiteClause): string {
  return (isCategory ? '+' : '-') + anyOf.join('|');
}

export function decodeClause(text: string): PrerequisiteClause {
  return { isCategory: text.startsWith('+'), anyOf: text.slice(1).split('|') as UpdateId[] };
}

export type MoreOfSummary = Pick<UpdateSummary, 'bundleClauses' | 'supersedes' | 'drivers'>;

/** Shared by all that have nothing more. */
const nothing: MoreOfSummary = {
  bundleClauses: Object.freeze([]) as unknown as [],
  supersedes: Object.freeze([]) as unknown as [],
  drivers: Object.freeze([]) as unknown as [],
};

/** The further parts of the few summaries that have them. Of the others, lists that must never be changed. */
export function decodeMore(text: string | undefined): MoreOfSummary {
  if (text === undefined) return nothing;
  if (!text.includes('"$')) return JSON.parse(text) as MoreOfSummary;
  return JSON.parse(text, (_, value: { $bigint?: string; $map?: [string, number][] } | null) => {
    if (value?.$bigint !== undefined) return BigInt(value.$bigint);
    return value?.$map === undefined ? value : new Map(value.$map);
  }) as MoreOfSummary;
}

function replacer(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  return value instanceof Map ? { $map: [...value] } : value;
}
