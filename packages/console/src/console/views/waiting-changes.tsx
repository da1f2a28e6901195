// Changes that wait for a second person. Without any, nothing is shown.
import type { ReactNode } from 'react';
import { useAnswer } from '../api/cached.ts';
import { change } from '../api/changes.ts';
import { say } from '../kit/announce.tsx';
import { useDoing } from '../kit/doing.ts';
import { useMay, useSession } from '../kit/session.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { Age, Moment } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';

interface Request {
  requestId: string;
  operation: string;
  input: unknown;
  askedBy: string;
  askedAt: string;
  expiresAt: string;
}

export function WaitingChanges(): ReactNode {
  const words = useWords();
  const { document } = useAnswer<{ items: Request[] }>('listRequests', {}, { everyMs: 30_000 });
  if (!document || document.items.length === 0) return null;
  return (
    <section className="card" aria-labelledby="waiting-changes">
      <h2 id="waiting-changes">{words.requests.title}</h2>
      <ul className="tasks">
        {document.items.map((request) => (
          <WaitingChange key={request.requestId} request={request} />
        ))}
      </ul>
    </section>
  );
}

function WaitingChange({ request }: { request: Request }): ReactNode {
  const { requestId, operation, input, askedBy, askedAt, expiresAt } = request;
  const words = useWords();
  const doing = useDoing();
  const mayDecide = useMay('decide');
  const { account } = useSession();
  const isOwn = askedBy === account || askedBy.startsWith(`${account} (`);
  const path = { request: requestId };
  return (
    <li className="task">
      <span className="task-text">
        <strong>{words.jobs.names[operation] ?? operation}</strong>
        <bdi className="wrap">{askedBy}</bdi>
        <code className="wrap">{JSON.stringify(input)}</code>
        <span className="dim">
          <Age at={askedAt} /> – {words.requests.until} <Moment at={expiresAt} />
        </span>
      </span>
      {mayDecide && (
        <span className="cell-buttons">
          {!isOwn && (
            <SureButton
              label={words.requests.confirm}
              title={words.requests.confirmTitle}
              text={words.requests.confirmText}
              onSure={async () => {
                await change('confirmRequest', { path });
                say(words.requests.confirmed);
              }}
            />
          )}
          <button type="button" onClick={() => doing(() => change('refuseRequest', { path }), words.requests.refused)}>
            {words.requests.refuse}
          </button>
        </span>
      )}
    </li>
  );
}
