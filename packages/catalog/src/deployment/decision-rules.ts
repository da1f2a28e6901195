// The decisions that an administrator may make about an update: the rules of WSUS, over plain values.
import { attributeOf, childNamed, readXmlFragment } from '@moult/formats/xml';
import { toUpdateId, type UpdateId, type UpdateIdentity } from '../ids.ts';
import type { UpdateType } from '../metadata/index.ts';
import type { DeployedAction } from './deployment-set.ts';

/** One revision as far as the rules ask: the update itself, or one that it bundles. */
export interface DecidedRevision {
  identity: UpdateIdentity;
  updateType: UpdateType;
  explicitlyDeployable: boolean;
  isExpired: boolean;
  bundleClauses: readonly (readonly UpdateIdentity[])[];
  terms: DecidedTerms;
}

/** The terms in its fragments. */
interface DecidedTerms {
  /** Its license terms, by EulaID. */
  eulaId: UpdateId | undefined;
  /** These terms must be accepted again for each revision. */
  mustReaccept: boolean;
  /** It has an UninstallationBehavior. */
  canUninstall: boolean;
}

interface WantedDecision {
  action: DeployedAction;
  deadline?: Date | undefined;
  now: Date;
  /** A deadline that is over installs at once, wherever the computer is at work. */
  allowPastDeadline: boolean;
}

export type Objection =
  /** Categories and detectoids. */
  | 'rule-only'
  | 'expired'
  /** A part of bundles. */
  | 'bundle-member'
  | 'cannot-uninstall'
  | 'deadline-past'
  /** Only what is installed or removed by itself has a deadline. */
  | 'deadline-without-use';

/** Why this cannot be decided. Undefined when it can. `members`: all that it bundles, at every depth. */
export function objectionTo(
  update: DecidedRevision,
  members: readonly DecidedRevision[],
  { action, deadline, now, allowPastDeadline }: WantedDecision,
): Objection | undefined {
  const undecidable = undecidableBecause(update);
  if (undecidable) return undecidable;
  if (update.isExpired) return 'expired';
  if (action === 'Uninstall' && !isRemovable(update, new Map(members.map((one) => [keyOf(one.identity), one]))))
    return 'cannot-uninstall';
  if (deadline && action !== 'Install' && action !== 'Uninstall') return 'deadline-without-use';
  if (deadline && deadline.getTime() <= now.getTime() && !allowPastDeadline) return 'deadline-past';
  return undefined;
}

/** Why nothing at all is decided about it. */
export function undecidableBecause({
  updateType,
  explicitlyDeployable,
}: Pick<DecidedRevision, 'updateType' | 'explicitlyDeployable'>): 'rule-only' | 'bundle-member' | undefined {
  if (updateType !== 'Software' && updateType !== 'Driver') return 'rule-only';
  return explicitlyDeployable ? undefined : 'bundle-member';
}

export interface LicenseTerms {
  eulaId: UpdateId;
  /** The revision with these terms, for terms that must be accepted again for each. */
  forRevision: UpdateIdentity | undefined;
}

/** The license terms that somebody has to accept before this is installed, each once. */
export function termsOf(update: DecidedRevision, members: readonly DecidedRevision[]): LicenseTerms[] {
  const found = new Map<string, LicenseTerms>();
  for (const { identity, terms } of [update, ...members]) {
    if (terms.eulaId === undefined) continue;
    const forRevision = terms.mustReaccept ? identity : undefined;
    found.set(`${terms.eulaId} ${forRevision ? keyOf(forRevision) : ''}`, { eulaId: terms.eulaId, forRevision });
  }
  return [...found.values()];
}

/**
 * Reads the terms from the two fragments of a revision. Throws FormatError for a text that is not an Extended fragment.
 */
export function readDecidedTerms(core: string, extended: string): DecidedTerms {
  // Of a Core fragment of 47 MB only its second element counts, and that one is at its beginning.
  const properties = /<(?:\w+:)?Properties\b[^>]*>/.exec(core.slice(0, coreHead))?.[0] ?? '';
  const eulaId = toUpdateId(/\sEulaID\s*=\s*["']([^"']*)["']/.exec(properties)?.[1] ?? '');
  const own = readXmlFragment(extended).find(({ local }) => local === 'ExtendedProperties');
  const flag = own && attributeOf(own, 'RequiresReacceptanceOfEula');
  return {
    eulaId,
    mustReaccept: flag === 'true' || flag === '1',
    canUninstall: own !== undefined && childNamed(own, 'UninstallationBehavior') !== undefined,
  };
}

const coreHead = 65_536;

/**
 * By itself, or by what it bundles: of each clause at least one. A bundle inside of itself is not removable by that.
 */
function isRemovable(
  update: DecidedRevision,
  members: ReadonlyMap<string, DecidedRevision>,
  above: ReadonlySet<DecidedRevision> = new Set(),
): boolean {
  if (update.terms.canUninstall) return true;
  if (update.bundleClauses.length === 0 || above.has(update)) return false;
  const inside = new Set([...above, update]);
  return update.bundleClauses.every((clause) =>
    clause.some((identity) => {
      const member = members.get(keyOf(identity));
      return member !== undefined && isRemovable(member, members, inside);
    }),
  );
}

function keyOf({ updateId, revisionNumber }: UpdateIdentity): string {
  return `${updateId}@${revisionNumber}`;
}
