// moult requests: changes that wait for a second person.
import { findRequest, listRequests, refuseRequest } from '@moult/administration/requests';
import type { ChangeRequest } from '@moult/store';
import type { Command } from 'commander';
import { type Column, type ListFlags, showList, wholeList, withList } from '../lists.ts';
import { present } from '../output.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';
import { UsageError } from '../terminal.ts';

const columns: readonly Column<ChangeRequest>[] = [
  { name: 'id', cell: ({ requestId }) => requestId.slice(0, 8) },
  { name: 'operation', cell: ({ operation }) => operation },
  { name: 'asked-by', cell: ({ askedBy }) => askedBy },
  { name: 'asked', cell: ({ askedAt }) => askedAt },
  { name: 'until', cell: ({ expiresAt }) => expiresAt },
  { name: 'state', cell: ({ state }) => state },
  { name: 'decided-by', cell: ({ decidedBy }) => decidedBy, isExtra: true },
  { name: 'outcome', cell: ({ outcome }) => outcome, isExtra: true },
  { name: 'whole-id', cell: ({ requestId }) => requestId, isExtra: true },
];

export function register(program: Command): void {
  const requests = program
    .command('requests')
    .description('changes that wait for a second person: list, show, confirm and refuse them');
  withList(withRemoteOptions(requests.command('list', { isDefault: true })), { limit: 0, columns })
    .description('list changes that wait, newest first')
    .option('--all', 'also those that ended')
    .action(list);
  withRemoteOptions(requests.command('show').argument('<request>', 'id, or its beginning'))
    .description('show a change that waits, or how it ended')
    .action(show);
  withRemoteOptions(requests.command('confirm').argument('<request>', 'id, or its beginning'))
    .description('make a change that another person asked for. With --server, as your account')
    .action(confirm);
  withRemoteOptions(requests.command('refuse').argument('<request>', 'id, or its beginning'))
    .description('refuse a change that waits')
    .action(refuse);
}

async function list(flags: RemoteFlags & ListFlags & { json?: true; all?: true }): Promise<void> {
  const { all = false } = flags;
  const found = await perform(
    flags,
    (administration) => listRequests(administration, { all }),
    async (api) => (await api.list<ChangeRequest>('/requests', { all: all || undefined, limit: 0 })).items,
  );
  showList(wholeList(found), flags, columns, ['request', 'requests']);
}

async function show(text: string, flags: RemoteFlags): Promise<void> {
  const found = await perform(
    flags,
    ({ store }) => findRequest(store, text),
    async (api) => (await api.get(`/requests/${encodeURIComponent(text)}`)) as ChangeRequest,
  );
  // Times are text in the API.
  const until = new Date(found.expiresAt).toISOString();
  present(found, flags, () => [
    `${found.operation}, asked for by ${found.askedBy}: ${found.state} (until ${until})`,
    ...(found.decidedBy === undefined ? [] : [`Decided on by ${found.decidedBy}`]),
    ...(found.outcome === undefined ? [] : [found.outcome]),
    JSON.stringify(found.input, null, 2),
  ]);
}

async function confirm(request: string, flags: RemoteFlags): Promise<void> {
  const done = await perform(
    flags,
    () => {
      throw new UsageError('A second person confirms by an account: give --server and the token of "moult login".');
    },
    (api) => api.send('POST', `/requests/${encodeURIComponent(request)}/confirm`, undefined),
  );
  present(done as object, flags, () => ['The change is made.']);
}

async function refuse(request: string, flags: RemoteFlags): Promise<void> {
  const done = await perform(
    flags,
    (administration) => refuseRequest(administration, request),
    (api) => api.send('POST', `/requests/${encodeURIComponent(request)}/refuse`, undefined),
  );
  present(done as object, flags, () => ['The change is refused.']);
}
