// Reads a PostgreSQL address as libpq does: several hosts, TLS, and which of the hosts are usable. No part of a
// password leaves here in an error: a part that cannot be read is not shown.
import { ServerError } from '../errors.ts';

type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** Which hosts will do: any that answers, one that takes writes, or one that is not a standby. */
type WantedSession = 'any' | 'read-write' | 'primary';

export interface PostgresHost {
  /** A name, an IP address, or the folder of a Unix socket. Undefined: as PGHOST says, else localhost. */
  host: string | undefined;
  port: number | undefined;
}

export interface PostgresAddress {
  /** In the order in which they are tried. At least one. */
  hosts: PostgresHost[];
  user: string | undefined;
  password: string | undefined;
  database: string | undefined;
  wanted: WantedSession;
  tls: { mode: TlsMode; rootCertificate?: string; certificate?: string; key?: string };
  connectSeconds?: number;
  applicationName: string;
  options?: string;
}

const parameters = [
  'host',
  'port',
  'user',
  'password',
  'dbname',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'target_session_attrs',
  'connect_timeout',
  'application_name',
  'options',
] as const;

/** Takes `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?PARAMETERS` apart. Throws SERVER_BAD_CONFIG. */
export function parsePostgresAddress(
  address: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): PostgresAddress {
  const [, authority = '', path = '', query = ''] =
    /^postgres(?:ql)?:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/is.exec(address) ?? [];
  // Up to the last @: a password may hold one.
  const at = authority.lastIndexOf('@');
  const [user, password] = at < 0 ? [] : splitOnce(authority.slice(0, at), ':');
  if (/[@/]/.test(path)) throw unreadable('the name of the database');
  const given = readParameters(query);
  const tls = given.get('sslmode') ?? (environment.PGSSLMODE || 'prefer');
  const connect = given.get('connect_timeout');
  const options = given.get('options');
  return {
    hosts: readHosts(at < 0 ? authority : authority.slice(at + 1), given.get('host'), given.get('port')),
    user: given.get('user') ?? decoded(user, 'the user'),
    password: given.get('password') ?? decoded(password, 'the password'),
    database: given.get('dbname') ?? decoded(path, 'the name of the database'),
    wanted: wantedOf(given.get('target_session_attrs') ?? environment.PGTARGETSESSIONATTRS),
    tls: {
      mode: tlsModeOf(tls),
      ...named('rootCertificate', given.get('sslrootcert') ?? environment.PGSSLROOTCERT),
      ...named('certificate', given.get('sslcert') ?? environment.PGSSLCERT),
      ...named('key', given.get('sslkey') ?? environment.PGSSLKEY),
    },
    ...(connect !== undefined && { connectSeconds: secondsOf(connect) }),
    applicationName: given.get('application_name') ?? (environment.PGAPPNAME || 'moult'),
    ...(options !== undefined && { options }),
  };
}

/** An address to show: user, hosts and database. A password, in whatever place, is left out. */
export function shownPostgresAddress(address: string): string {
  try {
    const { user, password, hosts, database } = parsePostgresAddress(address, {});
    const who = user === undefined ? '' : `${encodeURIComponent(user)}${password === undefined ? '' : ':***'}@`;
    const where = hosts.map(shownHost).join(',');
    return `postgres://${who}${where}/${database === undefined ? '' : encodeURIComponent(database)}`;
  } catch {
    // A part that cannot be told apart may be the password.
    return 'postgres://…';
  }
}

export function shownHost({ host, port }: PostgresHost): string {
  if (host === undefined && port === undefined) return '';
  const name = host?.includes(':') ? `[${host}]` : (host ?? '');
  return port === undefined ? name : `${name}:${port}`;
}

function readHosts(text: string, names: string | undefined, ports: string | undefined): PostgresHost[] {
  const hosts =
    names === undefined
      ? text.split(',').map(hostOf)
      : names.split(',').map((host): PostgresHost => ({ host: host || undefined, port: undefined }));
  if (ports === undefined) return hosts;
  const numbers = ports.split(',').map(portOf);
  // As libpq has it: one for all, or one for each.
  if (numbers.length !== 1 && numbers.length !== hosts.length) throw unreadable('the number of ports');
  return hosts.map(({ host }, index) => ({ host, port: numbers.length === 1 ? numbers[0] : numbers[index] }));
}

function hostOf(text: string): PostgresHost {
  const [, bracketed, bare, port = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/s.exec(text) ?? [];
  if (bracketed === undefined && bare === undefined) throw unreadable('a host');
  return { host: decoded(bracketed ?? bare, 'a host'), port: portOf(port) };
}

function portOf(text: string): number | undefined {
  if (text === '') return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw unreadable('a port');
  return port;
}

function readParameters(query: string): Map<(typeof parameters)[number], string> {
  const found = new Map<(typeof parameters)[number], string>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const [name, value = ''] = splitOnce(pair, '=');
    const known = parameters.find((parameter) => parameter === name);
    if (!known) {
      // A password with a raw ? reaches to here, and an @ follows it: only what looks like a parameter is shown.
      const shown = !query.includes('@') && pair.includes('=') && /^[a-z_]{1,40}$/.test(name ?? '') ? ` ${name}` : '';
      throw badAddress(`has a parameter${shown} that Moult does not know. Known are: ${parameters.join(', ')}`);
    }
    found.set(known, decoded(value, `the parameter ${known}`) ?? '');
  }
  return found;
}

function tlsModeOf(mode: string): TlsMode {
  const known: Readonly<Record<string, TlsMode>> = {
    disable: 'disable',
    allow: 'prefer',
    prefer: 'prefer',
    require: 'require',
    'no-verify': 'require',
    'verify-ca': 'verify-ca',
    'verify-full': 'verify-full',
  };
  const found = Object.hasOwn(known, mode) ? known[mode] : undefined;
  if (!found) throw badAddress(`has an sslmode that is not one of ${Object.keys(known).join(', ')}`);
  return found;
}

function wantedOf(wanted: string | undefined): WantedSession {
  if (!wanted) return 'read-write';
  if (wanted === 'any' || wanted === 'read-write' || wanted === 'primary') return wanted;
  throw badAddress('has a target_session_attrs that is not one of any, read-write, primary. Moult must write');
}

function secondsOf(text: string): number {
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (seconds < 1) throw badAddress('has a connect_timeout that is not a whole number of seconds from 1 to 9999');
  return seconds;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Undefined for nothing. */
function decoded(text: string | undefined, what: string): string | undefined {
  if (!text) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw unreadable(what);
  }
}

function named<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value ? ({ [name]: value } as Record<Name, string>) : {};
}

function unreadable(what: string): ServerError {
  return badAddress(
    `cannot be read: ${what} is not valid. In a password write these signs percent-encoded: / as %2F, ? as %3F, % as %25`,
  );
}

/** Never with a part of the address, and without a cause: Node's own error carries the whole of it. */
function badAddress(why: string): ServerError {
  return new ServerError(
    'SERVER_BAD_CONFIG',
    `The address in --database ${why}. It is postgres://USER:PASSWORD@HOST:PORT/DATABASE.`,
  );
}
