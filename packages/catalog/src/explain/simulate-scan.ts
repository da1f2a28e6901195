// The scan of a client, from its facts alone. In each round the offered updates are evaluated, and the
// installed ones open the next round. For explanations when the client's own lists are not at hand.
import { evaluateApplicability } from '../applicability/evaluate.ts';
import type { MachineFacts } from '../applicability/facts.ts';
import type { Offer } from '../deployment/decide.ts';
import type { SyncRequest } from '../deployment/decide-sync.ts';
import type { RevisionId } from '../ids.ts';

interface SimulatedScan {
  request: Pick<SyncRequest, 'installedNonLeaf' | 'otherCached' | 'filterCategoryIds' | 'needTwoGroupOutOfScope'>;
  rounds: number;
  /** Non-leaf updates whose rules could not be decided from the facts: what hangs on them is missing. */
  undecided: RevisionId[];
}

/** `coresOf` gives the Core fragments of revisions. Ends when a round opens nothing further. */
export async function simulateScan(
  offer: Offer,
  facts: MachineFacts,
  coresOf: (revisionIds: readonly RevisionId[]) => Promise<ReadonlyMap<number, string>>,
): Promise<SimulatedScan> {
  const installedNonLeaf: RevisionId[] = [];
  const otherCached: RevisionId[] = [];
  const undecided: RevisionId[] = [];
  const request = { installedNonLeaf, otherCached, filterCategoryIds: [], needTwoGroupOutOfScope: false };
  for (let rounds = 1; ; rounds++) {
    const { newRevisions } = offer.sync({ ...request, maxNew: Number.MAX_SAFE_INTEGER });
    if (newRevisions.length === 0) return { request, rounds, undecided };
    const nonLeaf = newRevisions.filter(({ isLeaf }) => !isLeaf).map(({ revisionId }) => revisionId);
    const cores = await coresOf(nonLeaf);
    for (const { revisionId, isLeaf } of newRevisions) {
      const core = isLeaf ? undefined : cores.get(revisionId);
      const kind = core === undefined ? undefined : evaluateApplicability(core, facts).kind;
      if (kind === 'unknown') undecided.push(revisionId);
      (kind === 'installed' ? installedNonLeaf : otherCached).push(revisionId);
    }
  }
}
