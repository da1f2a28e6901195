// Why a client is, or is not, offered an update: the decision taken apart into its questions, each with its answer. Pure,
// and held to what SyncUpdates answers by property tests.
import { counted } from '@moult/formats/text';
import { type Applicability, evaluateApplicability } from '../applicability/evaluate.ts';
import type { MachineFacts } from '../applicability/facts.ts';
import type { Verdict } from '../applicability/verdict.ts';
import type { DecisionReason, Offer } from '../deployment/decide.ts';
import { installedUpdates, type SyncRequest } from '../deployment/decide-sync.ts';
import { countsDecisions, type Scope } from '../deployment/scope.ts';
import type { RingReason } from '../deployment/withholding.ts';
import type { CatalogIndex, IndexedRevision, IndexedUpdate } from '../graph/index.ts';
import { formatIdentity, type RevisionId, type UpdateId, type UpdateIdentity } from '../ids.ts';
import type { PrerequisiteClause } from '../metadata/index.ts';

export interface ExplainNode {
  question: string;
  answer: 'yes' | 'no' | 'unknown' | 'note';
  says: string;
  children: ExplainNode[];
}

export interface Explanation {
  updateId: UpdateId;
  /** The revision that was judged: the one in scope, else the latest. */
  revision: UpdateIdentity | undefined;
  /**
   * `offered`: the next pass brings it (for a driver: the driver pass). `cached`: the client has it already, and it is
   * still needed. `not-offered`: neither. `because` says which question was answered with no. `undecided`: what
   * it hangs on is not known: the devices for a driver, or whether a prerequisite is installed. `withheld`: a hold or the
   * emergency stop keeps it back. The client reports on it, and does not install it.
   */
  outcome: 'offered' | 'cached' | 'not-offered' | 'undecided' | 'withheld';
  /** As SyncUpdates sends it: Install, PreDeploymentCheck …. Undefined for an update that is not sent. */
  action: string | undefined;
  because: string;
  questions: ExplainNode[];
  /** The client's own answer, if its facts and the Core fragment are given. */
  applicability: Applicability['kind'] | undefined;
}

interface ClientView {
  request: Omit<SyncRequest, 'anchor' | 'maxNew'>;
  facts?: MachineFacts;
  /** Revisions among otherCached with an unknown state (simulateScan). */
  undecided?: readonly RevisionId[];
  /** Title for an update id, to make the answer readable. */
  titleOf?(updateId: UpdateId): string | undefined;
  /** Whether the decision of a group may be told: who, when, until when. Default: each. */
  tells?(groupId: string): boolean;
}

/** Explains one update for one client. Never throws for an unknown update: that is an answer too. */
export function explainUpdate(
  offer: Offer,
  client: ClientView,
  updateId: UpdateId,
  coreFragment?: string,
): Explanation {
  const { revision, action, reasons } = offer.on(updateId);
  const asker = new Asker(offer, client);
  const own = revision ? asker.questionsAbout(revision) : [asker.notThere(updateId)];
  const withheld = reasons.flatMap(withheldNodes);
  // Other reasons come first: while one of them is there, the end of a hold changes nothing.
  const questions = [...own, ...withheld];
  const applicability =
    client.facts && coreFragment !== undefined ? evaluateApplicability(coreFragment, client.facts) : undefined;
  const stopper = questions.find(({ answer }) => answer === 'no');
  const open = questions.find(({ answer }) => answer === 'unknown');
  const isCached = revision !== undefined && asker.isCached(revision);
  return {
    updateId,
    revision: revision?.summary.identity,
    outcome: outcomeOf({ stopper, isWithheld: withheld.some((one) => one === stopper), open, isCached }),
    action,
    because: (stopper ?? open)?.says ?? (isCached ? 'The client has it in its cache.' : 'Every condition is met.'),
    questions: applicability ? [...questions, ...applicabilityNodes(applicability)] : questions,
    applicability: applicability?.kind,
  };
}

function outcomeOf(found: {
  stopper: ExplainNode | undefined;
  isWithheld: boolean;
  open: ExplainNode | undefined;
  isCached: boolean;
}): Explanation['outcome'] {
  if (found.stopper) return found.isWithheld ? 'withheld' : 'not-offered';
  if (found.open) return 'undecided';
  return found.isCached ? 'cached' : 'offered';
}

class Asker {
  readonly #offer: Offer;
  readonly #index: CatalogIndex;
  readonly #scope: Scope;
  readonly #client: ClientView;
  readonly #installed: ReadonlySet<number>;
  readonly #cachedUpdates: ReadonlySet<IndexedUpdate>;
  readonly #undecided: ReadonlySet<IndexedUpdate>;
  /** Whether the prerequisites of an update that was never offered are met, as far as it has been asked. */
  readonly #met = new Map<IndexedRevision, ExplainNode['answer']>();

  constructor(offer: Offer, client: ClientView) {
    const { index } = offer;
    this.#offer = offer;
    this.#index = index;
    this.#scope = offer.scope;
    this.#client = client;
    const { installedNonLeaf, otherCached } = client.request;
    this.#installed = new Set(installedUpdates(index, installedNonLeaf));
    const updates = (ids: readonly RevisionId[]) =>
      new Set(ids.map((id) => index.get(id)?.update).filter((update) => update !== undefined));
    this.#cachedUpdates = updates([...installedNonLeaf, ...otherCached]);
    this.#undecided = updates(client.undecided ?? []);
  }

  isCached(revision: IndexedRevision): boolean {
    const { installedNonLeaf, otherCached } = this.#client.request;
    return installedNonLeaf.includes(revision.revisionId) || otherCached.includes(revision.revisionId);
  }

  notThere(updateId: UpdateId): ExplainNode {
    return node('Is it in the catalog?', 'no', `Update ${updateId} is not in the catalog; import it first.`);
  }

  questionsAbout(revision: IndexedRevision): ExplainNode[] {
    return [
      node(
        'Is it in the catalog?',
        'yes',
        `${this.#name(revision)}, ${counted(revision.update.revisions.length, 'revision')}.`,
      ),
      this.#declined(revision),
      this.#complete(revision),
      this.#deployed(revision),
      ...this.#pass(revision),
      this.#prerequisites(revision),
      ...(revision.summary.updateType === 'Driver' ? [this.#bestMatch(revision)] : []),
      ...this.#supersedence(revision),
    ];
  }

  #declined({ update }: IndexedRevision): ExplainNode {
    if (!this.#scope.deployments.isDeclined(update.updateId))
      return node('Is it free of a decline?', 'yes', 'It is not declined.');
    const says = update.revisions.at(-1)?.summary.isExpired
      ? 'Its publisher expired it, and Moult declined it: declined updates are never sent.'
      : 'An administrator declined it: declined updates are never sent.';
    return node('Is it free of a decline?', 'no', says);
  }

  #complete(revision: IndexedRevision): ExplainNode {
    const missing = this.#missingMembers(revision, new Set());
    const question = 'Are all bundled revisions there?';
    if (revision.summary.bundleClauses.length === 0) return node(question, 'yes', 'It bundles nothing.');
    if (missing.length === 0) return node(question, 'yes', 'All of them are.');
    return node(question, 'no', `Missing: ${missing.join(', ')}. Half a bundle is not offered.`);
  }

  #missingMembers(revision: IndexedRevision, above: ReadonlySet<IndexedRevision>): string[] {
    if (above.has(revision)) return [`${formatIdentity(revision.summary.identity)} (bundles itself)`];
    return revision.summary.bundleClauses.flat().flatMap((identity) => {
      const member = this.#index.find(identity);
      return member ? this.#missingMembers(member, new Set([...above, revision])) : [formatIdentity(identity)];
    });
  }

  #deployed(revision: IndexedRevision): ExplainNode {
    const question = 'Does a deployment bring it to this computer?';
    const deployment = this.#scope.effectiveDeployment(revision);
    const decided = this.#scope.deployments.get(revision.revisionId);
    if (!deployment) return node(question, 'no', whyNotDeployed(revision, decided?.action));
    if (decided?.origin && this.#client.tells?.(decided.origin.groupId) === false)
      return node(question, 'yes', 'A decision outside of your groups brings it.');
    const when = new Date(deployment.lastChangeTime).toISOString();
    const by =
      decided?.origin && decided.deploymentId === deployment.deploymentId ? `by ${decided.origin.administrator}, ` : '';
    const deadline = deployment.deadline ? `, deadline ${deployment.deadline}` : '';
    return node(
      question,
      'yes',
      `Deployment ${deployment.deploymentId}: ${deployment.action}${deadline} (${whyDeployed[deployment.action]}; ${by}${when}).`,
    );
  }

  /** Software may be limited to categories. A driver must be the best match for a device (MS-WUSP 3.1.5.7). */
  #pass(revision: IndexedRevision): ExplainNode[] {
    const { updateType } = revision.summary;
    const question = 'Does it come in the software pass?';
    if (updateType !== 'Driver')
      return [node(question, 'yes', `It is of type ${updateType}.`), this.#filtered(revision)];
    return [node(question, 'note', 'It is a driver: those have a pass of their own, which no category limits.')];
  }

  #bestMatch(revision: IndexedRevision): ExplainNode {
    const { revisionId } = revision;
    const question = 'Is it the best match for a device, and better than what is installed there?';
    const { facts, request } = this.#client;
    const devices = facts?.devices?.();
    if (!devices)
      return node(question, 'unknown', 'It is a driver, and the devices of this computer are not known here.');
    const featureScoreMatchingKey = facts?.featureScoreKey?.();
    const { newRevisions } = this.#offer.syncDrivers({
      installedNonLeaf: request.installedNonLeaf,
      cachedDrivers: [],
      devices,
      computerHardwareIds: facts?.computerHardwareIds?.() ?? [],
      ...(featureScoreMatchingKey && { featureScoreMatchingKey }),
      needTwoGroupOutOfScope: false,
      maxNew: Number.MAX_SAFE_INTEGER,
    });
    const hardwareIds = newRevisions.find((driver) => driver.revisionId === revisionId)?.hardwareIds;
    if (hardwareIds) return node(question, 'yes', `It is, for ${hardwareIds.join(', ')}.`);
    const better = newRevisions
      .map((driver) => this.#index.get(driver.revisionId))
      .filter((one) => one !== undefined)
      .filter((one) => sharesHardware(one, revision))
      .map((one) => `${this.#name(one)} (${this.#scope.effectiveDeployment(one)?.action})`);
    const says =
      better.length > 0
        ? `A better match for the same hardware is offered: ${better.join(', ')}.`
        : 'It fits no device here, or the installed driver is as good.';
    return node(question, 'no', says);
  }

  #filtered(revision: IndexedRevision): ExplainNode {
    const { filterCategoryIds } = this.#client.request;
    const question = 'Is it within the scan?';
    if (filterCategoryIds.length === 0) return node(question, 'yes', 'The scan is not limited to categories.');
    const isInside = this.#scope.filteredBy(filterCategoryIds)[revision.slot] === 1;
    return isInside
      ? node(question, 'yes', 'It belongs to the categories that are scanned, or something there depends on it.')
      : node(question, 'no', `The scan is limited to ${filterCategoryIds.join(', ')}, and it does not belong there.`);
  }

  #prerequisites({ summary }: IndexedRevision): ExplainNode {
    const question = 'Are its prerequisites satisfied?';
    const clauses = summary.prerequisiteClauses.map((clause) => this.#clause(clause));
    if (clauses.length === 0) return node(question, 'yes', 'It has none.');
    const closed = clauses.filter(({ answer }) => answer === 'no');
    const open = closed.length > 0 ? closed : clauses.filter(({ answer }) => answer !== 'yes');
    const says =
      open.length === 0
        ? `All ${clauses.length} are.`
        : `${open.length} of ${clauses.length} are ${closed.length > 0 ? 'open' : 'not decided'}. ${open[0]?.says ?? ''}`;
    return { ...node(question, open[0]?.answer ?? 'yes', says), children: clauses };
  }

  #clause({ anyOf, isCategory }: PrerequisiteClause): ExplainNode {
    const children = anyOf.map((id) => this.#alternative(id));
    const held = children.find(({ answer }) => answer === 'yes');
    const unknown = children.find(({ answer }) => answer === 'unknown');
    const what = `${isCategory ? 'category ' : ''}${anyOf.map((id) => this.#title(id)).join(' or ')}`;
    const says = (held ?? unknown)?.says ?? `Open: ${what}. ${children[0]?.says ?? ''}`;
    return { question: `Is ${what} installed?`, answer: (held ?? unknown)?.answer ?? 'no', says, children };
  }

  #alternative(id: UpdateId): ExplainNode {
    const update = this.#index.update(id);
    const question = `Is ${this.#title(id)} installed?`;
    if (update && this.#installed.has(update.slot))
      return node(question, 'yes', `The client reported ${this.#title(id)} as installed.`);
    if (!update || update.revisions.length === 0) return node(question, 'no', `${id} is not in the catalog.`);
    if (this.#undecided.has(update))
      return node(
        question,
        'unknown',
        `Whether ${this.#title(id)} is installed cannot be told from what is known here.`,
      );
    if (this.#cachedUpdates.has(update))
      return node(question, 'no', `The client knows ${this.#title(id)} and found it not installed.`);
    const chosen = this.#scope.chosen(update);
    if (chosen && this.#undecided.size > 0 && this.#prerequisitesMet(chosen) === 'unknown')
      return node(
        question,
        'unknown',
        `What ${this.#title(id)} itself requires cannot be told from what is known here.`,
      );
    return node(
      question,
      'no',
      chosen
        ? `The client has not been offered ${this.#title(id)} yet.`
        : `${this.#title(id)} is not deployed, or declined.`,
    );
  }

  #prerequisitesMet(revision: IndexedRevision): ExplainNode['answer'] {
    const known = this.#met.get(revision);
    if (known) return known;
    this.#met.set(revision, 'no'); // Stands while it is asked: a circle is never met.
    const { answer } = this.#prerequisites(revision);
    this.#met.set(revision, answer);
    return answer;
  }

  /** Supersedence never keeps an update from a client (real servers send superseded ones). It is worth knowing. */
  #supersedence({ update }: IndexedRevision): ExplainNode[] {
    return [...update.supersededBy]
      .filter((revision) => revision.update.revisions.at(-1) === revision)
      .map((revision) => {
        const deployed = this.#scope.chosen(revision.update) ? 'deployed' : 'not deployed';
        return node(
          'Is it superseded?',
          'note',
          `By ${this.#name(revision)}, which is ${deployed} here. It is offered all the same; rules on the client decide.`,
        );
      });
  }

  #name({ summary }: IndexedRevision): string {
    const title = this.#client.titleOf?.(summary.identity.updateId);
    return title ? `"${title}"` : formatIdentity(summary.identity);
  }

  #title(id: UpdateId): string {
    const title = this.#client.titleOf?.(id);
    return title ? `"${title}"` : id;
  }
}

/** Of a reason that keeps an update back, or only warns of it. */
function withheldNodes(reason: DecisionReason): ExplainNode[] {
  if (reason.code === 'stopped')
    return [node('Is the emergency stop off?', 'no', `It is on: ${reason.says} No computer installs anything.`)];
  if (reason.code === 'ring') return [node('Did its rings reach this computer?', 'no', notReached(reason))];
  if (reason.code !== 'held' && reason.code !== 'advised') return [];
  const link = reason.link === undefined ? '' : ` See ${reason.link}.`;
  return reason.code === 'held'
    ? [node('Is it free of holds?', 'no', `Hold ${reason.holdId} keeps it back: ${reason.says}${link}`)]
    : [node('Is there a known issue?', 'note', `Advice ${reason.holdId}: ${reason.says}${link}`)];
}

function notReached({ rings, reachedPercent }: RingReason): string {
  return `The rings "${rings}" reached ${reachedPercent} percent of all computers. This one comes later.`;
}

function sharesHardware(one: IndexedRevision, other: IndexedRevision): boolean {
  const ids = new Set(one.summary.drivers.map(({ hardwareId }) => hardwareId.toLowerCase()));
  return other.summary.drivers.some(({ hardwareId }) => ids.has(hardwareId.toLowerCase()));
}

function whyNotDeployed(revision: IndexedRevision, decided: string | undefined): string {
  if (!countsDecisions(revision)) {
    return revision.summary.isExpired
      ? 'Its publisher expired it: it is offered to no computer, whatever was decided.'
      : 'It is a part of other updates and comes with them only. No update that holds it is deployed here.';
  }
  if (decided === 'Block') return 'It is blocked for the groups of this computer.';
  return 'No administrator deployed it, and nothing that is deployed depends on it.';
}

const whyDeployed: Readonly<Record<string, string>> = {
  Evaluate: 'other updates depend on its answer',
  Bundle: 'a deployed bundle holds it',
  PreDeploymentCheck: 'clients only report on it',
  Install: 'approved for installation',
  OptionalInstall: 'offered, the user decides',
  Uninstall: 'approved for removal',
};

function applicabilityNodes({ kind, because, verdicts }: Applicability): ExplainNode[] {
  const answer = kind === 'unknown' ? 'unknown' : 'note';
  const says = because.path ? `${kind}, by ${because.path}: ${because.says}.` : `${kind}: ${because.says}.`;
  return [{ question: 'What does the client make of it?', answer, says, children: verdicts.map(verdictNode) }];
}

function verdictNode({ path, value, says, children }: Verdict): ExplainNode {
  const answer = value === undefined ? 'unknown' : value ? 'yes' : 'no';
  return { question: path.slice(path.lastIndexOf('/') + 1), answer, says, children: children.map(verdictNode) };
}

function node(question: string, answer: ExplainNode['answer'], says: string): ExplainNode {
  return { question, answer, says, children: [] };
}
