// SoftwareDistribution\DataStore\session.json: what a client keeps about its server between two detections. An older
// version of the agent may find there what a newer one wrote: what it does not know, or knows otherwise, counts as not
// there.
import { isRecord } from '../../host/state-file.ts';

export interface SessionState {
  server: string;
  clientId: string;
  targetGroup: string | undefined;
  config?: { lastChange: string; isRegistrationRequired: boolean; authPath: string; maxExtendedUpdates: number };
  cookie?: { expiration: string; encryptedData: string };
  /** Digest of what was registered. */
  registered?: string;
}

/**
 * The state in `text`. Undefined when it is damaged or says not whose it is. Losing a part costs a call, nothing else.
 */
export function readSessionState(text: string): SessionState | undefined {
  const fields = parse(text);
  if (!isRecord(fields) || typeof fields.server !== 'string' || typeof fields.clientId !== 'string') return undefined;
  const { server, clientId, targetGroup, registered } = fields;
  const config = readConfig(fields.config);
  const cookie = readCookie(fields.cookie);
  return {
    ...{ server, clientId, targetGroup: typeof targetGroup === 'string' ? targetGroup : undefined },
    ...(config && { config }),
    ...(cookie && { cookie }),
    ...(typeof registered === 'string' && { registered }),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readConfig(value: unknown): SessionState['config'] {
  if (!isRecord(value)) return undefined;
  const { lastChange, isRegistrationRequired, authPath, maxExtendedUpdates } = value;
  if (typeof lastChange !== 'string' || typeof isRegistrationRequired !== 'boolean') return undefined;
  if (typeof authPath !== 'string' || !authPath.startsWith('/')) return undefined;
  if (typeof maxExtendedUpdates !== 'number' || !(maxExtendedUpdates >= 1 && maxExtendedUpdates <= 50))
    return undefined;
  return { lastChange, isRegistrationRequired, authPath, maxExtendedUpdates };
}

function readCookie(value: unknown): SessionState['cookie'] {
  if (!isRecord(value)) return undefined;
  const { expiration, encryptedData } = value;
  if (typeof expiration !== 'string' || Number.isNaN(Date.parse(expiration))) return undefined;
  return typeof encryptedData === 'string' ? { expiration, encryptedData } : undefined;
}
