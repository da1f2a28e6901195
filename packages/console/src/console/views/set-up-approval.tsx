// Step 5: the first approval. Updates that computers need come first.
import { type ReactNode, useState } from 'react';
import { useAnswer } from '../api/cached.ts';
import type { Page, SetUpDocument, Update } from '../api/documents.ts';
import { hrefOf } from '../kit/address.ts';
import { DataTable } from '../kit/data-table.tsx';
import { Link } from '../kit/link.tsx';
import { numberIn } from '../kit/numbers.ts';
import { Asked } from '../kit/states.tsx';
import { useLanguage, useWords } from '../kit/words.tsx';
import { ApproveDialog } from './approve-dialog.tsx';
import { offerUndo } from './take-back.ts';

const shown = 8;
const open = { approval: 'unapproved', superseded: false, expired: false, limit: shown } as const;

export function SetUpApproval({ setUp: { steps } }: { setUp: SetUpDocument }): ReactNode {
  const words = useWords();
  const language = useLanguage();
  const [approving, setApproving] = useState<string | undefined>();
  const updates = useAnswer<Page<Update>>('listUpdates', { query: { ...open, sort: 'needed', order: 'desc' } });
  const isDone = steps.some(({ step, state }) => step === 'approval' && state === 'done');
  return (
    <>
      {isDone && <p>{words.guide.firstApproved}</p>}
      <Asked kept={updates}>
        {({ items, total }) => (
          <>
            <DataTable
              rows={items}
              keyOf={({ updateId }) => updateId}
              empty={words.guide.noUpdates}
              columns={[
                {
                  label: words.updates.title,
                  cell: ({ updateId, title }) => (
                    <Link href={hrefOf(`updates/${updateId}`)}>
                      <bdi>{title}</bdi>
                    </Link>
                  ),
                },
                {
                  label: words.updates.counts.needed,
                  isNumber: true,
                  cell: ({ needed = 0 }) => numberIn(needed, language),
                },
                {
                  label: words.decide.action,
                  cell: ({ updateId, title }) => (
                    <button
                      type="button"
                      aria-label={words.guide.approveOne(title)}
                      onClick={() => setApproving(updateId)}
                    >
                      {words.decide.approve}
                    </button>
                  ),
                },
              ]}
            />
            {total > items.length && (
              <p>
                <Link href={hrefOf('updates', { approval: 'unapproved', superseded: 'false', expired: 'false' })}>
                  {words.guide.allUpdates(numberIn(total, language))}
                </Link>
              </p>
            )}
          </>
        )}
      </Asked>
      {approving !== undefined && (
        <ApproveDialog
          updateIds={[approving]}
          onDone={(all, text) => {
            setApproving(undefined);
            offerUndo(all, text, words);
          }}
          onClose={() => setApproving(undefined)}
        />
      )}
    </>
  );
}
