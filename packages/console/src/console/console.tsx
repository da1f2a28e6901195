// The root of the console: it loads the language and the session, then shows a view. Until then it shows the set-up
// page, the log-on or an error.
import { type ReactNode, useCallback, useEffect, useState } from 'react';
import { forgetAll } from './api/cached.ts';
import { call, onCallEnd, Refusal } from './api/call.ts';
import { noteChange } from './api/changes.ts';
import type { WhoAmI } from './api/documents.ts';
import { followChanges } from './api/live.ts';
import { IssuerReturn } from './issuer.tsx';
import { useAddress } from './kit/address.ts';
import { Announcements, say } from './kit/announce.tsx';
import { Dialog } from './kit/dialog.tsx';
import { usePreferences } from './kit/preferences.ts';
import { SessionContext } from './kit/session.tsx';
import { Failed } from './kit/states.tsx';
import { english, languageOf, loadWords, type Spoken, useWords, WordsContext } from './kit/words.tsx';
import { LogOn, LogOnForm } from './log-on.tsx';
import { SetUp } from './set-up.tsx';
import { Shell } from './shell.tsx';

export function Console(): ReactNode {
  const preferences = usePreferences();
  const language = languageOf(preferences);
  const [spoken, setSpoken] = useState<Spoken>(english);
  useEffect(() => {
    let isOver = false;
    void loadWords(language).then((loaded) => {
      if (!isOver) setSpoken(loaded);
    });
    return () => {
      isOver = true;
    };
  }, [language]);
  useEffect(() => {
    document.documentElement.lang = spoken.language;
    document.documentElement.dataset.scheme = preferences.scheme;
  }, [spoken, preferences.scheme]);
  if (spoken.language !== language) return null;
  return (
    <WordsContext value={spoken}>
      <Door />
      <Announcements />
    </WordsContext>
  );
}

type Visit = { kind: 'asking' } | { kind: 'nobody' } | { kind: 'failed'; error: Error } | { kind: 'here'; who: WhoAmI };

function Door(): ReactNode {
  const words = useWords();
  const { view } = useAddress();
  const [visit, setVisit] = useState<Visit>({ kind: 'asking' });
  const [isOver, setIsOver] = useState(false);

  const ask = useCallback(
    async (isBackground = false) => {
      try {
        const { document: who } = await call<WhoAmI>('whoAmI', { isBackground });
        setVisit((before) => {
          if (before.kind === 'here' && before.who.account !== who.account) forgetAll();
          if (
            before.kind === 'here' &&
            before.who.account === who.account &&
            before.who.roles.join() !== who.roles.join()
          )
            say(words.session.roleChanged(who.roles.map((role) => words.roles[role]).join(', ')));
          return before.kind === 'here' && JSON.stringify(before.who) === JSON.stringify(who)
            ? before
            : { kind: 'here', who };
        });
        setIsOver(false);
      } catch (error) {
        const isNobody = error instanceof Refusal && error.status === 401;
        setVisit((before) => {
          if (before.kind === 'here') {
            if (isNobody) setIsOver(true);
            return before;
          }
          return isNobody ? { kind: 'nobody' } : { kind: 'failed', error: error as Error };
        });
      }
    },
    [words],
  );

  useEffect(() => void ask(), [ask]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) void ask(true);
    }, everyMs);
    const end = onCallEnd((heard) => {
      if (heard === 'session-over') setIsOver(true);
      if (heard === 'forbidden') void ask();
    });
    return () => {
      clearInterval(timer);
      end();
    };
  }, [ask]);

  const enter = useCallback(async () => {
    await ask();
    noteChange();
  }, [ask]);
  const leave = useCallback(() => {
    forgetAll();
    setVisit({ kind: 'nobody' });
  }, []);

  const isHere = visit.kind === 'here';
  useEffect(() => (isHere && !isOver ? followChanges(() => void ask(true)) : undefined), [isHere, isOver, ask]);

  if (view === 'issuer' && visit.kind !== 'here') return <IssuerReturn />;
  if (view === 'set-up' && (hasSecret() || visit.kind === 'nobody')) return <SetUp />;
  if (visit.kind === 'asking') return null;
  if (visit.kind === 'failed')
    return (
      <main className="door">
        <h1>Moult</h1>
        <Failed error={visit.error} again={() => void ask()} />
        {visit.error instanceof Refusal && visit.error.code === 'API_INSECURE' && <p>{words.session.insecure}</p>}
      </main>
    );
  if (visit.kind === 'nobody') return <LogOn onDone={enter} />;
  return (
    <SessionContext value={visit.who}>
      <Shell onLeave={leave} />
      {isOver && (
        <Dialog title={words.session.over} onClose={undefined}>
          <p>{words.session.overText}</p>
          <LogOnForm name={visit.who.account} onDone={enter} />
        </Dialog>
      )}
    </SessionContext>
  );
}

/** The set-up link, and not the address of a view or of a part of it. */
function hasSecret(): boolean {
  return location.hash.length > 1 && location.hash !== '#main';
}

/** A role that was taken away is noticed so soon, also by who only looks. */
const everyMs = 60_000;
