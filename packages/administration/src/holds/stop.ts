// The emergency stop: nothing at all is installed or removed, from the next check-in of each computer until it ends or is
// lifted.
import type { EmergencyStop } from '@moult/catalog/holds';
import { holdBounds } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';

export interface StopState {
  isStopped: boolean;
  stop: EmergencyStop | undefined;
}

/** The emergency stop that is in force now. */
export async function showStop({ store }: Administration): Promise<StopState> {
  return stateOf(await store.loadStop(), store.now());
}

/**
 * Stops everything until `until`. One that is in force goes on until then, and still needs two persons if it did. Throws
 * AdministrationError SERVER_REFUSED for an end that is over or more than 35 days away.
 */
export async function stopAll(
  { store, author }: Administration,
  { says, until, needsTwo = false }: { says: string; until: Date; needsTwo?: boolean | undefined },
): Promise<StopState> {
  const days = (until.getTime() - author.at.getTime()) / 86_400_000;
  if (!(days > 0 && days <= holdBounds.stopDays))
    throw new AdministrationError(
      'SERVER_REFUSED',
      `The stop ends at a time within the next ${holdBounds.stopDays} days. It can be renewed before.`,
    );
  if (says.trim() === '' || says.length > 1000)
    throw new AdministrationError('SERVER_REFUSED', 'The reason of the stop has 1 to 1000 characters.');
  const stop = await store.changeStop(author, (before) => {
    const current = stateOf(before, author.at).stop;
    const after: EmergencyStop = {
      ...{ says, until, by: author.name, since: current?.since ?? author.at },
      needsTwo: needsTwo || current?.needsTwo === true,
    };
    return { after, action: 'stop everything' };
  });
  return stateOf(stop, author.at);
}

/**
 * Lifts the stop. One that needs two persons is in force until a second one lifts it. Throws AdministrationError SERVER_REFUSED
 * when nothing is stopped, and for the person who lifted it already.
 */
export async function liftStop({ store, author }: Administration): Promise<StopState> {
  const stop = await store.changeStop(author, (before) => {
    const current = stateOf(before, author.at).stop;
    if (!current) throw new AdministrationError('SERVER_REFUSED', 'Nothing is stopped.');
    if (!current.needsTwo) return { after: undefined, action: 'lift stop' };
    if (current.liftedBy === undefined)
      return { after: { ...current, liftedBy: author.name }, action: 'lift stop as the first of two' };
    if (isSamePerson(current.liftedBy, author.name))
      throw new AdministrationError(
        'SERVER_REFUSED',
        `Two persons lift this stop, and ${author.name} did it already. Somebody else must lift it now.`,
      );
    return { after: undefined, action: 'lift stop' };
  });
  return stateOf(stop, author.at);
}

/**
 * Whether two authors are one person, from wherever they act: `anna (192.0.2.7)`, `anna (token nightly, 192.0.2.8)`, `anna`. No
 * name of an account has a blank in it.
 */
function isSamePerson(one: string, other: string): boolean {
  const name = (text: string) =>
    text
      .replace(/ \(.*$/s, '')
      .trim()
      .toLowerCase();
  return name(one) === name(other);
}

function stateOf(stop: EmergencyStop | undefined, now: Date): StopState {
  return stop && stop.until > now ? { isStopped: true, stop } : { isStopped: false, stop: undefined };
}
