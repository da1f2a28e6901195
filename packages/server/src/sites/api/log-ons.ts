// Log-ons by password. Their bounds stop fast guessing, and stop one person from locking out another. Failures count
// for an address, and for an account as seen from one address. Moult never locks an account alone. Log-ons wait in a
// short line for their hash. Addresses with a successful log-on come first, then those that failed least.
import { accountByPassword, hashPassword, newSecret } from '@moult/administration/accounts';
import type { Account, Store } from '@moult/store';
import { logOnBounds } from '../../bounds.ts';
import { addressKey } from '../../http/limits/address-key.ts';
import { createTokenBuckets } from '../../http/limits/token-buckets.ts';
import { ApiError } from './errors.ts';

export interface LogOns {
  /** The account with this password. Throws ApiError API_TOO_MANY, API_BUSY, API_UNAUTHENTICATED. */
  check(given: { name: string; password: string; address: string }): Promise<Account>;
  /**
   * Runs other work that strangers can ask for, under the bound of an address. Failures of each `kind` count for themselves. Throws
   * API_TOO_MANY.
   */
  once<Result>(address: string, work: () => Promise<Result>, kind?: string): Promise<Result>;
}

interface LogOnParts {
  store: Store;
  cost: { memoryKib: number; passes: number };
  /** Milliseconds of a clock that never goes back. */
  now?(): number;
}

interface Waiting {
  fullness: number;
  begin(): void;
  giveUp(): void;
}

export function createLogOns({ store, cost, now = () => performance.now() }: LogOnParts): LogOns {
  const { failuresPerAddress, failuresPerAccount, failuresPerHour, mostKeys } = logOnBounds;
  const { mostKnown, hashesAtOnce, mostWaiting } = logOnBounds;
  const perSecond = failuresPerHour / 3600;
  const addresses = createTokenBuckets({ perSecond, burst: failuresPerAddress, mostKeys, now });
  const pairs = createTokenBuckets({ perSecond, burst: failuresPerAccount, mostKeys, now });
  /** The one that was used longest ago first. Their failures are counted beside those of strangers, who may fill the table. */
  const known = new Set<string>();
  const ofKnown = {
    addresses: createTokenBuckets({ perSecond, burst: failuresPerAddress, mostKeys: mostKnown, now }),
    pairs: createTokenBuckets({ perSecond, burst: failuresPerAccount, mostKeys, now }),
  };
  const line: Waiting[] = [];
  let atWork = 0;
  /** The hash of a password that no account has. It is made once, at the first log-on. */
  let decoy: Promise<string> | undefined;

  const enter = async (fullness: number): Promise<void> => {
    if (atWork < hashesAtOnce) {
      atWork++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => reject(busy());
      const at = line.findIndex((other) => other.fullness < fullness);
      line.splice(at < 0 ? line.length : at, 0, { fullness, begin: resolve, giveUp });
      // The address that failed most leaves the line.
      if (line.length > mostWaiting) line.pop()?.giveUp();
    });
  };
  const leave = (): void => {
    const next = line.shift();
    if (next) next.begin();
    else atWork--;
  };

  const remember = (place: string): void => {
    known.delete(place);
    known.add(place);
    const [oldest] = known;
    if (known.size > mostKnown && oldest !== undefined) known.delete(oldest);
  };

  return {
    async check({ name, password, address }) {
      const place = addressKey(address);
      const pair = `${name.trim().toLowerCase().slice(0, 64)} ${place}`;
      const isKnown = known.has(place);
      const counts = isKnown ? ofKnown : { addresses, pairs };
      const giveBack = () => {
        counts.addresses.giveBack(place, 1);
        counts.pairs.giveBack(pair, 1);
      };
      // Counted before the work: a hundred at the same moment are a hundred.
      if (!counts.addresses.take(place, 1)) throw tooMany();
      if (!counts.pairs.take(pair, 1)) {
        counts.addresses.giveBack(place, 1);
        throw tooMany();
      }
      try {
        await enter(counts.addresses.fullness(place) + (isKnown ? 1 : 0));
      } catch (error) {
        // The password was not checked.
        giveBack();
        throw error;
      }
      try {
        decoy ??= hashPassword(newSecret(), cost);
        const account = await accountByPassword(store, { name, password, decoy: await decoy });
        if (!account) throw failed();
        giveBack();
        remember(place);
        return account;
      } finally {
        leave();
      }
    },

    async once(address, work, kind = '') {
      const place = `${kind}${addressKey(address)}`;
      if (!addresses.take(place, 1)) throw tooMany();
      const result = await work();
      addresses.giveBack(place, 1);
      return result;
    },
  };
}

function failed(): ApiError {
  return new ApiError('API_UNAUTHENTICATED', 'The name or the password is wrong, or the account may not log on.');
}

function tooMany(): ApiError {
  const headers = { 'retry-after': '60' };
  return new ApiError('API_TOO_MANY', 'Too many log-ons failed from here. Try again in a few minutes.', { headers });
}

function busy(): ApiError {
  return new ApiError('API_BUSY', 'Too many log on at this moment. Try again.', { headers: { 'retry-after': '2' } });
}
