// The places of the server on its disks are for those who administer it.
import type { Administration } from '@moult/administration';
import { mayDo, type Principal } from '@moult/administration/accounts';
import { isPostgres, type Notice, sqliteFileOf } from '@moult/store';

type Server = Administration['server'];

export function isToldPlaces(principal: Principal | undefined): boolean {
  return principal !== undefined && mayDo(principal, 'administer');
}

/** Notices as `principal` may see them: without the places of the server, if it does not administer it. */
export function noticesFor(
  principal: Principal | undefined,
  notices: readonly Notice[],
  server: Server,
): Pick<Notice, 'headline' | 'cause' | 'remedy'>[] {
  const told = wordsFor(principal, server);
  return notices.map(({ headline, cause, remedy }) => ({
    headline,
    cause: told(cause),
    remedy: told(remedy),
  }));
}

/** Takes the places of the server out of a text, if it is not for those who administer it. */
export function wordsFor(principal: Principal | undefined, server: Server): (text: string) => string {
  if (isToldPlaces(principal)) return (text) => text;
  const places = placesOf(server);
  return (text) => places.reduce((shown, place) => shown.replaceAll(place, '…'), text);
}

/** Every setting that names a file or a folder. The longest comes first: others may be a part of it. */
function placesOf({ dataDir, database, contentDir, config }: Server): string[] {
  const file = isPostgres(database) ? undefined : sqliteFileOf(database);
  const named = [dataDir, file, contentDir, ...Object.values(config)];
  const isPlace = (value: unknown): value is string =>
    typeof value === 'string' && /[^/\\][/\\]|^[/\\]./.test(value) && !/^\w+:\/\//.test(value);
  return [...new Set(named.filter(isPlace))].sort((one, other) => other.length - one.length);
}
