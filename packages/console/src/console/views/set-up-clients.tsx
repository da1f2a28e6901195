// Step 4: groups, and the policy that points computers at this server.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import type { Computer, Group, Page, SetUpDocument } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { say } from '../kit/announce.tsx';
import { useDoing } from '../kit/doing.ts';
import { Link } from '../kit/link.tsx';
import { numberIn } from '../kit/numbers.ts';
import { Asked } from '../kit/states.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { NameDialog } from './groups.tsx';

const mostShown = 10;

export function SetUpClients({ setUp }: { setUp: SetUpDocument }): ReactNode {
  const words = useWords();
  const doing = useDoing();
  const isOpen = setUp.steps.some(({ step, state }) => step === 'clients' && state === 'open');
  const note = () => change('noteSetUpStep', { path: { step: 'clients' }, body: { state: 'done' } });
  return (
    <>
      <div className="columns">
        <Groups />
        <section className="stack" aria-labelledby="step-policy">
          <h3 id="step-policy">{words.nav.policy}</h3>
          <p>{words.guide.policyText}</p>
          <p>
            <Link href={hrefOf('policy')} className="button">
              {words.guide.makePolicy}
            </Link>
          </p>
          <Seen />
        </section>
      </div>
      {isOpen && (
        <p>
          <button type="button" onClick={() => doing(note, words.guide.clientsNoted)}>
            {words.guide.clientsDone}
          </button>
        </p>
      )}
    </>
  );
}

function Groups(): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const [isAdding, setIsAdding] = useState(false);
  const groups = useAnswer<Page<Group>>('listGroups', { query: { limit: mostShown } });
  return (
    <section className="stack" aria-labelledby="step-groups">
      <h3 id="step-groups">{words.nav.groups}</h3>
      <Asked kept={groups}>
        {({ items, total }) => (
          <>
            <ul className="plain-list">
              {items.map(({ groupId, name, computers }) => (
                <li key={groupId} className="wrap">
                  <bdi>{name}</bdi> <span className="dim">{numberIn(computers, language)}</span>
                </li>
              ))}
            </ul>
            {total > items.length && (
              <p>
                <Link href={hrefOf('groups')}>{words.guide.allGroups(numberIn(total, language))}</Link>
              </p>
            )}
          </>
        )}
      </Asked>
      <p>
        <button type="button" onClick={() => setIsAdding(true)}>
          {words.groups.add}
        </button>
      </p>
      {isAdding && (
        <NameDialog
          title={words.groups.addTitle}
          onClose={() => setIsAdding(false)}
          onName={async (name) => {
            await change('addGroup', { body: { name } });
            say(words.groups.added(name));
          }}
        />
      )}
    </section>
  );
}

/** The newest contact: a person waits for it here. */
function Seen(): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const query = { sort: 'last-contact', order: 'desc', limit: 1 };
  const computers = useAnswer<Page<Computer>>('listComputers', { query }, { everyMs: 10_000 });
  return (
    <Asked kept={computers}>
      {({ items: [newest], total }) =>
        newest ? (
          <p role="status">
            {words.guide.seen(numberIn(total, language), total)}{' '}
            <Link href={hrefOf(`computers/${newest.computerId}`)}>
              <bdi>{newest.dnsName || newest.computerId}</bdi>
            </Link>
          </p>
        ) : (
          <p className="dim" role="status">
            {words.guide.noneSeen}
          </p>
        )
      }
    </Asked>
  );
}
