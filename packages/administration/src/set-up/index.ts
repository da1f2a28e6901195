// The five steps from the first account to the first approved update. The database keeps what was decided about a step, so
// that another person, or another browser, goes on from there.
import type { Administration } from '../open-server.ts';
import { readSyncStatus } from '../synchronisation/status.ts';
import {
  type KnownFacts,
  type NotedStep,
  type SetUpStep,
  type SetUpStepName,
  stepsOf,
  type UpdateSource,
} from './steps.ts';

export { type SetUpStepName, setUpSteps, updateSources } from './steps.ts';

interface SetUpState {
  steps: SetUpStep[];
  /** As a person chose it. */
  source: UpdateSource | undefined;
  /** The upstream server that the settings of the running server name. */
  upstream: string;
  /** That server is the public service of Microsoft. */
  isMicrosoft: boolean;
}

const prefix = 'set-up:';
const microsoft = 'https://sws.update.microsoft.com';

/** How far the set-up is. Facts count more than notes: a step is done when the server has what the step brings. */
export async function readSetUp(administration: Administration): Promise<SetUpState> {
  const { store } = administration;
  const saved = await store.loadSettings(prefix);
  const notes = new Map([...saved].map(([name, value]) => [name.slice(prefix.length), noteIn(value)]));
  const source = notes.get('source')?.source;
  const { products, classifications, run, upstream } = await readSyncStatus(administration);
  const { total, approved } = await countUpdates(administration);
  const facts: KnownFacts = {
    ...{ source, isMicrosoft: upstream === microsoft, hasSynchronised: run?.state === 'done' },
    ...{ hasChoices: products > 0 && classifications > 0, hasUpdates: total > 0, hasApproval: approved > 0 },
    hasAccount: (await store.listAccounts()).length > 0,
    hasComputer: (await store.countComputers()) > 0,
  };
  return { steps: stepsOf(facts, notes), source, upstream, isMicrosoft: facts.isMicrosoft };
}

/** Notes that a step is done, or is left out, or is open again. `source` is kept with the step of that name. */
export async function noteSetUpStep(
  administration: Administration,
  step: SetUpStepName,
  { state, source }: { state: SetUpStep['state']; source?: UpdateSource | undefined },
): Promise<SetUpState> {
  const { store, author } = administration;
  await store.changeSetting(prefix + step, (before) => {
    const kept = source ?? noteIn(before ?? '')?.source;
    const note: NotedStep = { state, by: author.name, at: author.at.toISOString(), ...(kept && { source: kept }) };
    return JSON.stringify(note);
  });
  return readSetUp(administration);
}

async function countUpdates({ store }: Administration): Promise<{ total: number; approved: number }> {
  const all = await store.pageUpdates({}, { limit: 1 });
  const approved = await store.pageUpdates({ approval: 'approved' }, { limit: 1 });
  return { total: all.total, approved: approved.total };
}

/** Undefined for what no version of this server wrote. */
function noteIn(text: string): NotedStep | undefined {
  try {
    const note = JSON.parse(text) as NotedStep | null;
    return typeof note?.state === 'string' ? note : undefined;
  } catch {
    return undefined;
  }
}
