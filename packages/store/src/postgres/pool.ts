// A few shared connections to PostgreSQL, which may be lost at any moment. While the database is away, each caller is
// told so at once. The pool tries to connect again with growing pauses.

import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresPool as KyselyPool, PostgresPoolClient } from 'kysely';
import { commandDatabase, databaseBounds } from '../declared-bounds.ts';
import { DatabaseAway, type ServerError } from '../errors.ts';
import type { PostgresAddress } from './address.ts';
import { ConnectError, connectPostgres, type Findings, type OpenedClient, type SessionLimits } from './connect.ts';
import { Connection } from './connection.ts';

export interface PoolLimits extends SessionLimits {
  /** Connections at once. */
  most: number;
  /** How long a caller waits for one of them. */
  acquireMs: number;
  /** A connection that is unused for so long is closed. */
  idleMs: number;
  /** After so long without an answer, a new connection is tried: does anybody live there? */
  silentMs: number;
  /** Pauses between two tries to connect: the first, and the longest. */
  pausesMs: readonly [first: number, longest: number];
}

/** Of a command. The server has settings for most of these. */
export function currentPoolLimits(): PoolLimits {
  const { connections: most, acquireMs, connectMs, statementMs, idleMs } = commandDatabase;
  return { most, acquireMs, connectMs, statementMs, idleMs, silentMs: databaseBounds.silentMs, pausesMs: [100, 5_000] };
}

interface PoolParts {
  address: PostgresAddress;
  /** How it is called in errors and logs, without its password. */
  shown: string;
  limits: PoolLimits;
  /** Told once when the database is away, and once when it is back. */
  onAway?: (reason: string) => void;
  onBack?: (awayMs: number) => void;
  /** Told about trouble that is survived: fewer connections than wanted. */
  onTrouble?: (message: string) => void;
}

export interface Away {
  reason: string;
  since: Date;
}

interface PostgresPool extends KyselyPool {
  /** Undefined while it answers. */
  away(): Away | undefined;
  /** Connects once, and lets callers in. Throws ConnectError, and changes nothing then. */
  connectFirst(): Promise<void>;
  /** Callers are refused with this reason until connectFirst has done its work. */
  hold(reason: string): void;
  /** Fails everything that waits or is under way with SERVER_DATABASE_AWAY, now and from now on. */
  abandon(reason: string): void;
}

export function createPostgresPool(parts: PoolParts): PostgresPool {
  return new Pool(parts);
}

interface Waiter {
  resolve(connection: Connection): void;
  reject(error: ServerError): void;
  timer: NodeJS.Timeout;
}

/** How long an end waits for statements under way. */
const endMs = 5_000;
/** How long a lower limit of the role is believed. */
const fewerMs = 30_000;

class Pool implements PostgresPool {
  /** kysely asks for them. Nothing here is in need of any. */
  readonly options = {};
  readonly #parts: PoolParts;
  readonly #findings: Findings = { withoutTls: new Set() };
  readonly #open = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #waiting: Waiter[] = [];
  readonly #ending = new AbortController();
  readonly #sweeper: NodeJS.Timeout;
  #opening = 0;
  #fewer: { most: number; until: number } | undefined;
  #away: Away | undefined;
  #askedAlive = 0;
  #emptied: (() => void) | undefined;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(500, parts.limits.silentMs)).unref();
  }

  away(): Away | undefined {
    return this.#away;
  }

  async connectFirst(): Promise<void> {
    if (this.#open.size > 0 && !this.#away) return;
    const opened = await this.#connectOne();
    this.#away = undefined;
    this.#add(opened);
  }

  hold(reason: string): void {
    this.#away = { reason, since: this.#away?.since ?? new Date() };
  }

  async connect(): Promise<PostgresPoolClient> {
    if (this.#ending.signal.aborted) throw this.#error('the server is ending');
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#away) throw this.#error(this.#away.reason);
    if (this.#open.size + this.#opening < this.#most()) void this.#grow();
    return new Promise<Connection>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(this.#error(`none of ${this.#open.size} connections was free for ${this.#parts.limits.acquireMs} ms`));
      }, this.#parts.limits.acquireMs);
      const waiter = { resolve, reject, timer };
      this.#waiting.push(waiter);
    });
  }

  async end(): Promise<void> {
    if (!this.#ending.signal.aborted) this.#stop('the server is ending');
    for (const connection of this.#idle.splice(0)) connection.leave();
    if (this.#open.size === 0) return;
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    const cut = setTimeout(() => this.abandon('the server is ending'), endMs);
    await emptied;
    clearTimeout(cut);
  }

  abandon(reason: string): void {
    this.#stop(reason);
    for (const connection of [...this.#open]) connection.kill(reason);
  }

  #stop(reason: string): void {
    this.#ending.abort();
    clearInterval(this.#sweeper);
    this.#refuseWaiting(reason);
  }

  #most(): number {
    if (this.#fewer && performance.now() >= this.#fewer.until) this.#fewer = undefined;
    return this.#fewer?.most ?? this.#parts.limits.most;
  }

  async #connectOne(): Promise<OpenedClient> {
    const opened = await connectPostgres(this.#parts.address, this.#parts.limits, this.#findings, this.#ending.signal);
    if (!this.#ending.signal.aborted) return opened;
    opened.socket.destroy();
    throw new ConnectError({ kind: 'away', reason: 'the server is ending' }, undefined);
  }

  async #grow(): Promise<void> {
    this.#opening++;
    try {
      this.#add(await this.#connectOne());
    } catch (error) {
      this.#couldNotGrow(error);
    } finally {
      this.#opening--;
    }
  }

  #couldNotGrow(error: unknown): void {
    const trouble = error instanceof ConnectError ? error.trouble : { kind: 'away', reason: String(error) };
    if ('code' in trouble && trouble.code === '53300' && this.#open.size > 0) {
      // The ones that are there go on, and those who wait get one of them.
      if (!this.#fewer) {
        this.#parts.onTrouble?.(`only ${this.#open.size} connections of ${this.#parts.limits.most}: ${trouble.reason}`);
      }
      this.#fewer = { most: this.#open.size, until: performance.now() + fewerMs };
    } else this.#goAway(trouble.reason);
  }

  #goAway(reason: string): void {
    this.#refuseWaiting(reason);
    if (this.#away || this.#ending.signal.aborted) return;
    this.#away = { reason, since: new Date() };
    this.#parts.onAway?.(reason);
    void this.#comeBack(this.#away);
  }

  async #comeBack(away: Away): Promise<void> {
    const started = performance.now();
    const { signal } = this.#ending;
    const [first, longest] = this.#parts.limits.pausesMs;
    for (let wait = first; ; wait = Math.min(longest, wait * 2)) {
      await pause(wait, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted || this.#away !== away) return;
      try {
        const opened = await this.#connectOne();
        this.#away = undefined;
        this.#parts.onBack?.(performance.now() - started);
        this.#add(opened);
        return;
      } catch (error) {
        away.reason = error instanceof Error ? error.message : String(error);
      }
    }
  }

  #add(opened: OpenedClient): void {
    const connection = new Connection(opened, {
      statementMs: this.#parts.limits.statementMs,
      error: (reason, cause) => this.#error(reason, cause),
      released: () => this.#released(connection),
      ended: () => this.#ended(connection),
      unusable: (reason) => this.#distrustIdle(reason),
    });
    this.#open.add(connection);
    this.#released(connection);
  }

  #released(connection: Connection): void {
    if (this.#ending.signal.aborted) {
      connection.leave();
      return;
    }
    const waiter = this.#waiting.shift();
    if (!waiter) {
      this.#idle.push(connection);
      return;
    }
    clearTimeout(waiter.timer);
    waiter.resolve(connection);
  }

  #ended(connection: Connection): void {
    this.#open.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#open.size === 0) this.#emptied?.();
    const isWanted = this.#waiting.length > this.#opening && this.#open.size + this.#opening < this.#most();
    if (isWanted && !this.#away && !this.#ending.signal.aborted) void this.#grow();
  }

  /** A fault of one connection soon befalls the others: they are made again, perhaps to another host. */
  #distrustIdle(reason: string): void {
    for (const connection of this.#idle.splice(0)) connection.kill(reason);
  }

  #refuseWaiting(reason: string): void {
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(this.#error(reason));
    }
  }

  #error(reason: string, cause?: unknown): ServerError {
    return new DatabaseAway(this.#parts.shown, reason, { cause: cause });
  }

  #sweep(): void {
    const now = performance.now();
    const { idleMs, silentMs } = this.#parts.limits;
    for (const connection of [...this.#idle]) {
      if (now - connection.since < idleMs) continue;
      this.#idle.splice(this.#idle.indexOf(connection), 1);
      connection.leave();
    }
    const silent = [...this.#open].filter((one) => one.silentFor(now) >= silentMs);
    for (const one of silent) one.killWhenTooLate(now);
    if (silent.length > 0 && !this.#away && now - this.#askedAlive >= silentMs) void this.#askAlive(now);
  }

  /** A statement may take its time. A database that takes no connection either is away, whatever it is at. */
  async #askAlive(now: number): Promise<void> {
    this.#askedAlive = Number.POSITIVE_INFINITY;
    try {
      const opened = await this.#connectOne();
      if (this.#open.size + this.#opening < this.#most()) this.#add(opened);
      else await opened.client.end();
    } catch (error) {
      const trouble = error instanceof ConnectError ? error.trouble : undefined;
      // With a code of its own PostgreSQL has answered: it lives.
      if (trouble?.code === undefined && !this.#ending.signal.aborted)
        this.#isSilent(now, trouble?.reason ?? 'no answer');
    } finally {
      this.#askedAlive = performance.now();
    }
  }

  #isSilent(asked: number, reason: string): void {
    this.#goAway(reason);
    this.#distrustIdle(reason);
    for (const one of [...this.#open]) if (one.silentFor(asked) >= this.#parts.limits.silentMs) one.kill(reason);
  }
}
