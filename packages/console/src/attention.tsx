// Computers that need somebody: who needs updates, where one failed, who is silent. Numbers are for all, names for some.
import type { HomeDocument, HomeNoticed, HomeNoticedComputer } from '@moult/server/home-document';
import type { ReactNode } from 'react';
import { Mark, type Tone } from './mark.tsx';
import { Time } from './time.tsx';

interface Kind {
  tone: Tone;
  word: string;
  noticed: HomeNoticed;
  sentence: string;
  /** The command that lists all of them. */
  command: string;
  detail(computer: HomeNoticedComputer): ReactNode;
}

export function Attention({ attention }: { attention: HomeDocument['computers']['attention'] }): ReactNode {
  const { needing, failing, silent, silentDays, neverReported } = attention;
  const kinds: Kind[] = [
    {
      ...{ tone: 'bad', word: 'Failed', noticed: failing, sentence: 'with an update that failed' },
      command: 'moult computers list --failed',
      detail: ({ updates }) => count(updates, 'update'),
    },
    {
      ...{ tone: 'pending', word: 'Needs updates', noticed: needing, sentence: 'to update or restart' },
      command: 'moult computers list --needed',
      detail: ({ updates }) => count(updates, 'update'),
    },
    {
      ...{
        tone: 'quiet',
        word: 'Silent',
        noticed: silent,
        sentence: `without a contact for ${count(silentDays, 'day')}`,
      },
      command: `moult computers list --silent ${silentDays}`,
      detail: ({ lastContactAt }) => (
        <>
          last contact <Time at={lastContactAt} />
        </>
      ),
    },
  ];
  return (
    <section aria-labelledby="attention-heading" className="card">
      <h2 id="attention-heading">What needs attention</h2>
      <div className="attention">
        {kinds.map((kind) => (
          <Noticed key={kind.word} {...kind} />
        ))}
      </div>
      {neverReported > 0 && (
        <p className="dim">
          {count(neverReported, 'computer')} {neverReported === 1 ? 'has' : 'have'} not reported yet. The state of{' '}
          {neverReported === 1 ? 'its' : 'their'} updates is unknown.
        </p>
      )}
    </section>
  );
}

function Noticed({ tone, word, noticed: { computers, first }, sentence, command, detail }: Kind): ReactNode {
  return (
    <div className="noticed">
      <h3>
        {computers > 0 && <Mark tone={tone} word={word} />}
        {count(computers, 'computer')} {sentence}
      </h3>
      {first.length > 0 && (
        <ul>
          {first.map((one) => (
            <li key={one.computerId} className="wrap">
              <bdi>{one.computer}</bdi> <span className="dim">{detail(one)}</span>
            </li>
          ))}
        </ul>
      )}
      {first.length > 0 && computers > first.length && (
        <p className="dim">
          and {(computers - first.length).toLocaleString('en')} more: <code>{command}</code>
        </p>
      )}
    </div>
  );
}

function count(amount: number, what: string): string {
  return `${amount.toLocaleString('en')} ${what}${amount === 1 ? '' : 's'}`;
}
