// What the operator signed about updates: refreshed before a detection decides anything, kept on the disk, and never a
// reason for an agent to stop. Whatever is wrong with it is an alarm, and the last good list goes on.
import { existsSync } from 'node:fs';
import { selfUpdatePaths } from '@moult/protocol/self-update';
import { type Fetch, openStore, refreshOrGoOn, type Standing, UpdateClient } from '@moult/releases/client';
import { isReleaseError, ReleaseError } from '@moult/releases/errors';
import type { TargetFile } from '@moult/releases/metadata';
import { AgentError } from '../errors.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { messageOf } from '../self-update/verify-cabinet.ts';
import { hresult } from '../transport/hresult.ts';
import { type RequestLimits, send } from '../transport/request.ts';
import { fetchTrustRoot, pinTrustRoot, readTrustRoot, type TrustRootSource } from './trust-root.ts';

export interface OperatorMetadata {
  /** `unpinned`: this machine has no root, and its server has none to give. Else as in Standing. */
  state: Standing['state'] | 'unpinned';
  /** One sentence each. */
  alarms: string[];
  /** `updates/UPDATEID/REVISION` → what is signed of it. */
  updates: ReadonlyMap<string, TargetFile>;
}

/** Never throws for what a server, a cache or a clock did. */
export async function readOperatorMetadata(root: MachineRoot, source: TrustRootSource): Promise<OperatorMetadata> {
  const alarms: string[] = [];
  const isKnown = existsSync(root.trustFolder);
  const firstRoot = readTrustRoot(root) ?? (isKnown ? undefined : await obtainRoot(root, source, alarms));
  if (!firstRoot && !isKnown) return { state: 'unpinned', alarms, updates: new Map() };
  try {
    const client = new UpdateClient({
      store: openStore(root.trustFolder, firstRoot),
      fetch: createFetch(source),
      metadataUrls: [`${source.server}${selfUpdatePaths.trustMetadata}`],
      now: source.now,
      mode: 'alarm',
    });
    const standing = await refreshOrGoOn(client, source.now());
    alarms.push(...standing.alarms.map(({ message }) => message));
    const updates = standing.state === 'none' ? new Map() : await listUpdates(client, alarms);
    return { state: standing.state, alarms, updates };
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    return { state: 'none', alarms: [...alarms, error.message], updates: new Map() };
  }
}

async function obtainRoot(
  root: MachineRoot,
  source: TrustRootSource,
  alarms: string[],
): Promise<Uint8Array | undefined> {
  try {
    const fetched = await fetchTrustRoot(source);
    if (fetched) pinTrustRoot(root, fetched);
    return fetched;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    alarms.push(error.message);
    return undefined;
  }
}

async function listUpdates(client: UpdateClient, alarms: string[]): Promise<Map<string, TargetFile>> {
  try {
    return new Map((await client.list('updates')).map(({ path, file }) => [path, file]));
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    alarms.push(error.message);
  }
  try {
    // The newest list cannot be had: the last one that was whole goes on.
    if (!client.useGoodSet()) return new Map();
    return new Map((await client.list('updates')).map(({ path, file }) => [path, file]));
  } catch (error) {
    if (isReleaseError(error)) throw error;
    return new Map();
  }
}

/** The agent's own transport, with its bounds in time, as the client of the metadata wants it. */
function createFetch({ userAgent, limits }: { userAgent: string; limits: RequestLimits }): Fetch {
  return async ({ url, maxBytes, noCache = false, receive }) => {
    const answer = { offset: 0 };
    const headers = {
      'Accept-Encoding': 'identity',
      ...(noCache ? { 'Cache-Control': 'no-cache', Pragma: 'no-cache' } : {}),
    };
    try {
      const { status } = await send({
        ...{ url, userAgent, headers },
        limits: { ...limits, maxBytes },
        sink: { accepts: [200], begin: () => undefined, take: (piece) => receive(piece, answer) },
      });
      if (status === 200) return answer;
      throw new ReleaseError('RELEASE_FETCH_STATUS', `${url} answered ${status}.`, { status });
    } catch (error) {
      throw error instanceof AgentError ? asReleaseError(error) : error;
    }
  };
}

function asReleaseError(error: AgentError): ReleaseError {
  const { code, message } = error;
  if (code === 'AGENT_TRANSPORT_TOO_LARGE')
    return new ReleaseError('RELEASE_FETCH_TOO_LARGE', message, { cause: error });
  if (error.hresult === hresult.timeout) return new ReleaseError('RELEASE_FETCH_TOO_SLOW', message, { cause: error });
  return new ReleaseError('RELEASE_FETCH_FAILED', messageOf(error), { cause: error });
}
