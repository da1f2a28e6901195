// The store as an account sees it that reaches some groups only. Methods without computers and groups are in it as they are.
// Some others are written here for the computers and groups of the account. All the rest are refused, so a forgotten one
// shows and changes nothing.
import type { Store } from '../contract/index.ts';
import type { Database } from '../database.ts';
import { ServerError } from '../errors.ts';
import { computersWithin } from './computers.ts';
import { decisionsWithin } from './decisions.ts';
import { listsWithin } from './lists.ts';
import { reachOf } from './reach.ts';

/** The catalog, the known issues and the server itself: the same for everybody. */
const same: ReadonlySet<PropertyKey> = new Set<keyof Store>([
  ...(['engine', 'now', 'loadSetting', 'loadRole', 'endSession', 'listHolds', 'loadStop'] as const),
  // Routes show an account its own.
  ...(['askForChange', 'listRequests', 'findRequests'] as const),
  ...(['findRevisions', 'findRevisionIds', 'loadSummaries', 'loadDocuments', 'loadFragments'] as const),
  ...(['listCategories', 'listSupersedersOf', 'findMissingFiles'] as const),
  ...(['listVendorPackages', 'findVendorPackage'] as const),
]);

/** `named`: the groups that an administrator gave the account. */
export async function storeWithin(database: Database, whole: Store, named: readonly string[]): Promise<Store> {
  const reach = reachOf(await whole.loadGroups(), named);
  const own: Partial<Store> = {
    ...computersWithin(database, whole, reach),
    ...decisionsWithin(database, whole, reach),
    ...listsWithin(whole, reach),
  };
  return new Proxy(whole, {
    get(target, name) {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name);
      const found: unknown = Reflect.get(target, name);
      return same.has(name) || typeof found !== 'function' ? found : refuse;
    },
  });
}

async function refuse(): Promise<never> {
  throw new ServerError(
    'SERVER_REFUSED',
    'This concerns the whole server, and your account reaches some groups only. Ask an administrator of the whole server.',
  );
}
