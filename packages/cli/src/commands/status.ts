// moult status: the server at a glance, running or not.
import { type Administration, type DiskFigures, readStatus } from '@moult/administration';
import { selfUpdatePaths } from '@moult/protocol/self-update';
import { readLockHolder } from '@moult/store/data-dir';
import type { Command } from 'commander';
import { moment, present } from '../output.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';
import { UsageError } from '../terminal.ts';

export function register(program: Command): void {
  withRemoteOptions(program.command('status'))
    .description('show the state of the server, its computers and its limits')
    .option('--recount', 'first count everything again, and correct the figures of the database')
    .action(status);
}

async function status(flags: RemoteFlags & { recount?: true }): Promise<void> {
  if (flags.server !== undefined && flags.recount) throw new UsageError('--recount works on the server itself only.');
  const here = async (administration: Administration) => {
    const server = await askServer(administration.server.dataDir);
    const notices = server.state === 'running' ? await noticesOf(server.url) : [];
    const { version, dataDir, engine, ...figures } = await readStatus(administration, {
      recount: flags.recount ?? false,
    });
    return { version, dataDir, engine, server, ...figures, notices };
  };
  type Document = Awaited<ReturnType<typeof here>>;
  const document = await perform(flags, here, async (api) => (await api.get('/status')) as Document);
  present(
    document,
    flags,
    ({ server, computers, updates, groups, events, engine, disks, notices, heldBack, ...more }) => [
      server.state === 'running'
        ? `running at ${server.url}, process ${server.pid}, since ${moment(new Date(server.startedAt))} UTC`
        : 'not running',
      `computers   ${computers.total} (${computers.needingUpdates} need updates, ${computers.withErrors} with errors, ${computers.neverReported} never reported)`,
      `groups      ${groups} beside the 2 that every server has`,
      `updates     ${updates.total} (${updates.approved} approved, ${updates.declined} declined)`,
      `events      ${events}`,
      ...(more.role === 'replica' ? ['role        replica: groups and decisions come from the upstream server'] : []),
      ...(more.downstream.servers > 0 ? [downstreamLine(more.downstream)] : []),
      `database    ${engine}`,
      ...(more.correctedComputers === undefined ? [] : [`recounted   wrong figures: ${more.correctedComputers}`]),
      ...(more.titleSearchIndexed
        ? []
        : ['titles      are searched without an index: PostgreSQL lacks the extension pg_trgm']),
      ...disks.map(diskLine),
      ...heldBackLines(heldBack),
      ...notices.map(({ headline, cause, remedy }) => `notice      ${headline} ${cause} Remedy: ${remedy}`),
      ...identityLines(more),
    ],
  );
}

function downstreamLine({ servers, computers, needing, failing }: Record<string, number>): string {
  return `downstream  ${servers} servers with ${computers} computers (${needing} need updates, ${failing} with errors): moult downstream`;
}

/** A server says its folders to those who administer it. */
type ShownDisk = Omit<DiskFigures, 'folder'> & { folder?: string; isLow: boolean };

const diskWords = { data: 'data directory', database: 'database', content: 'update files' } as const;

function diskLine({ holds, folder, freeBytes, reserveBytes, isLow }: ShownDisk): string {
  const mebibytes = (bytes: number) => `${Math.floor(bytes / 1_048_576)} MiB`;
  const below = isLow ? `, less than the reserve of ${mebibytes(reserveBytes)}: clients can add nothing` : '';
  return `disk        ${mebibytes(freeBytes)} free for ${folder ?? `the ${diskWords[holds]}`}${below}`;
}

interface Notice {
  headline: string;
  cause: string;
  remedy: string;
}

/** The notices of the running server for its administrator. Nothing when it does not answer in time. */
async function noticesOf(url: string): Promise<Notice[]> {
  try {
    const answer = await fetch(`${url}/api/home`, { signal: AbortSignal.timeout(3000) });
    const { notices } = (await answer.json()) as { notices?: Notice[] };
    return Array.isArray(notices) ? notices : [];
  } catch {
    return [];
  }
}

/** The wishes of strangers beyond the limits of this server. */
function heldBackLines(heldBack: Readonly<Record<string, number>>): string[] {
  const counts = Object.entries(heldBack).map(([what, count]) => `${count} ${kindsHeldBack[what] ?? what}`);
  return counts.length > 0 ? [`held back   ${counts.join(', ')} (limits; moult.log has the addresses)`] : [];
}

const kindsHeldBack: Readonly<Record<string, string>> = {
  'new-computer': 'new computers',
  'computer-limit': 'new computers beyond --max-computers',
  'new-name': 'new names',
  ping: 'status pings',
  'report-bytes': 'reports',
  'refusal-line': 'lines in moult.log',
  'access-log-bytes': 'lines in the access log',
  'targeting-record': 'records of moves by client-side targeting',
};

function identityLines({ clones, identitiesChanged }: { clones: number; identitiesChanged: number }): string[] {
  const changed = `identities  ${identitiesChanged} changed in 30 days: moult events --kind identity`;
  const shared = `clones      ${clones} identities are shared: moult computers clones`;
  return [...(identitiesChanged > 0 ? [changed] : []), ...(clones > 0 ? [shared] : [])];
}

type ServerState = { state: 'running'; url: string; pid: number; startedAt: string } | { state: 'stopped' };

/** The rest of a killed server says nothing: its address has to answer. */
async function askServer(dataDir: string): Promise<ServerState> {
  const holder = readLockHolder(dataDir);
  if (!holder?.url) return { state: 'stopped' };
  const isThere = await fetch(`${holder.url}${selfUpdatePaths.wuident}`, {
    method: 'HEAD',
    signal: AbortSignal.timeout(3000),
  }).then(
    ({ ok }) => ok,
    () => false,
  );
  const { url, pid, startedAt } = holder;
  return isThere ? { state: 'running', url, pid, startedAt } : { state: 'stopped' };
}
