// The daily care of the repository: made at the first start, snapshot and timestamp renewed, ends of validity reported.
import { join } from 'node:path';
import { type ExpiryState, ensureRepository, expiryStates, Repository } from '@moult/releases/repository';
import type { Notice } from '@moult/store';
import type { Logger } from '../../log/log.ts';
import { stampOf } from './publication.ts';

export interface KeeperParts {
  directory: string;
  now(): Date;
  /** While the clock is not believed, nothing is signed, and nothing counts as expired. */
  isClockBelieved(): boolean;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Called when the notices may have changed. */
  changed(): void;
  /** Milliseconds between two looks. 0 for none but the first. */
  everyMs?: number;
}

interface RepositoryKeeper {
  readonly isNew: boolean;
  notices(): Notice[];
  /** How long each published role still lasts. None without a repository. */
  expiries(): readonly ExpiryState[];
  close(): void;
}

/** Looks after the repository until it is closed. Never throws: what fails is a notice. */
export function keepRepository({
  directory,
  now,
  isClockBelieved,
  log,
  changed,
  everyMs = 3_600_000,
}: KeeperParts): RepositoryKeeper {
  let isNew = false;
  let failure: unknown;
  const expiry = createExpiries(directory);
  const alarm = createExpiryLog(log);

  const look = () => {
    try {
      if (isClockBelieved()) {
        if (ensureRepository(directory, now())) isNew = true;
        if (isPublished(directory) && new Repository(directory).renewOnline(now()))
          log.info('snapshot and timestamp were signed again');
        if (isPublished(directory)) alarm(expiryStates(new Repository(directory).state().published, now()));
      }
      failure = undefined;
    } catch (error) {
      log.error({ err: error }, 'the repository of signed releases cannot be looked after');
      failure = error;
    }
    changed();
  };
  look();
  const timer = everyMs > 0 ? setInterval(look, everyMs).unref() : undefined;

  return {
    isNew,
    notices: () => [
      ...(failure === undefined ? [] : [failureNotice(directory, failure)]),
      ...(isClockBelieved() ? expiryNotices(directory, expiry.states(now())) : []),
    ],
    expiries: () => expiry.states(now()),
    close: () => clearInterval(timer),
  };
}

/** One line for each step of each role: 90, 30 and 7 days before its end, and at its end. */
function createExpiryLog(log: Pick<Logger, 'warn'>): (states: readonly ExpiryState[]) => void {
  const told = new Map<string, string>();
  return (states) => {
    for (const { role, version, level, daysLeft, expires } of states) {
      const step = `${version} ${level}`;
      if (told.get(role) === step) continue;
      told.set(role, step);
      if (level === 'fine') continue;
      const end = daysLeft < 0 ? 'expired' : `ends in ${daysLeft} days`;
      log.warn({ role, version, expires }, `signed metadata: ${role} ${end}`);
    }
  };
}

/** The ends of validity, read again when something was published and once an hour: the home page asks often. */
function createExpiries(directory: string) {
  let stamp = '';
  let lookedAt = 0;
  let last: readonly ExpiryState[] = [];
  return {
    states(now: Date): readonly ExpiryState[] {
      const current = stampOf(join(directory, 'public', 'metadata'));
      const age = now.getTime() - lookedAt;
      if (current === '' || (current === stamp && age >= 0 && age < 3_600_000)) return current === '' ? [] : last;
      [stamp, lookedAt, last] = [current, now.getTime(), readExpiries(directory, now)];
      return last;
    },
  };
}

function isPublished(directory: string): boolean {
  return new Repository(directory).state().published.root !== undefined;
}

function failureNotice(directory: string, failure: unknown): Notice {
  return {
    headline: 'The list of signed releases cannot be renewed.',
    cause: failure instanceof Error ? failure.message : String(failure),
    remedy: `Run moult release status --dir ${directory}.`,
  };
}

function readExpiries(directory: string, now: Date): readonly ExpiryState[] {
  try {
    return expiryStates(new Repository(directory).state().published, now);
  } catch {
    return []; // told as a failure by the next look
  }
}

function expiryNotices(directory: string, states: readonly ExpiryState[]): Notice[] {
  const urgent = states.filter(({ level }) => level !== 'fine');
  return urgent.length === 0 ? [] : [expiryNotice(directory, urgent)];
}

function expiryNotice(directory: string, states: readonly ExpiryState[]): Notice {
  const ends = states.map(({ role, daysLeft, expires }) =>
    daysLeft < 0 ? `${role} expired at ${expires}` : `${role} ends in ${daysLeft === 1 ? '1 day' : `${daysLeft} days`}`,
  );
  return {
    headline: states.some(({ level }) => level === 'expired')
      ? 'Signed release metadata expired.'
      : 'Signed release metadata ends soon.',
    cause: `${ends.join(', ')}.`,
    remedy: `Run moult release publish --renew --dir ${directory}, with the keys that moult release status names.`,
  };
}
