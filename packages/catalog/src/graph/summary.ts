// What the graph needs to know of a revision: small enough to keep 100,000 of them in memory and to store beside the
// document, so that a warm start reads no XML.
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

/** Answers the clause for its text, perhaps one that it made before. `text` may be cut out of a longer one. */
export type ClauseReader = (text: string) => PrerequisiteClause;

/**
 * Reads what encodeSummary wrote, the clauses through `clauseOf`: 100,000 summaries name a few thousand clauses again and
 * again. The texts are the store's own, not a stranger's: only JSON errors are thrown.
 */
export function decodeSummary(encoded: EncodedSummary, clauseOf: ClauseReader = decodeClause): UpdateSummary {
  const more = encoded.more === undefined ? nothing : decodeMore(encoded.more);
  return {
    identity: { updateId: encoded.updateId as UpdateId, revisionNumber: encoded.revisionNumber },
    updateType: encoded.updateType as UpdateType,
    explicitlyDeployable: encoded.explicitlyDeployable,
    isExpired: encoded.isExpired,
    prerequisiteClauses: clausesIn(encoded.clauses, clauseOf),
    bundleClauses: more.bundleClauses,
    supersedes: more.supersedes,
    drivers: more.drivers,
  };
}

/** What a revision supersedes, from `more` of its encoded summary alone. */
export function decodeSupersedes(more: string): UpdateId[] {
  return decodeMore(more).supersedes;
}

export function encodeClause({ isCategory, anyOf }: PrerequisiteClause): string {
  return (isCategory ? '+' : '-') + anyOf.join('|');
}

export function decodeClause(text: string): PrerequisiteClause {
  return { isCategory: text.startsWith('+'), anyOf: text.slice(1).split('|') as UpdateId[] };
}

function clausesIn(text: string, clauseOf: ClauseReader): PrerequisiteClause[] {
  const clauses: PrerequisiteClause[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf(';', at);
    const next = end < 0 ? text.length : end;
    clauses.push(clauseOf(text.slice(at, next)));
    at = next + 1;
  }
  // A list that grew has room for more, and this one is kept.
  return clauses.slice();
}

type More = Pick<UpdateSummary, 'bundleClauses' | 'supersedes' | 'drivers'>;

/** Shared by all that have nothing more, and so never to be changed. */
const nothing: More = {
  bundleClauses: Object.freeze([]) as unknown as [],
  supersedes: Object.freeze([]) as unknown as [],
  drivers: Object.freeze([]) as unknown as [],
};

function decodeMore(text: string): More {
  if (!text.includes('"$')) return JSON.parse(text) as More;
  return JSON.parse(text, (_, value: { $bigint?: string; $map?: [string, number][] } | null) => {
    if (value?.$bigint !== undefined) return BigInt(value.$bigint);
    return value?.$map === undefined ? value : new Map(value.$map);
  }) as More;
}

function replacer(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  return value instanceof Map ? { $map: [...value] } : value;
}
