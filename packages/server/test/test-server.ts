// A whole server in a folder of its own, with a clock that a test may turn, for both engines.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { loadConfig, type ServerConfig } from '../../administration/src/config/index.ts';
import { type RunningServer, startServer } from '../src/main.ts';

/** `await using` stops it, also when the test fails. */
export interface TestServer extends AsyncDisposable {
  url: string;
  dataDir: string;
  /** Address of its database. */
  database: string;
  running: RunningServer;
  /** What the log holds, one object per line. */
  logged: Record<string, unknown>[];
  /** Turns the server's clock forward. */
  advance(milliseconds: number): void;
  stop(): Promise<void>;
}

export interface TestServerOptions {
  config?: Partial<ServerConfig>;
  dataDir?: string;
  /** How far its clock is ahead from the start, in milliseconds. */
  clockOffset?: number;
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { config = {}, dataDir, clockOffset = 0 } = options;
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'moult-server-'));
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  let offset = clockOffset;
  const small = { firstCatalog: 'samples', newAgentReleases: 'at-once', selfUpdatePort: 'off', stopSeconds: 1 };
  const flags = { dataDir: folder, host: '127.0.0.1', port: 0, ...small, ...config };
  const running = await startServer(loadConfig({ flags, environment: {} }).config, {
    now: () => new Date(Date.now() + offset),
    log,
    announce: () => undefined,
    approveSamples: true,
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= running.stop().then(() => {
      if (dataDir === undefined) rmSync(folder, { recursive: true, force: true });
    });
    return stopped;
  };
  return {
    url: running.urls.main,
    dataDir: folder,
    database: config.database ?? join(folder, 'moult.sqlite'),
    running,
    logged,
    advance: (milliseconds) => {
      offset += milliseconds;
    },
    stop,
    [Symbol.asyncDispose]: () => withinAMinute(stop()),
  };
}

/** A server that does not stop must not keep back the reason why its test failed. */
async function withinAMinute(stopping: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the server of this test has not stopped within a minute')), 60_000);
  });
  await Promise.race([stopping, overdue]).finally(() => clearTimeout(timer));
}
