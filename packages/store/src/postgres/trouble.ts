// Sorts errors of PostgreSQL: a state that passes by itself, a wrong setting, or an error of a statement. The texts are
// for administrators and hold no secret.
import type { DatabaseError } from 'pg';
import { isFromPostgres } from '../from-postgres.ts';
import { type PostgresAddress, shownHost } from './address.ts';

/** Why a connection could not be had. */
export interface ConnectTrouble {
  /** `silent`: no answer came in time. `away`: it passes by itself. `setting`: somebody must change something. */
  kind: 'silent' | 'away' | 'setting';
  reason: string;
  /** PostgreSQL's own code, when it answered. */
  code?: string;
}

/** Errors of the network that come and go. */
const networkCodes: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN'],
  ...['ENETUNREACH', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL', 'ENOENT', 'EMFILE', 'ENFILE'],
]);

/**
 * PostgreSQL's codes (classes and whole ones) for states that pass: its connections, its resources but the disk, its
 * operator.
 */
const passing = /^(08|53[^1]|57P0[1-5]$|25P03$|25006$|55P03$|57014$|58030$)/;

/**
 * The reason of a failed statement, if the statement is not at fault: the connection is gone, the server is short of
 * something, or it may not be written to any more. Undefined for a statement's own error.
 */
export function passingReason(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = codeOf(error);
  if (isFromPostgres(error)) {
    // FATAL and PANIC end the connection, whatever the reason.
    const isLast = error.severity === 'FATAL' || error.severity === 'PANIC';
    if (!isLast && (code === undefined || !passing.test(code))) return undefined;
    if (code === '25006') return 'it does not take writes any more: it is a standby, or read-only';
    if (code === '57014' && /statement timeout/.test(error.message))
      return 'a statement took longer than it may (--database-statement-seconds)';
    if (code === '55P03') return 'a lock was not free for too long';
    return error.message;
  }
  if (code !== undefined && networkCodes.has(code)) return reasonOf(error);
  // pg has no code for these.
  return /^(Connection terminated|Client has encountered a connection error|Client was closed)/.test(error.message)
    ? 'the connection ended'
    : undefined;
}

/** True when the connection itself is of no more use after this error. */
export function endsConnection(error: unknown): boolean {
  if (!isFromPostgres(error)) return true;
  return (
    error.severity === 'FATAL' || error.severity === 'PANIC' || error.code === '25006' || /^08/.test(error.code ?? '')
  );
}

/** Why a connection was not made, in words that say what to do. */
export function connectTrouble(error: unknown, address: PostgresAddress): ConnectTrouble {
  if (!(error instanceof Error)) return { kind: 'away', reason: String(error) };
  const code = codeOf(error);
  if (isFromPostgres(error)) return { ...refusal(error, address), ...(code !== undefined && { code }) };
  if (error.message === 'timeout expired') return { kind: 'silent', reason: 'it did not answer in time' };
  if (error.message === 'The server does not support SSL connections') {
    const reason = `it has no TLS, and sslmode is ${address.tls.mode}. Turn TLS on in PostgreSQL (ssl = on), or use sslmode=disable`;
    return { kind: 'setting', reason };
  }
  if (isCertificateTrouble(error, code)) {
    const reason = `its certificate is not trusted (${error.message}). Name the CA with sslrootcert=FILE, or the host as the certificate does`;
    return { kind: 'setting', reason };
  }
  return { kind: code === 'ETIMEDOUT' ? 'silent' : 'away', reason: reasonOf(error) };
}

function refusal({ code, message }: DatabaseError, { user, database }: PostgresAddress): ConnectTrouble {
  const role = user === undefined ? 'the role' : `the role "${user}"`;
  if (code === '28P01') {
    return { kind: 'setting', reason: `it refuses the password of ${role}. Check the password in --database` };
  }
  if (code === '28000') {
    const isPlain = /no encryption|SSL off/i.test(message) ? '. It wants TLS: add ?sslmode=require' : '';
    return { kind: 'setting', reason: `it does not let ${role} in from here (${message})${isPlain}` };
  }
  if (code === '3D000') {
    const name = database ?? user ?? '';
    return {
      kind: 'setting',
      reason: `it has no database "${name}". Make it: CREATE DATABASE "${name}" ENCODING 'UTF8'`,
    };
  }
  if (code === '53300') {
    const reason = `it has no connection left for ${role} (${message}). Raise the limit there, or lower --database-pool`;
    return { kind: 'away', reason };
  }
  if (code === '42501') return { kind: 'setting', reason: `${role} may not connect (${message})` };
  return { kind: 'away', reason: message };
}

export function missingPassword({ user }: PostgresAddress): ConnectTrouble {
  const role = user === undefined ? 'the role' : `the role "${user}"`;
  const reason = `it wants a password for ${role}, and has none. Put it into --database (postgres://USER:PASSWORD@…), PGPASSWORD or ~/.pgpass`;
  return { kind: 'setting', reason };
}

function isCertificateTrouble(error: Error, code: string | undefined): boolean {
  if (code === undefined) return false;
  return (
    /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/.test(code) ||
    /certificate/i.test(error.message)
  );
}

/** ECONNREFUSED of a name with several addresses is a bundle of errors without a message of its own. */
function reasonOf(error: Error): string {
  if (error.message !== '') return error.message;
  const parts = error instanceof AggregateError ? error.errors : [];
  return (
    parts.map((part) => (part instanceof Error ? part.message : String(part))).join('; ') ||
    (codeOf(error) ?? error.name)
  );
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** `host:port: reason` of each host that was tried. For a single one without its name. */
export function joinReasons(tried: readonly { host: PostgresAddress['hosts'][number]; reason: string }[]): string {
  if (tried.length === 1) return tried[0]?.reason ?? '';
  return tried.map(({ host, reason }) => `${shownHost(host)}: ${reason}`).join('; ');
}
