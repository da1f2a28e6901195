// Legacy mode: a WSUS client pointed at a SUS server. There the web services and wuident.cab are missing while
// iuident.cab is there. The client then does what a SUS client does, says so, and looks for web services each time.

import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { keys } from '../machine/keys.ts';
import { number, type RegistryChange } from '../machine/registry.ts';
import type { SelfUpdateSession } from '../self-update/check.ts';
import { readServersIdent } from '../self-update/classical.ts';
import { send } from '../transport/request.ts';

const clientServicePath = '/ClientWebService/client.asmx';

/**
 * After wuident.cab was answered with `error`: whether this is a SUS server, with a signed iuident.cab of its operator
 * and no web services. Every other case keeps its first error.
 */
export async function isSusServer(session: SelfUpdateSession, error: unknown): Promise<boolean> {
  if (!isMissing(error) || (await hasWebServices(session))) return false;
  try {
    await readServersIdent(session, 'sus');
    return true;
  } catch {
    return false;
  }
}

export function legacyMode(on: boolean): RegistryChange[] {
  return [{ key: keys.agent, name: 'LegacyMode', value: number(on ? 1 : 0) }];
}

function isMissing(error: unknown): boolean {
  return error instanceof AgentError && error.transportResult === hresult.rawNotFound;
}

/** Anything but "not found" counts as there: a broken web service is a fault, not a SUS server. */
async function hasWebServices({ server, userAgent, limits }: SelfUpdateSession): Promise<boolean> {
  try {
    const { status } = await send({ url: `${server}${clientServicePath}`, userAgent, limits });
    return status !== 404;
  } catch {
    return true;
  }
}
