// Which steps of the set-up are open: a pure decision on facts of the server and on notes of administrators.
export const setUpSteps = ['account', 'source', 'choices', 'clients', 'approval'] as const;
export const updateSources = ['microsoft', 'server', 'files'] as const;

export type SetUpStepName = (typeof setUpSteps)[number];
export type UpdateSource = (typeof updateSources)[number];

export interface SetUpStep {
  step: SetUpStepName;
  state: 'open' | 'done' | 'skipped';
  /** The author of the note. Undefined without one. */
  by?: string;
  /** The time of the note, in ISO 8601. */
  at?: string;
}

export interface NotedStep extends Omit<SetUpStep, 'step'> {
  source?: UpdateSource;
}

export interface KnownFacts {
  source: UpdateSource | undefined;
  /** The settings of the running server name the public service of Microsoft. */
  isMicrosoft: boolean;
  hasAccount: boolean;
  hasSynchronised: boolean;
  /** Products and classifications are chosen. */
  hasChoices: boolean;
  hasUpdates: boolean;
  hasComputer: boolean;
  hasApproval: boolean;
}

/** In order. A step that is done stays done, also when somebody left it out before. */
export function stepsOf(facts: KnownFacts, notes: ReadonlyMap<string, NotedStep | undefined>): SetUpStep[] {
  return setUpSteps.map((step) => {
    const { state = 'open', by, at } = notes.get(step) ?? {};
    const isDone = isFulfilled(step, facts) || (state === 'done' && step === 'clients');
    const told = isDone ? 'done' : state === 'skipped' ? 'skipped' : 'open';
    return { step, state: told, ...(by !== undefined && { by }), ...(at !== undefined && { at }) };
  });
}

function isFulfilled(step: SetUpStepName, facts: KnownFacts): boolean {
  const { source } = facts;
  switch (step) {
    case 'account':
      return facts.hasAccount;
    case 'source':
      if (source === undefined) return facts.hasSynchronised;
      // The choice alone changes no setting: a restart does.
      return source === 'files' || facts.isMicrosoft === (source === 'microsoft');
    case 'choices':
      return source === 'files' ? facts.hasUpdates : facts.hasChoices;
    case 'clients':
      return facts.hasComputer;
    case 'approval':
      return facts.hasApproval;
  }
}
