// The last events, newest first, and a way to see only one kind of them.
import type { HomeEvent, HomeEventKind } from '@moult/server/home-document';
import { type ReactNode, useState } from 'react';
import { Mark, type Tone } from './mark.tsx';
import { Time } from './time.tsx';

/** Of all kinds together; a choice of one kind reaches further back. */
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

export function Events({ events }: { events: HomeEvent[] }): ReactNode {
  const [choice, setChoice] = useState<Choice>('all');
  const shown = choice === 'all' ? events.slice(0, shownTogether) : events.filter((event) => matches(event, choice));
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
        <p className="dim">{events.length === 0 ? 'Nothing has happened yet.' : 'None of this kind among the last.'}</p>
      ) : (
        <EventTable events={shown} />
      )}
    </section>
  );
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
