// The emergency stop: nothing at all is installed or removed, from the next check-in of each computer until it ends or is
// lifted.
import type { EmergencyStop } from '@moult/catalog/holds';
import type { ChangeRequest, Store } from '@moult/store';
import type { Principal } from '../accounts/principals.ts';
import { holdBounds, requestBounds } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import {
  askForChange,
  confirmRequest,
  isSamePerson,
  needsTwoPersons,
  requireAsker,
  requireSecondPerson,
} from '../requests/index.ts';

export interface StopState {
  isStopped: boolean;
  stop: EmergencyStop | undefined;
}

/** The emergency stop that is in force now. */
export async function showStop({ store }: Administration): Promise<StopState> {
  const now = store.now();
  return withFirst(store, stateOf(await store.loadStop(), now), now);
}

/**
 * Stops everything until `until`. One that is in force goes on until then, and still needs two persons if it did. Throws
 * AdministrationError SERVER_REFUSED for an end that is over or more than 35 days away. Throws it also for an earlier end of a
 * stop that two persons lift.
 */
export async function stopAll(
  { store, server, author }: Administration,
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
    const isOfTwo = current?.needsTwo === true || needsTwoPersons(server, ['lift-stop']);
    if (current && isOfTwo && until < current.until)
      throw new AdministrationError('SERVER_REFUSED', 'Two persons lift this stop, so it does not end earlier either.');
    const after: EmergencyStop = {
      ...{ says, until, by: author.name, since: current?.since ?? author.at },
      needsTwo: needsTwo || current?.needsTwo === true,
    };
    return { after, action: 'stop everything' };
  });
  return stateOf(stop, author.at);
}

/**
 * Lifts the stop. If two persons must lift it, the first one asks for it. The stop is in force until a second one lifts it.
 * `principal`: undefined for a person at the server. Throws AdministrationError SERVER_REFUSED when nothing is stopped, and for
 * the person who lifted it already. Throws ADMINISTRATION_SECOND_PERSON as requireSecondPerson does.
 */
export async function liftStop(administration: Administration, principal?: Principal): Promise<StopState> {
  const { store, server, author } = administration;
  const { stop } = stateOf(await store.loadStop(), author.at);
  if (!stop || !(stop.needsTwo || needsTwoPersons(server, ['lift-stop']))) return liftNow(administration, stop);
  const asked = await waitingLifts(store, stop, author.at);
  const isOther = ({ askedBy }: ChangeRequest) => !isSamePerson(askedBy, author.name);
  const other = asked.find(isOther);
  if (other) return confirmLift(administration, other, principal);
  if (asked.length > 0)
    throw new AdministrationError(
      'SERVER_REFUSED',
      `Two persons lift this stop, and ${author.name} did it already. Somebody else must lift it now.`,
    );
  const accountId = principal?.account.accountId ?? atTheServer;
  await askForChange(administration, { operation: liftOperation, input: {}, target: nameOf(stop), accountId });
  // Somebody else asked at the same moment: they are two.
  const meanwhile = (await waitingLifts(store, stop, author.at)).find(isOther);
  if (meanwhile) await confirmLift(administration, meanwhile, principal).catch(ignoreRefusal);
  return showStop(administration);
}

/** As the API calls it. */
export const liftOperation = 'liftStop';

/** In the place of an account. */
const atTheServer = '';

/**
 * Lifts the stop as the second person. Throws AdministrationError ADMINISTRATION_SECOND_PERSON as requireSecondPerson does, and
 * for a request of another stop than the one in force.
 */
export async function confirmLift(
  administration: Administration,
  request: ChangeRequest,
  principal: Principal | undefined,
): Promise<StopState> {
  const { store, author } = administration;
  if (principal) requireSecondPerson(request, principal, author.at);
  if (request.accountId !== atTheServer) await requireAsker(store, request, 'decide');
  const { stop } = stateOf(await store.loadStop(), author.at);
  if (!stop || request.target !== nameOf(stop))
    throw new AdministrationError('ADMINISTRATION_SECOND_PERSON', 'The stop of this request is not in force any more.');
  await confirmRequest(administration, request.requestId);
  const lifted = await liftNow(administration, stop);
  await store.endRequest(request.requestId, { state: 'done' }, author);
  // That settles the requests of others for it too.
  for (const { requestId } of await waitingLifts(store, stop, author.at))
    if (await store.decideRequest(requestId, 'confirmed', author))
      await store.endRequest(requestId, { state: 'done' }, author);
  return lifted;
}

/** The other person was faster. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof AdministrationError)) throw error;
}

/** A stop that was renewed is another one: the first person may want that. */
function nameOf({ since, until }: EmergencyStop): string {
  return `${since.toISOString()} ${until.toISOString()}`;
}

/** Those of another stop do not count: it was another decision. */
async function waitingLifts(store: Store, stop: EmergencyStop, now: Date): Promise<ChangeRequest[]> {
  const waiting = await store.listRequests({ waitingAt: now, operation: liftOperation, limit: requestBounds.listed });
  return waiting.filter(({ target }) => target === nameOf(stop));
}

/** With the first of two persons. */
async function withFirst(store: Store, state: StopState, now: Date): Promise<StopState> {
  const { stop } = state;
  if (!stop) return state;
  const { liftedBy: _, ...rest } = stop;
  const first = (await waitingLifts(store, stop, now)).at(-1);
  return { ...state, stop: first ? { ...rest, liftedBy: first.askedBy } : rest };
}

/** Only the stop that was looked at: another one may need two persons. */
async function liftNow({ store, author }: Administration, seen: EmergencyStop | undefined): Promise<StopState> {
  const stop = await store.changeStop(author, (before) => {
    const current = stateOf(before, author.at).stop;
    if (!current || !seen) throw new AdministrationError('SERVER_REFUSED', 'Nothing is stopped.');
    if (nameOf(current) !== nameOf(seen) || current.needsTwo !== seen.needsTwo)
      throw new AdministrationError('SERVER_REFUSED', 'The stop changed meanwhile. Look at it again.');
    return { after: undefined, action: 'lift stop' };
  });
  return stateOf(stop, author.at);
}

function stateOf(stop: EmergencyStop | undefined, now: Date): StopState {
  return stop && stop.until > now ? { isStopped: true, stop } : { isStopped: false, stop: undefined };
}
