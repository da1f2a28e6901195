// Events of installations, as fast as the server takes them in.
import { atOnce, createLoad, forget } from './load.ts';
import { computerId } from './machines.ts';
import { installEvents, requests } from './requests.ts';
import type { RunningServer } from './server.ts';

export const sendersAtOnce = 16;
export const eventsPerBatch = 20;

export interface Ingest {
  perSecond: number;
  perCoreSecond: number;
}

/** The figures of two servers, one right after the other. */
export interface Round {
  full: Ingest;
  empty: Ingest;
}

interface Wishes {
  /** The computer that reports next. */
  nextComputer: () => string;
  seconds: number;
  warmUpSeconds: number;
}

/** All over the computers, as if in no order. */
export function mixedComputers(computers: number): () => string {
  let next = 0;
  return () => computerId((next++ * 7919) % computers);
}

export async function ingest(server: RunningServer, { nextComputer, seconds, warmUpSeconds }: Wishes): Promise<Ingest> {
  const load = createLoad(server.url);
  let until = performance.now() + warmUpSeconds * 1000;
  const sender = async () => {
    while (performance.now() < until) {
      const id = nextComputer();
      await load.send(requests.report(server.cookieOf(id, new Date()), id, installEvents(eventsPerBatch)));
    }
  };
  await atOnce(sendersAtOnce, sender);
  forget(load.measured);
  const begun = performance.now();
  const cpuBefore = server.cpuSeconds();
  until = begun + seconds * 1000;
  await atOnce(sendersAtOnce, sender);
  load.close();
  const events = load.measured.times.length * eventsPerBatch;
  return {
    perSecond: events / ((performance.now() - begun) / 1000),
    perCoreSecond: events / (server.cpuSeconds() - cpuBefore),
  };
}

/** Both servers in turns, each first as often as the other. The first round warms up and does not count. */
export async function inTurns(
  { full, empty }: { full: RunningServer; empty: RunningServer },
  { computers, rounds, seconds }: { computers: number; rounds: number; seconds: number },
): Promise<Round[]> {
  const done: Round[] = [];
  const computersOf = new Map([full, empty].map((server) => [server, mixedComputers(computers)]));
  const measure = (server: RunningServer) =>
    ingest(server, { nextComputer: computersOf.get(server) ?? mixedComputers(computers), seconds, warmUpSeconds: 0.3 });
  for (let round = 0; round <= rounds; round++) {
    const emptyFirst = round % 2 === 1 ? await measure(empty) : undefined;
    const ofFull = await measure(full);
    done.push({ full: ofFull, empty: emptyFirst ?? (await measure(empty)) });
  }
  return done.slice(1);
}
