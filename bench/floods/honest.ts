// Honest clients: known computers that check in at times that were fixed before. The wait of a check-in counts from its
// fixed time, so that the figures show a server that stands still.
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { computerId, reportedUpdates } from '../service/machines.ts';
import { requests, scanEvents } from '../service/requests.ts';
import { type Answer, send, textOf } from './client.ts';

export interface HonestLoad {
  seconds: number;
  checkInsPerSecond: number;
  computers: number;
}

export interface HonestResult {
  /** Milliseconds of each request. */
  times: number[];
  statuses: Map<number, number>;
  checkIns: number;
  /** Check-ins that did not come to their end, with the reason. */
  broken: string[];
}

/** Makes each computer known, one after the other. */
export async function introduce(url: string, computers: number): Promise<void> {
  const result = emptyResult();
  for (let number = 0; number < computers; number++) await checkIn(url, number, performance.now(), result);
  if (result.broken[0]) throw new Error(result.broken[0]);
}

/** Lets them check in. Resolves when the last one is through. */
export async function checkInOnTime(url: string, load: HonestLoad): Promise<HonestResult> {
  const { seconds, checkInsPerSecond, computers } = load;
  const result = emptyResult();
  const begun = performance.now();
  const all = Array.from({ length: Math.round(seconds * checkInsPerSecond) }, async (_, number) => {
    const due = begun + (number * 1000) / checkInsPerSecond;
    await pause(Math.max(0, due - performance.now()));
    await checkIn(url, number % computers, due, result);
  });
  await Promise.all(all);
  return result;
}

function emptyResult(): HonestResult {
  return { times: [], statuses: new Map(), checkIns: 0, broken: [] };
}

async function checkIn(url: string, number: number, due: number, result: HonestResult): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress: '127.0.0.1' } as object);
  let from = due;
  const ask = async (asked: Parameters<typeof send>[2]): Promise<Answer> => {
    const answer = await send(url, agent, asked);
    result.times.push(performance.now() - from);
    from = performance.now();
    result.statuses.set(answer.status, (result.statuses.get(answer.status) ?? 0) + 1);
    return answer;
  };
  try {
    const [id, name] = [computerId(number), `client-${number}.example.test`];
    const lists = { installed: [], other: [] };
    await ask('/selfupdate/wuident.cab');
    const lastChange = textOf('LastChange', await ask(requests.config()));
    const authorization = textOf('CookieData', await ask(requests.authorization(id, name)));
    let cookie = textOf('EncryptedData', await ask(requests.cookie(authorization, lastChange, undefined)));
    await ask(requests.register(cookie, name));
    cookie = textOf('EncryptedData', await ask(requests.sync(cookie, lists)));
    cookie = textOf('EncryptedData', await ask(requests.drivers(cookie, lists)));
    await ask(requests.report(cookie, id, scanEvents(updateIds)));
    result.checkIns++;
  } catch (error) {
    result.broken.push(String(error));
  } finally {
    agent.destroy();
  }
}

const updateIds = Array.from(
  { length: reportedUpdates },
  (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
);
