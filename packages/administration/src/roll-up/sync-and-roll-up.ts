// A synchronisation, and after it the reports to the server above, as WSUS does it. Reports that fail do not make the
// synchronisation fail: what is not reported waits for the next one.
import { runSync, type SyncParts, type SyncReport } from '../synchronisation/run-sync.ts';
import { type RollUpReport, rollUp } from './roll-up.ts';

export interface SyncAndRollUp extends SyncReport {
  /** Undefined: this server does not report, or is below Microsoft's public service. */
  rollUp: RollUpReport | { failed: { code: string; message: string } } | undefined;
}

/** Throws as runSync does. */
export async function syncAndRollUp(parts: SyncParts & { rollUp: 'on' | 'off' }): Promise<SyncAndRollUp> {
  const report = await runSync(parts);
  const isPublic = /(^|\.)update\.microsoft\.com$/i.test(new URL(report.upstream).hostname);
  if (parts.rollUp === 'off' || isPublic) return { ...report, rollUp: undefined };
  try {
    return { ...report, rollUp: await rollUp(parts) };
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    return { ...report, rollUp: { failed: { code: String(error.code), message: error.message } } };
  }
}
