// The self-update check that the host makes by itself, without any agent version. It does so when no version starts any
// more. It also does so when the present one has had no good detection for days. Server, operator and limits are those
// of the agent.

import { formatHResult, hresult } from '@moult/protocol/hresult';
import type { Release } from '@moult/protocol/self-update';
import { AgentError } from '../errors.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { openRegistry } from '../machine/registry.ts';
import { openSession, selfUpdateSession } from '../program/session.ts';
import { checkSelfUpdate, type SelfUpdateWatch } from '../self-update/check.ts';
import { productName } from '../self-update/release-cabinet.ts';
import type { Generation } from './current.ts';

interface OwnCheck {
  root: MachineRoot;
  /** The release that runs. Undefined when none can. */
  running: Release | undefined;
  now(): Date;
  tell(text: string): void;
}

/**
 * A newer release than the running one, in its folder. Undefined when the server has none. Throws the AgentError of the
 * last generation that was asked for: AGENT_CONFIG_…, AGENT_TRANSPORT_… or AGENT_SELFUPDATE_….
 */
export async function findReleaseByHost(check: OwnCheck): Promise<Release | undefined> {
  let failure: unknown;
  // A WSUS server has both ident files, a SUS server the older one.
  for (const generation of ['wsus', 'sus'] as const) {
    if (generation === 'wsus' && check.running?.generation === 'sus') continue;
    try {
      return await ask(check, generation);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      check.tell(`${error.message} (${formatHResult(error.hresult)})`);
      // A SUS server has no wuident: what is wrong with its other file says more.
      if (failure === undefined || isMissing(failure)) failure = error;
    }
  }
  throw failure;
}

function isMissing(error: unknown): boolean {
  return error instanceof AgentError && error.transportResult === hresult.rawNotFound;
}

async function ask({ root, running, now, tell }: OwnCheck, generation: Generation): Promise<Release | undefined> {
  const registry = openRegistry(root);
  const session = openSession({ root, registry, now }, userAgents[generation]);
  const release = running ?? { product: productName, generation, version: '0.0.0.0', entry: '', files: [] };
  const context = { root, registry, now, release: { ...release, generation } };
  // With nothing else to run, a version that failed before is better than none.
  const how = { insist: running === undefined, onTrial: false };
  const found = await checkSelfUpdate(selfUpdateSession(context, session, how, watch(tell)));
  return found.kind === 'staged' ? found.release : undefined;
}

const userAgents: Readonly<Record<Generation, string>> = {
  sus: 'Industry Update Control',
  wsus: 'Windows-Update-Agent/0.0.0.0 Client-Protocol/1.8',
};

/** For a check that tells only its result. */
export const silentWatch: SelfUpdateWatch = watch(() => undefined);

function watch(tell: (text: string) => void): SelfUpdateWatch {
  return {
    checking: (url) => tell(`The host itself asks ${url}.`),
    fetched: () => undefined,
    verifying: () => undefined,
    verified: (file, signer) => tell(`${file} is signed by ${signer}.`),
    decided: (decision) =>
      tell(decision === 'up-to-date' ? 'The server has nothing newer.' : `Version ${decision.version} is fetched.`),
    staged: ({ version }) => tell(`Version ${version} is unpacked.`),
    covered: (file, role) => tell(`${file} is named by the operator's metadata (${role}).`),
    warned: (text) => tell(text),
    alarmed: () => undefined,
    refused: (error) => tell(error.message),
  };
}
