// A repository of the operator behind a listening server that an attacker has: it answers with the published files, or as
// the attack does.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** Answers in the place of the server; false lets the request through. `name`: the path below `/tuf/`. */
export type Attack = (name: string, response: ServerResponse) => boolean;

export interface AttackedServer extends AsyncDisposable {
  url: string;
  attack: Attack | undefined;
  /** Paths below `/tuf/` in the order in which they were asked. */
  asked: string[];
  /** What is published now: path below `/tuf/` → bytes. */
  snapshot(): Map<string, Uint8Array>;
  close(): void;
}

/** Serves `directory/public` below `/tuf/`. */
export async function openAttackedServer(directory: string): Promise<AttackedServer> {
  const folder = join(directory, 'public');
  const server = createServer((request, response) => {
    const name = (request.url ?? '').replace(/^\/tuf\//, '').split('?')[0] ?? '';
    opened.asked.push(name);
    if (opened.attack?.(name, response)) return;
    const file = join(folder, name);
    const isThere = !name.includes('..') && existsSync(file);
    response.writeHead(isThere ? 200 : 404);
    response.end(isThere ? readFileSync(file) : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  const opened: AttackedServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    attack: undefined,
    asked: [],
    snapshot() {
      const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
      const paths = names.map((one) => join(one.parentPath, one.name));
      return new Map(paths.map((path) => [path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path)]));
    },
    close,
    [Symbol.asyncDispose]: async () => close(),
  };
  return opened;
}

/** Answers with these files in place of those that are published. */
export function serving(files: ReadonlyMap<string, Uint8Array>): Attack {
  return (name, response) => {
    const bytes = files.get(name);
    if (bytes) response.end(bytes);
    return bytes !== undefined;
  };
}

/** Sends to `name` for ever, as fast as it is taken; `sent` counts the bytes. */
export function endless(name: RegExp, sent: { bytes: number }): Attack {
  return (asked, response) => {
    if (!name.test(asked)) return false;
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, 32))) sent.bytes += 65_536;
      if (!response.destroyed) response.once('drain', more);
    };
    more();
    return true;
  };
}

/** Sends to `name` one byte now and then. */
export function dripping(name: RegExp): Attack {
  return (asked, response) => {
    if (!name.test(asked)) return false;
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
    return true;
  };
}

/** Answers everything with this status and text. */
export function answering(status: number, text = ''): Attack {
  return (_, response) => {
    response.writeHead(status);
    response.end(text);
    return true;
  };
}
