// The real server, as people start it, in a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { createCookieJar } from '../../packages/server/src/update-service/cookie.ts';
import { loadOrCreateCookieKey } from '../../packages/store/src/keys/index.ts';

const moult = fileURLToPath(new URL('../../packages/cli/bin/moult.js', import.meta.url));

export interface RunningServer {
  url: string;
  pid: number;
  /** From the start of the process to the line that says ready. */
  startSeconds: number;
  /** The most memory it ever held. */
  peakMib(): number;
  /** Seconds of processor time so far, all threads. */
  cpuSeconds(): number;
  /** A cookie as this server gave it to the computer at `at`, with everything until then told. */
  cookieOf(computerId: string, at: Date): string;
  stop(): Promise<void>;
}

/** With the defaults of the server, and `flags`. */
export async function startServer(dataDir: string, flags: readonly string[] = []): Promise<RunningServer> {
  const begun = performance.now();
  const options = ['--data-dir', dataDir, '--host', '127.0.0.1', '--port', '0', '--self-update-port', 'off'];
  const more = ['--first-catalog', 'empty', '--log-level', 'warn', '--log-stdout', 'on'];
  const profile = process.env.MOULT_BENCH_PROFILE
    ? ['--cpu-prof', '--cpu-prof-dir', process.env.MOULT_BENCH_PROFILE]
    : [];
  const child = spawn(process.execPath, [...profile, moult, 'serve', ...options, ...more, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout);
  const url = await readyUrl(lines);
  const startSeconds = (performance.now() - begun) / 1000;
  // Errors of the server are errors of the bench.
  lines.on('line', (line) => /"level":[56]0/.test(line) && console.error(line));
  const jar = await openJar(dataDir);
  return {
    url,
    pid: child.pid ?? 0,
    startSeconds,
    peakMib: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
    cpuSeconds: () => {
      // proc(5): fields 14 and 15 in hundredths of a second.
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    cookieOf: jar,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

function readyUrl(lines: Interface): Promise<string> {
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => line.startsWith('ready ') && resolve(line.slice('ready '.length)));
    lines.once('close', () => reject(new Error('The server ended before it was ready.')));
  });
}

async function openJar(dataDir: string): Promise<RunningServer['cookieOf']> {
  const database = new DatabaseSync(join(dataDir, 'moult.sqlite'), { readOnly: true });
  const setting = database.prepare('select value from configuration where name = ?');
  const settingOf = (name: string) => (setting.get(name) as { value: string }).value;
  const jar = createCookieJar({
    key: await loadOrCreateCookieKey(dataDir),
    identity: { serverId: settingOf('server-id') },
  });
  const configChange = new Date(settingOf('last-change')).getTime();
  database.close();
  return (computerId, at) =>
    Buffer.from(
      jar.sealClient({
        ...{ computerId, protocolVersion: '2.90', configChange, expiresAt: Date.now() + 3_600_000 },
        ...{ anchor: at.getTime(), driverAnchor: at.getTime(), groups: undefined },
      }),
    ).toString('base64');
}
