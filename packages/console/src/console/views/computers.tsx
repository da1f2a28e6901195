// Computers, and one computer.
import { type ReactNode, useState } from 'react';
import { call } from '../api/call.ts';
import { noteChange } from '../api/changes.ts';
import type { Computer } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { Link } from '../kit/link.tsx';
import { useMay } from '../kit/session.tsx';
import { wordsOf } from '../kit/states.tsx';
import { Age } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { ListView } from '../list/list-view.tsx';
import { ComputerView } from './computer.tsx';
import { StateMark } from './marks.tsx';
import { MoveDialog } from './move-dialog.tsx';

const computerHref = ({ computerId }: Computer) => hrefOf(`computers/${encodeURIComponent(computerId)}`);

const list: ListDefinition<Computer> = {
  operation: 'listComputers',
  title: (words) => words.nav.computers,
  empty: (words) => words.computers.empty,
  idOf: ({ computerId }) => computerId,
  hrefOf: computerHref,
  sort: { name: 'name', order: 'asc' },
  columns: [
    {
      ...{ name: 'name', label: (words) => words.computers.name, width: 'minmax(13rem, 5fr)', sort: 'name' },
      cell: (computer) => (
        <Link href={computerHref(computer)} tabIndex={-1}>
          <bdi>{computer.dnsName || computer.address}</bdi>
        </Link>
      ),
    },
    {
      ...{ name: 'failed', label: (words) => words.computers.failed, width: 'minmax(5rem, 1fr)', sort: 'failed' },
      ...{ isDescending: true, isNumber: true },
      cell: ({ failed }) => <span className={failed > 0 ? 'bad' : 'dim'}>{failed}</span>,
    },
    {
      ...{ name: 'needed', label: (words) => words.computers.needed, width: 'minmax(5rem, 1fr)', sort: 'needed' },
      ...{ isDescending: true, isNumber: true },
      cell: ({ needed }) => <span className={needed > 0 ? '' : 'dim'}>{needed}</span>,
    },
    {
      ...{ name: 'contact', label: (words) => words.computers.lastContact, width: 'minmax(8rem, 1fr)' },
      ...{ sort: 'last-contact', isDescending: true },
      cell: ({ lastContact }) => <Age at={lastContact} />,
    },
    {
      ...{ name: 'agent', label: (words) => words.computers.agent, width: 'minmax(8rem, 1fr)', sort: 'agent' },
      cell: (computer) => <Agent computer={computer} />,
    },
    {
      ...{ name: 'groups', label: (words) => words.nav.groups, width: 'minmax(9rem, 2fr)' },
      cell: ({ groups }) => <bdi>{groups.join(', ')}</bdi>,
    },
    {
      ...{ name: 'address', label: (words) => words.computers.address, width: 'minmax(7.5rem, 1fr)', sort: 'address' },
      cell: ({ address }) => address,
    },
    {
      ...{ name: 'system', label: (words) => words.computers.system, width: 'minmax(9rem, 2fr)', sort: 'system' },
      cell: ({ osName, osDescription }) => osName ?? osDescription ?? '',
    },
    {
      ...{ name: 'report', label: (words) => words.computers.lastReport, width: 'minmax(8rem, 2fr)' },
      ...{ sort: 'last-report', isDescending: true, isExtra: true },
      cell: ({ lastReport }) => <Age at={lastReport} />,
    },
    {
      ...{ name: 'sync', label: (words) => words.computers.lastSync, width: 'minmax(8rem, 2fr)' },
      ...{ sort: 'last-sync', isDescending: true, isExtra: true },
      cell: ({ lastSync }) => <Age at={lastSync} />,
    },
    {
      ...{ name: 'state', label: (words) => words.computers.state, width: 'minmax(9rem, 2fr)', isExtra: true },
      cell: ({ state }) => state && <StateMark state={state} />,
    },
    {
      ...{ name: 'id', label: (words) => words.computers.id, width: 'minmax(20rem, 3fr)', isExtra: true },
      cell: ({ computerId }) => <code>{computerId}</code>,
    },
  ],
  filters: [
    { name: 'search', kind: 'text', label: (words) => words.computers.search, isWide: true },
    { name: 'group', kind: 'group', label: (words) => words.computers.group },
    { name: 'below', kind: 'flag', label: (words) => words.computers.below },
    { name: 'failed', kind: 'flag', label: (words) => words.computers.withFailed },
    { name: 'needed', kind: 'flag', label: (words) => words.computers.withNeeded },
    { name: 'silentDays', kind: 'number', label: (words) => words.computers.silentDays },
    { name: 'agent', kind: 'text', label: (words) => words.computers.agentFilter },
    { name: 'system', kind: 'text', label: (words) => words.computers.system },
    { name: 'update', kind: 'text', label: (words) => words.computers.update },
    {
      ...{ name: 'state', kind: 'choice', label: (words) => words.computers.stateOfUpdate },
      choices: ({ updateStates }) => Object.entries(updateStates),
    },
  ],
};

export default function Computers({ id }: { id: string | undefined }): ReactNode {
  const mayAdminister = useMay('administer');
  const withSelected = (ids: readonly string[]) => <Selected ids={ids} />;
  if (id !== undefined) return <ComputerView id={id} />;
  return <ListView list={list} withSelected={mayAdminister ? withSelected : undefined} />;
}

function Agent({ computer: { agentGeneration, agentVersion } }: { computer: Computer }): ReactNode {
  const words = useWords();
  if (agentGeneration === undefined) return <span className="dim">{words.generations.unknown}</span>;
  return `${agentGeneration.toUpperCase()} ${agentVersion ?? ''}`;
}

function Selected({ ids }: { ids: readonly string[] }): ReactNode {
  const words = useWords();
  const [isMoving, setIsMoving] = useState(false);
  const move = async (group: string, isMember: boolean) => {
    setIsMoving(false);
    let done = 0;
    try {
      for (const computer of ids) {
        await call(isMember ? 'addToGroup' : 'removeFromGroup', { path: { group, computer } });
        done++;
      }
      say(words.computers.moved(done, group));
    } catch (error) {
      say(`${words.computers.moved(done, group)} ${wordsOf(error, words)}`, { isBad: true });
    } finally {
      // Once for all of them. A note for each makes every list ask again each time.
      noteChange();
    }
  };
  return (
    <>
      <button type="button" disabled={ids.length === 0} onClick={() => setIsMoving(true)}>
        {words.computers.move}
      </button>
      {isMoving && <MoveDialog count={ids.length} onMove={move} onClose={() => setIsMoving(false)} />}
    </>
  );
}
