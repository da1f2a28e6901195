// Makes one connection to PostgreSQL, to the first usable host: within its time, with TLS as asked for, and with limits
// that PostgreSQL keeps for us. A program between (pgbouncer) may not allow them.

import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { readOutside } from '@moult/disk';
import type pg from 'pg';
import { ServerError } from '../errors.ts';
import type { PostgresAddress, PostgresHost } from './address.ts';
import { type ConnectTrouble, codeOf, connectTrouble, joinReasons, missingPassword } from './trouble.ts';

export interface SessionLimits {
  /** For one host: address look-up, TCP, TLS and log-on together. */
  connectMs: number;
  /** For one statement. 0 for no limit. PostgreSQL stops a statement, and a transaction that is left alone, then. */
  statementMs: number;
}

export interface OpenedClient {
  client: pg.Client;
  /** The socket of the client: destroyed, it fails everything at once. */
  socket: Socket;
}

/** The findings about the hosts, so that the next connection need not make them again. */
export interface Findings {
  /** pgbouncer takes no parameters with the log-on. */
  takesNoParameters?: boolean;
  /** Hosts that have no TLS, with sslmode=prefer. */
  withoutTls: Set<PostgresHost>;
}

const never = new AbortController().signal;

export class ConnectError extends Error {
  readonly trouble: ConnectTrouble;

  constructor(trouble: ConnectTrouble, cause: unknown) {
    super(trouble.reason, { cause });
    this.name = 'ConnectError';
    this.trouble = trouble;
  }
}

/** Tries the hosts in their order, until `ending` is aborted. Throws ConnectError with the reasons of all of them. */
export async function connectPostgres(
  address: PostgresAddress,
  limits: SessionLimits,
  findings: Findings,
  ending: AbortSignal = never,
): Promise<OpenedClient> {
  const tried: { host: PostgresHost; trouble: ConnectTrouble; cause: unknown }[] = [];
  for (const host of address.hosts) {
    try {
      return await connectHost(host, address, limits, findings, ending);
    } catch (cause) {
      // An unreadable file has nothing to do with hosts.
      if (cause instanceof ServerError) throw cause;
      const trouble = cause instanceof ConnectError ? cause.trouble : connectTrouble(cause, address);
      tried.push({ host, trouble, cause });
    }
  }
  const reason = joinReasons(tried.map(({ host, trouble }) => ({ host, reason: trouble.reason })));
  // One that is only away may be the right one: then waiting helps.
  const worst = tried.find(({ trouble }) => trouble.kind !== 'setting') ?? tried[0];
  throw new ConnectError({ ...(worst?.trouble ?? { kind: 'away' }), reason }, worst?.cause);
}

async function connectHost(
  host: PostgresHost,
  address: PostgresAddress,
  limits: SessionLimits,
  findings: Findings,
  ending: AbortSignal,
): Promise<OpenedClient> {
  try {
    return await logOn(host, address, limits, findings, ending);
  } catch (error) {
    if (isUnsupportedParameter(error) && !findings.takesNoParameters) {
      findings.takesNoParameters = true;
    } else if (isWithoutTls(error) && address.tls.mode === 'prefer' && !findings.withoutTls.has(host)) {
      findings.withoutTls.add(host);
    } else throw error;
    return connectHost(host, address, limits, findings, ending);
  }
}

async function logOn(
  host: PostgresHost,
  address: PostgresAddress,
  { connectMs, statementMs }: SessionLimits,
  findings: Findings,
  ending: AbortSignal,
): Promise<OpenedClient> {
  // Only who connects to PostgreSQL loads it.
  const { default: library } = await import('pg');
  ending.throwIfAborted();
  const socket = new Socket();
  const timeMs = address.connectSeconds === undefined ? connectMs : address.connectSeconds * 1000;
  const client = new library.Client({
    ...onlyDefined({ ...host, user: address.user, password: address.password, database: address.database }),
    application_name: address.applicationName,
    ...(address.options !== undefined && { options: address.options }),
    ssl: findings.withoutTls.has(host) ? false : tlsOptions(host, address.tls),
    stream: () => socket,
    connectionTimeoutMillis: timeMs,
    // A host that vanished is found out by the system, also while a long statement is awaited.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: parserOf(library.types) },
    ...(statementMs > 0 &&
      !findings.takesNoParameters && {
        statement_timeout: statementMs,
        idle_in_transaction_session_timeout: statementMs,
      }),
  });
  // Without a listener a lost connection ends the process. Its queries fail, which says enough.
  client.on('error', () => undefined);
  const end = () => socket.destroy(new Error('the server is ending'));
  ending.addEventListener('abort', end, { once: true });
  try {
    await client.connect();
    await inTime(timeMs, socket, requireWanted(client, address));
    return { client, socket };
  } catch (error) {
    socket.destroy();
    throw wantedPassword(error, client) ? new ConnectError(missingPassword(address), error) : error;
  } finally {
    ending.removeEventListener('abort', end);
  }
}

/** Without one, pg answers with an empty password, or fails at its own arithmetic. */
function wantedPassword(error: unknown, { password }: { password?: unknown }): boolean {
  if (password || !(error instanceof Error)) return false;
  return codeOf(error) === '28P01' || /password must be a (non-empty )?string/i.test(error.message);
}

/** Is this a host that we can work with? A standby answers too, and then refuses every write. */
async function requireWanted(client: pg.Client, { wanted }: PostgresAddress): Promise<void> {
  const { rows } = await client.query<{ encoding: string; standby: boolean; readonly: string }>(
    `select current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby,
            current_setting('transaction_read_only') as readonly`,
  );
  const [{ encoding, standby, readonly } = { encoding: '', standby: false, readonly: 'off' }] = rows;
  if (encoding !== 'UTF8') throw new ConnectError({ kind: 'setting', reason: wrongEncoding(encoding) }, undefined);
  if (wanted !== 'any' && standby) {
    throw new ConnectError({ kind: 'away', reason: 'it is a standby, and takes no writes' }, undefined);
  }
  if (wanted === 'read-write' && readonly === 'on') {
    throw new ConnectError({ kind: 'away', reason: 'it is read-only (default_transaction_read_only)' }, undefined);
  }
}

function wrongEncoding(encoding: string): string {
  return `its encoding is ${encoding}, and Moult needs UTF8: in another, one text that does not fit stops all that wait behind it. Make a new database: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0`;
}

async function inTime<Result>(timeMs: number, socket: Socket, work: Promise<Result>): Promise<Result> {
  const timer = setTimeout(() => socket.destroy(new Error('timeout expired')), timeMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

/** pg's own words for sslmode differ from libpq's: what each mode checks is said here. */
function tlsOptions({ host }: PostgresHost, { mode, ...files }: PostgresAddress['tls']): ConnectionOptions | false {
  const isSocket = (host ?? process.env.PGHOST ?? '').startsWith('/');
  if (mode === 'disable' || isSocket) return false;
  // As with libpq: a CA that is named is meant to be checked.
  const checksChain = mode === 'verify-ca' || mode === 'verify-full' || (mode === 'require' && files.rootCertificate);
  const { rootCertificate, certificate, key } = files;
  return {
    rejectUnauthorized: Boolean(checksChain),
    ...(rootCertificate !== undefined &&
      rootCertificate !== 'system' && { ca: readPem(rootCertificate, 'sslrootcert') }),
    ...(certificate !== undefined && { cert: readPem(certificate, 'sslcert') }),
    ...(key !== undefined && { key: readPem(key, 'sslkey') }),
    ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
  };
}

function readPem(file: string, parameter: string): string {
  try {
    return readOutside(file).toString('utf8');
  } catch (cause) {
    const message = `${parameter} in --database cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new ServerError('SERVER_BAD_CONFIG', message, { cause });
  }
}

/** pgbouncer, unless its ignore_startup_parameters names them: then only our own clock limits a statement. */
function isUnsupportedParameter(error: unknown): boolean {
  return error instanceof Error && /unsupported startup parameter/i.test(error.message);
}

function isWithoutTls(error: unknown): boolean {
  return error instanceof Error && error.message === 'The server does not support SSL connections';
}

function onlyDefined<Given extends object>(given: Given): Partial<Given> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<Given>;
}

const int8 = 20;

/** Our 64-bit columns hold ids, sizes and milliseconds: all exact in a number. */
export function parserOf(
  types: typeof pg.types,
): (oid: number, format?: 'text' | 'binary') => (value: string) => unknown {
  return (oid, format) => (oid === int8 ? Number : types.getTypeParser(oid, format as 'text'));
}
