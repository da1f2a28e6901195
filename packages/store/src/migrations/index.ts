import type { Kysely } from 'kysely';
import type { Engine } from '../database.ts';
import { up as firstTables } from './0001-first-tables.ts';
import { up as computerNames } from './0002-computer-names.ts';
import { up as eventsByComputer } from './0003-events-by-computer.ts';
import { up as revisionSummaries } from './0004-revision-summaries.ts';
import { up as auditChain } from './0005-audit-chain.ts';
import { up as identityChanges } from './0006-identity-changes.ts';
import { up as figures } from './0008-figures.ts';
import { up as lists } from './0009-lists.ts';
import { up as vendorCatalogs } from './0010-vendor-catalogs.ts';
import { up as accounts } from './0011-accounts.ts';
import { up as synchronisation } from './0012-synchronisation.ts';
import { up as rules } from './0013-rules.ts';
import { up as holds } from './0014-holds.ts';
import { up as rings } from './0015-rings.ts';
import { up as updateFigures } from './0020-update-figures.ts';
import { up as downstream } from './0021-downstream.ts';
import { up as sortKeys } from './0026-sort-keys.ts';
import { up as removedRevisions } from './0027-removed-revisions.ts';
import { up as longTitles } from './0028-long-titles.ts';
import { up as changeRequests } from './0030-change-requests.ts';
import { up as groupDays } from './0033-group-days.ts';
import { up as accountIdentities } from './0034-account-identities.ts';
import { up as figuresOfTitles } from './0037-figures-of-titles.ts';
import { up as fileKeys } from './0038-file-keys.ts';
import { up as releaseRollouts } from './0039-release-rollouts.ts';

export interface Migration {
  name: string;
  up(database: Kysely<unknown>, engine: Engine, now: number): Promise<void>;
}

/** In order. The position is the schema version. */
export const migrations: readonly Migration[] = [
  { name: '0001-first-tables', up: firstTables },
  { name: '0002-computer-names', up: computerNames },
  { name: '0003-events-by-computer', up: eventsByComputer },
  { name: '0004-revision-summaries', up: revisionSummaries },
  { name: '0005-audit-chain', up: auditChain },
  { name: '0006-identity-changes', up: identityChanges },
  { name: '0008-figures', up: figures },
  { name: '0009-lists', up: lists },
  { name: '0010-vendor-catalogs', up: vendorCatalogs },
  { name: '0011-accounts', up: accounts },
  { name: '0012-synchronisation', up: synchronisation },
  { name: '0013-rules', up: rules },
  { name: '0014-holds', up: holds },
  { name: '0015-rings', up: rings },
  { name: '0020-update-figures', up: updateFigures },
  { name: '0021-downstream', up: downstream },
  { name: '0026-sort-keys', up: sortKeys },
  { name: '0027-removed-revisions', up: removedRevisions },
  { name: '0028-long-titles', up: longTitles },
  { name: '0030-change-requests', up: changeRequests },
  { name: '0033-group-days', up: groupDays },
  { name: '0034-account-identities', up: accountIdentities },
  { name: '0037-figures-of-titles', up: figuresOfTitles },
  { name: '0038-file-keys', up: fileKeys },
  { name: '0039-release-rollouts', up: releaseRollouts },
];
