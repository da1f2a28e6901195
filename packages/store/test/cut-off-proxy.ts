// A way to a database that can be cut: refused, or passed on to nowhere, as a firewall does that forgot a connection.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CutOffProxy extends AsyncDisposable {
  readonly port: number;
  /** `silent`: what is said on connections of now and then reaches nobody, and nothing comes back. */
  setMode(mode: 'passing' | 'silent' | 'refusing'): void;
  /** The next time that a client says this, its words are passed on, and the answer is lost with the connection. */
  loseAnswerTo(words: string): void;
  /** Where the connections to come lead. */
  leadTo(port: number): void;
  /** Connections that are open now. */
  readonly connections: number;
  stop(): Promise<void>;
}

export async function startCutOffProxy(target: number): Promise<CutOffProxy> {
  let mode: 'passing' | 'silent' | 'refusing' = 'passing';
  let port = target;
  let losing: string | undefined;
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((inner) => {
    if (mode === 'refusing') {
      inner.resetAndDestroy();
      return;
    }
    inner.on('error', () => undefined);
    // Never connected in silence: then nothing is lost when it is passed on again.
    if (mode === 'silent') {
      inner.resume();
      const waiting = [inner, inner] as const;
      pairs.add(waiting);
      inner.once('close', () => pairs.delete(waiting));
      return;
    }
    const outer = connect(port, '127.0.0.1');
    const pair = [inner, outer] as const;
    pairs.add(pair);
    // One that fell silent stays so.
    let isLost = false;
    for (const [from, to] of [pair, [outer, inner] as const]) {
      from.on('data', (piece: Buffer) => {
        isLost ||= mode === 'silent';
        if (!isLost) to.write(piece);
        if (from !== inner || losing === undefined || !piece.includes(losing)) return;
        losing = undefined;
        isLost = true;
        // Its end reaches the other side when what was said is done.
        outer.once('data', () => inner.resetAndDestroy());
      });
      from.on('error', () => undefined);
      from.once('close', () => {
        pairs.delete(pair);
        if (!isLost) to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    await closed;
  };
  return {
    port: (server.address() as AddressInfo).port,
    setMode(next) {
      mode = next;
      if (next === 'refusing') for (const pair of pairs) for (const socket of pair) socket.destroy();
    },
    loseAnswerTo(words) {
      losing = words;
    },
    leadTo(next) {
      port = next;
    },
    get connections() {
      return pairs.size;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
