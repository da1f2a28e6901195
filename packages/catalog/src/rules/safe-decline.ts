// When a superseded update may be declined: no computer may lose its last fix by that.

export interface SupersededUpdate {
  updateId: string;
  /**
   * Computers that needed it when it was declined, and with a `?` those that had not looked for it yet. Undefined: it is not
   * declined.
   */
  declined?: { at: Date; known: readonly string[] } | undefined;
}

interface DeclinePlan {
  decline: { updateId: string; evidence: string[] }[];
  reinstate: { updateId: string; losers: string[] }[];
  /** Superseded, and still the last fix of these computers. */
  kept: { updateId: string; losers: string[] }[];
}

/**
 * Goes through superseded updates one after the other. A declined update comes back if a computer loses its last fix
 * without it. Another one is declined if no computer does. `evidenceOf` answers for an update as if `gone` were
 * declined too.
 */
export async function planDeclines(
  updates: readonly SupersededUpdate[],
  evidenceOf: (update: SupersededUpdate, gone: ReadonlySet<string>) => Promise<readonly ComputerEvidence[]>,
  { maxEvidence }: { maxEvidence: number },
): Promise<DeclinePlan> {
  const plan: DeclinePlan = { decline: [], reinstate: [], kept: [] };
  const gone = new Set<string>();
  for (const update of updates.filter(({ declined }) => declined)) {
    const losers = losersOf(await evidenceOf(update, gone));
    if (losers.length > 0) plan.reinstate.push({ updateId: update.updateId, losers });
  }
  const evidences = new Map<string, string[]>();
  for (const update of updates.filter(({ declined }) => !declined)) {
    const computers = (await evidenceOf(update, gone)).filter(({ state }) => state !== 'not-needed');
    const losers = losersOf(computers);
    // So many computers still install its successors: it can wait for them.
    const isTooMany = computers.length > maxEvidence;
    if (losers.length > 0 || isTooMany) plan.kept.push({ updateId: update.updateId, losers });
    else {
      gone.add(update.updateId);
      evidences.set(
        update.updateId,
        computers.map(({ computerId, state }) => (state === 'unknown' ? `?${computerId}` : computerId)),
      );
    }
  }
  // An update may have been declined because of a successor that is now gone itself.
  for (const [updateId, evidence] of evidences) {
    const others = new Set([...gone].filter((id) => id !== updateId));
    const losers = losersOf(await evidenceOf({ updateId }, others));
    if (losers.length === 0) plan.decline.push({ updateId, evidence });
    else {
      gone.delete(updateId);
      plan.kept.push({ updateId, losers });
    }
  }
  return plan;
}

/** The reports of one computer, and the decisions for it. */
export interface ComputerEvidence {
  computerId: string;
  /** Of the superseded update. `unknown`: the computer did not look for it yet. */
  state: 'unknown' | 'not-needed' | 'needed';
  /** Each update that supersedes it and that can be offered, directly or through others. */
  successors: readonly {
    state: 'unknown' | 'not-applicable' | 'needed' | 'installed';
    /** Approved for installation on this computer, and nothing withholds it. */
    isApproved: boolean;
  }[];
}

/**
 * The computers that lose their fix with the update. They need it, or may need it. They have no successor that is
 * installed, or that is approved and fits them. Empty: it may be declined.
 */
function losersOf(computers: readonly ComputerEvidence[]): string[] {
  return computers.filter((one) => one.state !== 'not-needed' && !isCovered(one)).map(({ computerId }) => computerId);
}

/** A successor that a computer found not applicable does not fix it. One that it did not look for yet may not. */
function isCovered({ state, successors }: ComputerEvidence): boolean {
  return successors.some(
    (one) =>
      one.state === 'installed' ||
      (one.isApproved && (one.state === 'needed' || (one.state === 'unknown' && state === 'unknown'))),
  );
}
