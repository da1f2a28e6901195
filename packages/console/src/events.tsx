// The last events, newest first, and a way to see only one kind of them.
import type { HomeDocument, HomeEvent, HomeEventKind } from '@moult/server/home-document';
import { type ReactNode, useState } from 'react';
import { Faults } from './event-counts.tsx';
import { Mark, type Tone } from './mark.tsx';
import { Time } from './time.tsx';

/** Of all kinds together, and of each kind. */
const shownTogether = 40;

type Choice = 'all' | 'failed' | HomeEventKind;

const choices: [Choice, string][] = [
  ['all', 'All'],
  ['self-update', 'Self-update'],
  ['registration', 'Registration'],
  ['scan', 'Scan'],
  ['download', 'Download'],
  ['install', 'Installation'],
  ['failed', 'Faults only'],
];

const tones: Record<HomeEvent['outcome'], Tone> = {
  succeeded: 'good',
  failed: 'bad',
  pending: 'pending',
  information: 'quiet',
};

const outcomeWords: Record<HomeEvent['outcome'], string> = {
  succeeded: 'Succeeded',
  failed: 'Failed',
  pending: 'Pending',
  information: 'Information',
};

export function Events({ events, faults }: Pick<HomeDocument, 'events' | 'faults'>): ReactNode {
  const [choice, setChoice] = useState<Choice>('all');
  const wanted = choice === 'all' ? events : events.filter((event) => matches(event, choice));
  const shown = wanted.slice(0, shownTogether);
  return (
    <section aria-labelledby="events-heading" className="card">
      <h2 id="events-heading">Last events</h2>
      <fieldset className="choices">
        <legend className="visually-hidden">Kind of event</legend>
        {choices.map(([value, label]) => (
          <label key={value}>
            <input type="radio" name="kind" checked={choice === value} onChange={() => setChoice(value)} />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      {shown.length === 0 ? (
        <p className="dim">{events.length === 0 ? 'Nothing has happened yet.' : nothingOf(choice)}</p>
      ) : (
        <EventTable events={shown} />
      )}
      {choice === 'failed' && <Faults faults={faults} />}
      <p className="dim">
        This page shows the last {shownTogether} of each kind. All: <code>{commandFor(choice)}</code>
      </p>
    </section>
  );
}

function nothingOf(choice: Choice): string {
  return choice === 'failed' ? 'No fault.' : 'No event of this kind.';
}

function commandFor(choice: Choice): string {
  if (choice === 'self-update') return 'moult events --kind self-update';
  if (choice === 'registration') return 'moult computers list';
  return choice === 'failed' ? 'moult events --failed' : 'moult events';
}

function matches(event: HomeEvent, choice: Choice): boolean {
  return choice === 'failed' ? event.outcome === 'failed' : event.kind === choice;
}

function EventTable({ events }: { events: HomeEvent[] }): ReactNode {
  return (
    <table className="events stacked">
      <caption className="visually-hidden">Last events, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Computer</th>
          <th scope="col">Event</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.id} className={`outcome-${event.outcome}`}>
            <td className="number">
              <Time at={event.at} />
            </td>
            <th scope="row" className="wrap">
              <bdi>{event.computer}</bdi>
            </th>
            <td className="wrap">
              <Mark tone={tones[event.outcome]} word={outcomeWords[event.outcome]} />
              <bdi>{event.headline}</bdi>
              {event.happenedAt && (
                <span className="dim note">
                  happened <Time at={event.happenedAt} /> by its own clock
                </span>
              )}
              {event.detail && (
                <span className="dim note">
                  <bdi>{event.detail}</bdi>
                </span>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
