// The agent's way to refresh: a fault of the metadata is an alarm, never a stop. The agent goes on with the last good
// set. chooseRelease then allows only newer versions that the set names (`fresh` is false).
import { ReleaseError, type ReleaseErrorCode } from '../errors.ts';
import type { UpdateClient } from './updater.ts';

interface Alarm {
  code: ReleaseErrorCode | 'odd';
  role: string | undefined;
  message: string;
  /** Whole days since the metadata expired. Undefined when that is not what is wrong. */
  daysOverdue?: number;
}

export interface Standing {
  /**
   * `current`: refreshed, nothing expired. `expired`: refreshed. `last-good`: not refreshed. `none`: nothing to go on
   * with.
   */
  state: 'current' | 'expired' | 'last-good' | 'none';
  /** True only in the state `current`. */
  fresh: boolean;
  alarms: Alarm[];
}

/** Refreshes a client of the mode `alarm`. Never throws for what a server, a cache or a clock did. */
export async function refreshOrGoOn(client: UpdateClient, now: Date): Promise<Standing> {
  const alarms: Alarm[] = [];
  client.oddities.length = 0;
  let state: Standing['state'] = 'current';
  try {
    await client.refresh();
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    alarms.push({ code: error.code, role: error.role, message: error.message });
    state = client.useGoodSet() ? 'last-good' : 'none';
  }
  for (const { role, expires } of client.expired) {
    const daysOverdue = Math.max(0, Math.floor((now.getTime() - Date.parse(expires)) / 86_400_000));
    const message = `The ${role} metadata expired at ${expires}, ${daysOverdue === 1 ? '1 day' : `${daysOverdue} days`} ago.`;
    alarms.push({ code: 'RELEASE_METADATA_EXPIRED', role, message, daysOverdue });
    if (state === 'current') state = 'expired';
  }
  for (const message of client.oddities) alarms.push({ code: 'odd', role: undefined, message });
  return { state, fresh: state === 'current', alarms };
}
