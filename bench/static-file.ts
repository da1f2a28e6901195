// Files over HTTP against nginx: the self-update tree's small files, and content in shuffled 1 MiB ranges. Each server
// has one core, and the load (wrk) has the other. Both write an access log. The figure is requests per second of the
// server's processor time. So other work on the machine does not count.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from '../scripts/bench.ts';

const rounds = 3;
const seconds = 3;
const connections = 32;
const contentBytes = 128 * 1024 * 1024;
const rangeBytes = 1024 * 1024;

export async function bench(): Promise<BenchRow[]> {
  requirePrograms();
  const folder = mkdtempSync(join(tmpdir(), 'moult-bench-static-'));
  const started: ChildProcess[] = [];
  try {
    const ours = await startOurs(folder, started);
    await writeTreeFiles(folder, ours);
    const nginx = await startNginx(folder, started);
    await sameBytes(ours, nginx);
    const script = join(folder, 'ranges.lua');
    writeFileSync(script, rangesScript());
    const small = race(ours, nginx, ['/selfupdate/wuident.cab']);
    const ranges = race(ours, nginx, ['', '-s', script]);
    return [
      row(
        'wuident.cab, GET',
        small,
        0.4,
        0.6,
        (rate) => `${Math.round(rate).toLocaleString('en')} requests per core and second`,
      ),
      row('content, shuffled 1 MiB ranges of a 128 MiB file', ranges, 0.6, 0.9, (rate) => {
        return `${((rate * rangeBytes) / 2 ** 30).toFixed(2)} GiB per core and second`;
      }),
    ];
  } finally {
    for (const child of started) child.kill();
    rmSync(folder, { recursive: true });
  }
}

function row(
  what: string,
  { ours, peer }: { ours: number; peer: number },
  wanted: number,
  target: number,
  show: (rate: number) => string,
): BenchRow {
  return {
    what: `${what}, ${connections} connections, one core each`,
    ours: show(ours),
    peer: `nginx ${show(peer)}`,
    ratio: ours / peer,
    wanted: `at least ${wanted} of nginx (target ${target})`,
    met: ours / peer >= wanted,
  };
}

interface Runner {
  url: string;
  pid: number;
}

/** Medians of the rates, the two servers in turn. */
function race(ours: Runner, nginx: Runner, asked: string[]): { ours: number; peer: number } {
  const rates = { ours: [] as number[], peer: [] as number[] };
  // Once unmeasured: code gets warm, files get into memory.
  wrk(ours, asked);
  wrk(nginx, asked);
  for (let round = 0; round < rounds; round++) {
    rates.peer.push(wrk(nginx, asked));
    rates.ours.push(wrk(ours, asked));
  }
  return { ours: median(rates.ours), peer: median(rates.peer) };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Requests per second of processor time. `asked`: path and further options of wrk. */
function wrk({ url, pid }: Runner, [path = '', ...more]: string[]): number {
  const options = ['-t1', `-c${connections}`, `-d${seconds}s`, ...more, url + path];
  const before = processorSeconds(pid);
  const { stdout } = spawnSync(...onCore(1, 'wrk', options), { encoding: 'utf8' });
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk met errors:\n${stdout}`);
  return Number(/(\d+) requests in/.exec(stdout)?.[1]) / (processorSeconds(pid) - before);
}

/** User and system time of a process, all its threads (proc(5): fields 14 and 15, in hundredths). */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function rangesScript(): string {
  return `local n = 0
request = function()
  n = (n * 37 + 11) % ${contentBytes / rangeBytes}
  local first = n * ${rangeBytes}
  return wrk.format("GET", "/content/file.bin", { ["Range"] = "bytes=" .. first .. "-" .. (first + ${rangeBytes - 1}) })
end
`;
}

async function startOurs(folder: string, started: ChildProcess[]): Promise<Runner> {
  mkdirSync(join(folder, 'content'));
  writeFileSync(join(folder, 'content', 'file.bin'), Buffer.alloc(contentBytes, 'moult'));
  const program = fileURLToPath(new URL('static-file/server.ts', import.meta.url));
  const child = spawn(...onCore(0, process.execPath, [program, folder]), { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  for await (const line of child.stdout) return { url: String(line).trim(), pid: child.pid ?? 0 };
  throw new Error('The server of the bench did not start.');
}

async function writeTreeFiles(folder: string, { url }: Runner): Promise<void> {
  mkdirSync(join(folder, 'selfupdate'));
  const ident = await fetch(`${url}/selfupdate/wuident.cab`);
  writeFileSync(join(folder, 'selfupdate', 'wuident.cab'), Buffer.from(await ident.arrayBuffer()));
}

async function startNginx(folder: string, started: ChildProcess[]): Promise<Runner> {
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/t;`,
  );
  const configuration = join(folder, 'nginx.conf');
  // Workers of root become another user, who may not read a temporary folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  writeFileSync(
    configuration,
    `${user} daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
     events { worker_connections 1024; }
     http {
       access_log ${folder}/access.log combined buffer=64k flush=1s; default_type application/octet-stream;
       sendfile on; tcp_nopush on; keepalive_requests 1000000000; ${temporary.join(' ')}
       server { listen 127.0.0.1:${port}; root ${folder}; }
     }`,
  );
  const child = spawn(...onCore(0, 'nginx', ['-e', `${folder}/error.log`, '-c', configuration]), { stdio: 'ignore' });
  started.push(child);
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await fetch(url).then(Boolean, () => false)) {
      // The worker does the work, the master waits.
      const worker = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
      return { url, pid: Number(worker) };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nginx did not start.');
}

/** A race is one only when both deliver the same. */
async function sameBytes(ours: Runner, nginx: Runner): Promise<void> {
  for (const [path, range] of [
    ['/selfupdate/wuident.cab', undefined],
    ['/content/file.bin', 'bytes=5242880-6291455'],
  ] as const) {
    const [a, b] = await Promise.all(
      [ours, nginx].map(async ({ url }) => {
        const answer = await fetch(url + path, range ? { headers: { range } } : {});
        return Buffer.from(await answer.arrayBuffer());
      }),
    );
    if (!a || !b || !a.equals(b) || a.length === 0) throw new Error(`${path} is not the same from both servers.`);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function onCore(core: number, program: string, options: string[]): [string, string[]] {
  return cpus().length > 1 ? ['taskset', ['-c', String(core), program, ...options]] : [program, options];
}

function requirePrograms(): void {
  const packages = { nginx: 'nginx-light', wrk: 'wrk', taskset: 'util-linux' };
  const missing = Object.entries(packages).filter(([program]) => spawnSync(program, ['-h']).error);
  if (missing.length === 0) return;
  throw new Error(`bench: install ${missing.map(([, name]) => name).join(' ')} (Debian) to run this one.`);
}
