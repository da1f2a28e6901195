// Which runs there are: every boundary where the list is finite, and as many random ones as are asked for. The plan is
// made from the recorded calls of the programs under test, so that it grows with them.
import { badReleases } from './bad-releases.ts';
import { networkFaults } from './hostile-network.ts';
import type { FileSystemName } from './image.ts';
import { clockFaults } from './inflict.ts';
import type { Laboratory } from './laboratory.ts';
import { type JourneyName, journeys, type Kind, randomOf } from './run.ts';
import type { Point } from './tracer.ts';

export const errors = ['EIO', 'ENOSPC', 'EROFS', 'EACCES', 'EDQUOT', 'EINTR'] as const;
/** A disk that is full, read-only or dying stays so until somebody comes. */
const lastingErrors = ['EIO', 'ENOSPC', 'EROFS'] as const;
/** Other calls are made on pipes and events too, which no disk makes fail. */
const canLast = /^(openat|rename|mkdir|unlink|link|fsync)/;
const randomCuts = 300;
const requestsOfAnUpdate = 30;
const diskTries = 60;
const clockKills = 24;
const triesOfARelease = 8;

/** The seeds of all runs of these kinds. Any beginning of the list is a fair sample of the whole. */
export async function planRuns(
  lab: Laboratory,
  { kinds, fileSystems }: { kinds: readonly Kind[]; fileSystems: readonly FileSystemName[] },
  order: string,
): Promise<string[]> {
  const planned: string[][] = [];
  const needsPoints = kinds.some((kind) => /power|kill|service|error/.test(kind));
  const recorded = await Promise.all(journeys.map((journey) => (needsPoints ? lab.points(journey) : [])));
  for (const [index, journey] of journeys.entries()) {
    const points = recorded[index] ?? [];
    for (const kind of kinds) planned.push(makers[kind](journey, points, fileSystems));
  }
  return spread(planned, order);
}

type Maker = (journey: JourneyName, points: readonly Point[], fileSystems: readonly FileSystemName[]) => string[];

const makers: Record<Kind, Maker> = {
  power: (journey, points, fileSystems) =>
    fileSystems.flatMap((name) => [
      ...points.filter(({ writes }) => writes).map((point) => `power/${journey}/${name}/at/${placeOf(point)}`),
      ...upTo(randomCuts).map((number) => `power/${journey}/${name}/random/${number}`),
    ]),
  kill: (journey, points) =>
    // A call that only reads leaves the disk as it is: of the two journeys of an agent one is enough.
    points.filter(({ writes }) => writes || journey !== 'first').map((point) => `kill/${journey}/${placeOf(point)}`),
  service: (journey, points) =>
    points
      .filter(({ role, writes }) => writes && role !== 'host')
      .map((point) => `service/${journey}/${placeOf(point)}`),
  disk: (journey, _points, fileSystems) =>
    fileSystems
      .filter((name) => name !== 'ext4-strict')
      .flatMap((name) =>
        ['full', 'readonly', 'dead'].flatMap((what) =>
          upTo(diskTries).map((number) => `disk/${journey}/${name}/${what}/${number}`),
        ),
      ),
  error: (journey, points) =>
    points.flatMap((point, index) => {
      if (!point.writes) return journey !== 'first' ? [errorAt(journey, point, '', nth(errors, index))] : [];
      const lasting = !canLast.test(point.call)
        ? []
        : journey !== 'first'
          ? lastingErrors
          : [nth(lastingErrors, index)];
      return [
        ...errors.map((error) => errorAt(journey, point, '', error)),
        ...lasting.map((error) => errorAt(journey, point, '+', error)),
      ];
    }),
  clock: (journey) =>
    clockFaults.flatMap((fault) => [0, ...upTo(clockKills)].map((number) => `clock/${journey}/${fault}/${number}`)),
  network: (journey) => networkSeeds('network', journey),
  proxy: (journey) => networkSeeds('proxy', journey),
  release: (journey) =>
    badReleases
      .filter(({ isHost = false }) => isHost === (journey === 'host'))
      .flatMap(({ name }) => upTo(triesOfARelease).map((number) => `release/${journey}/${name}/${number}`)),
};

function networkSeeds(way: 'network' | 'proxy', journey: JourneyName): string[] {
  return networkFaults.flatMap((fault) =>
    upTo(requestsOfAnUpdate).flatMap((number) =>
      // Journeys by turns: each request of each fault once alone and once with all that follow.
      journey === 'host' || (number % 2 === 0) === (journey === 'first')
        ? [`${way}/${journey}/${fault}/${number}`, `${way}/${journey}/${fault}/${number}+`]
        : [],
    ),
  );
}

function placeOf({ role, call, number }: Point): string {
  return `${role}/${call}/${number}`;
}

function errorAt(journey: JourneyName, point: Point, lasting: '' | '+', error: string): string {
  return `error/${journey}/${placeOf(point)}${lasting}/${error}`;
}

function upTo(most: number): number[] {
  return Array.from({ length: most }, (_, index) => index + 1);
}

function nth<T>(all: readonly T[], index: number): T {
  return all[index % all.length] as T;
}

/** Each list shuffled, then all of them in step: any beginning of the plan holds each in its proportion. */
function spread(lists: readonly string[][], order: string): string[] {
  const placed = lists.flatMap((list) => {
    const random = randomOf(`${order} ${list[0]}`);
    const shuffled = [...list];
    for (let at = shuffled.length - 1; at > 0; at--) {
      const other = random.below(at + 1);
      [shuffled[at], shuffled[other]] = [shuffled[other] as string, shuffled[at] as string];
    }
    return shuffled.map((seed, index) => ({ seed, at: (index + 0.5) / shuffled.length }));
  });
  return placed.sort((a, b) => a.at - b.at).map(({ seed }) => seed);
}
