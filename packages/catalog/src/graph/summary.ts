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

/** The summary as one line of JSON for a store; decodeSummary reads it back. */
export function encodeSummary(summary: UpdateSummary): string {
  return JSON.stringify(summary, (_, value: unknown) => {
    if (typeof value === 'bigint') return { $bigint: value.toString() };
    return value instanceof Map ? { $map: [...value] } : value;
  });
}

/** Reads what encodeSummary wrote. The text is the store's own, not a stranger's: only JSON errors are thrown. */
export function decodeSummary(text: string): UpdateSummary {
  if (!text.includes('"$')) return JSON.parse(text) as UpdateSummary;
  return JSON.parse(text, (_, value: { $bigint?: string; $map?: [string, number][] } | null) => {
    if (value?.$bigint !== undefined) return BigInt(value.$bigint);
    return value?.$map === undefined ? value : new Map(value.$map);
  }) as UpdateSummary;
}
