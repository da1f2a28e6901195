// The server as a program: what it prints, how it starts beside another, how it ends.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const moult = fileURLToPath(new URL('../../cli/bin/moult.js', import.meta.url));

interface Run {
  process: ChildProcess;
  output: { stdout: string; stderr: string };
  /** The address in the ready line. */
  ready: Promise<string>;
  exit: Promise<number | null>;
}

const running = new Set<ChildProcess>();

function serve(...flags: string[]): Run {
  const child = spawn(process.execPath, [moult, 'serve', '--host', '127.0.0.1', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const output = { stdout: '', stderr: '' };
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stderr.on('data', (piece) => {
    output.stderr += piece;
  });
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (piece) => {
      output.stdout += piece;
      const address = /^ready (http:\S+)$/m.exec(output.stdout)?.[1];
      if (address) resolve(address);
    });
    void exit.then((code) => reject(new Error(`ended with ${code}: ${output.stderr}`)));
  });
  ready.catch(() => undefined);
  return { process: child, output, ready, exit };
}

let folder: string;
let dataDir: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-lifecycle-'));
  dataDir = join(folder, 'data');
});
after(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
const free = ['--port', '0', '--self-update-port', 'off'];

describe('moult serve', () => {
  it('says ready once, with the port that it really has, and ends with 0 on SIGTERM', async () => {
    const server = serve('--data-dir', dataDir, '--port', '0', '--self-update-port', '0');
    const url = await server.ready;
    assert.match(url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    assert.equal((await fetch(`${url}/selfupdate/wuident.cab`)).status, 200);
    server.process.kill('SIGTERM');
    assert.equal(await server.exit, 0);
    assert.equal(server.output.stdout, `ready ${url}\n`, 'nothing else: the structured log is in its file');
    assert.ok(!existsSync(join(dataDir, 'moult.lock')));
  });

  it('a second one on the same data directory names the first, and a killed one is no hindrance', async () => {
    const first = serve('--data-dir', dataDir, ...free);
    const url = await first.ready;
    const second = serve('--data-dir', dataDir, ...free);
    assert.equal(await second.exit, 1);
    assert.match(second.output.stderr, /SERVER_IN_USE/);
    assert.ok(second.output.stderr.includes(url) && second.output.stderr.includes(String(first.process.pid)));
    assert.equal((await fetch(`${url}/selfupdate/wuident.cab`)).status, 200, 'the first is untouched');
    first.process.kill('SIGKILL');
    await first.exit;
    assert.ok(existsSync(join(dataDir, 'moult.lock')), 'a killed server leaves its file behind');
    // The id of the killed process is somebody else's now: ours.
    const holder = JSON.parse(readFileSync(join(dataDir, 'moult.lock'), 'utf8'));
    writeFileSync(join(dataDir, 'moult.lock'), JSON.stringify({ ...holder, pid: process.pid }));
    const third = serve('--data-dir', dataDir, ...free);
    await third.ready;
    third.process.kill('SIGTERM');
    assert.equal(await third.exit, 0);
  });

  it('runs on without its self-update port, and says so once, with cause and remedy', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    after(() => void taken.close());
    await new Promise((resolve) => taken.once('listening', resolve));
    const port = String((taken.address() as AddressInfo).port);
    const server = serve('--data-dir', dataDir, '--port', '0', '--self-update-port', port);
    const url = await server.ready;
    assert.equal((await fetch(`${url}/iuident.cab`)).status, 200);
    const terminal = server.output.stdout + server.output.stderr;
    assert.equal(terminal.match(/SelfUpdate service is not available on port/g)?.length, 1);
    assert.match(server.output.stderr, /another program has the port\..*\(EADDRINUSE\).*Remedy/);
    server.process.kill('SIGTERM');
    assert.equal(await server.exit, 0);
    taken.close();
  });

  it('does not start without its main port', async () => {
    await using taken = createTcpServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const port = String((taken.address() as AddressInfo).port);
    const server = serve('--data-dir', dataDir, '--port', port, '--self-update-port', 'off');
    assert.equal(await server.exit, 1);
    assert.match(server.output.stderr, new RegExp(`SERVER_PORT_UNAVAILABLE: Port ${port} cannot be opened`));
    taken.close();
  });

  it('finishes what is in flight before it ends, and takes nothing new', async () => {
    const server = serve('--data-dir', dataDir, ...free);
    const { hostname, port } = new URL(await server.ready);
    const body =
      '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetConfig xmlns="http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService"/></s:Body></s:Envelope>';
    const head = `POST /ClientWebService/client.asmx HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`;
    let received = '';
    const socket = connect(Number(port), hostname);
    const begun = new Promise((resolve) => socket.once('data', resolve));
    socket.on('data', (piece) => {
      received += piece;
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(head);
    await begun;
    server.process.kill('SIGTERM');
    await refusesConnections(Number(port), hostname);
    socket.write(body);
    await closed;
    assert.match(received, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200[\s\S]*SimpleTargeting/);
    assert.equal(await server.exit, 0);
  });

  it('wrong usage exits with 2 and prints no stack', async () => {
    const server = serve('--port', 'eighty');
    assert.equal(await server.exit, 2);
    assert.match(server.output.stderr, /--port is "eighty"/);
    assert.ok(!server.output.stderr.includes('    at '));
  });
});

/** Resolves when nothing more is taken; rejects when connections are still taken after seconds. */
async function refusesConnections(port: number, host: string): Promise<void> {
  for (let attempt = 0; attempt < 2400; attempt++) {
    const isTaken = await new Promise<boolean>((resolve) => {
      const socket = connect(port, host, () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (!isTaken) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('the server still takes connections');
}
