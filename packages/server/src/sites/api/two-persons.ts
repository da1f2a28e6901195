// Changes that wait for a second person. The first call is kept as it was checked. The second person carries it out, in the reach
// of the first, and as somebody who may do it too.
import { AdministrationError } from '@moult/administration';
import { mayDo } from '@moult/administration/accounts';
import { confirmLift, liftOperation } from '@moult/administration/holds';
import {
  askForChange,
  confirmRequest,
  findRequest,
  needsTwoPersons,
  noCredentials,
  requireAsker,
  requireSecondPerson,
} from '@moult/administration/requests';
import type { ChangeRequest, Store } from '@moult/store';
import { etagOf } from './answer.ts';
import { ApiError } from './errors.ts';
import type { Course } from './jobs.ts';
import type { Call, Route } from './route.ts';

type AnyCall = Call<unknown, unknown, unknown>;

/**
 * Whether the call waits for a second person. Throws AdministrationError ADMINISTRATION_SECOND_PERSON for one that no second
 * person can make right.
 */
export async function isHeld({ twoPersons, isTrial, givesCredentials }: Route, call: AnyCall): Promise<boolean> {
  const { server } = call.administration;
  if (givesCredentials && needsTwoPersons(server, ['account']) && (await givesCredentials(call))) throw noCredentials();
  if (!call.principal || !twoPersons || isTrial?.(call)) return false;
  return needsTwoPersons(server, twoPersons);
}

/** The request that the call becomes, with the state of what it is about. */
export async function hold(route: Route, call: AnyCall): Promise<ChangeRequest> {
  const { administration, principal, path, query, body } = call;
  const accountId = principal?.account.accountId ?? '';
  const target = await targetOf(route, call);
  return askForChange(administration, { operation: route.id, input: { path, query, body }, target, accountId });
}

interface Parts {
  /** The whole one. */
  store: Store;
  routes: readonly Route[];
  course: Course;
  /** Runs it when no other change with an ETag is at work. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** Carries out the request for the caller. Throws AdministrationError, ApiError, and what the operation throws. */
export async function confirmFor(call: AnyCall, requestId: string, parts: Parts): Promise<unknown> {
  const { store, routes, course, inTurn } = parts;
  const { principal, administration } = call;
  const { author } = administration;
  if (!principal) throw new ApiError('API_FORBIDDEN', 'Your role does not permit this operation.');
  const whole = { ...administration, store };
  const request = await findRequest(store, requestId);
  const route = routes.find(({ id }) => id === request.operation);
  if (!route || route.permission === 'anyone')
    throw new AdministrationError(
      'ADMINISTRATION_SECOND_PERSON',
      'This version of the server has no such operation. Ask for the change again.',
    );
  if (!mayDo(principal, route.permission))
    throw new ApiError('API_FORBIDDEN', 'Your role does not permit what this request asks for.');
  requireSecondPerson(request, principal, author.at);
  if (request.operation === liftOperation) return confirmLift(whole, request, principal);
  const asker = await requireAsker(store, request, route.permission);
  // Only an account that reaches the whole server confirms.
  const isPartial = asker.groupIds.length > 0;
  const reached = isPartial ? await store.within(asker.groupIds) : store;
  await confirmRequest(whole, request.requestId);
  const both = { name: `${author.name}, asked by ${request.askedBy}`, at: author.at };
  const carriedOut: AnyCall = {
    ...{ ...call, ...(request.input as Pick<AnyCall, 'path' | 'query' | 'body'>), course },
    principal: isPartial ? { ...principal, account: asker } : principal,
    administration: { ...administration, store: reached, author: both },
  };
  const work = async () => {
    if ((await targetOf(route, carriedOut)) !== request.target)
      throw new ApiError('API_PRECONDITION_FAILED', 'It changed since it was asked for. Ask for the change again.');
    return route.handle(carriedOut);
  };
  try {
    const result = await (route.current ? inTurn(work) : work());
    await store.endRequest(request.requestId, { state: 'done' }, author);
    return result;
  } catch (error) {
    const isSaid = error instanceof AdministrationError || error instanceof ApiError;
    const outcome = isSaid ? error.message : 'The server failed at it.';
    await store.endRequest(request.requestId, { state: 'failed', outcome }, author);
    throw error;
  }
}

/** As an ETag. Undefined for a change of nothing that is there already. */
async function targetOf({ current, target = current }: Route, call: AnyCall): Promise<string | undefined> {
  return target && etagOf((await target(call)) ?? null);
}
