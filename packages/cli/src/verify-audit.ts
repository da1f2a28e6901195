// moult events verify: reads the chain of audit records and says whether it is whole. It names the first record that
// was changed.
import type { AuditCheck, BrokenRecord } from '@moult/store';
import { auditHeadFile, type NotedHead, readNotedHead } from '@moult/store/data-dir';
import { moment, present } from './output.ts';
import type { AdministrationFlags } from './server-flags.ts';
import { administer } from './server-options.ts';
import { exitCode, UsageError } from './terminal.ts';

/** Sets exit code 1 for a chain that is broken. Throws UsageError for a wrong head file. */
export async function verifyAudit(_: unknown, command: { optsWithGlobals(): AdministrationFlags }): Promise<void> {
  const flags = command.optsWithGlobals();
  const found = await administer(flags, async ({ store, server: { dataDir } }) => {
    const noted = readNoted(dataDir, (await store.loadSetting('server-id')) ?? '');
    return { ...(await store.checkAudit(noted)), noted, file: auditHeadFile(dataDir) };
  });
  const { file, isIntact, records, head, broken, noted } = found;
  const document = { intact: isIntact, records, head, headFile: noted ? { file, ...noted } : undefined, broken };
  present(document, flags, () => lines(found, file));
  if (!isIntact) process.exitCode = exitCode.findings;
}

function readNoted(dataDir: string, serverId: string): NotedHead | undefined {
  try {
    return readNotedHead(dataDir, serverId);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${auditHeadFile(dataDir)} cannot be read: ${reason}. Move it away to verify without it.`);
  }
}

function lines({ records, head, broken, noted }: AuditCheck & { noted: NotedHead | undefined }, file: string) {
  const known = noted
    ? `head file: record ${noted.records} of ${moment(new Date(noted.at))} UTC (${file})`
    : `head file: none. Records that were cut off at the end do not show (${file})`;
  if (!broken) return [`intact: ${records} audit records`, `head: record ${head.records}, ${head.digest}`, known];
  return [`broken: ${describeBreak(broken)}`, `intact before it: ${records} audit records`, known];
}

const reasons: Readonly<Record<BrokenRecord['reason'], string>> = {
  changed: 'is not as it was written',
  missing: 'is missing',
  'not-chained':
    'is not in the chain. An older Moult wrote it while servers were updated, or somebody else did. The next change takes it into the chain, and says so in a record',
  'behind-the-head': 'is behind the head of the chain: somebody added it without Moult',
  'other-chain': 'is another one than was noted: records were made again',
};

function describeBreak({ reason, number, record }: BrokenRecord): string {
  const name = number === undefined ? `the record with id ${record?.auditId}` : `record ${number}`;
  const { auditId, at, actor, action, subject } = record ?? {};
  const contents = record ? ` (id ${auditId}, ${moment(at)} UTC, ${actor}: ${action} ${subject})` : '';
  return `${name}${contents} ${reasons[reason]}`;
}
