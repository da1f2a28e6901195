// How many connections each address holds open on one port: one address cannot have all that there are.
import type { Server, Socket } from 'node:net';
import { addressKey } from './limits/address-key.ts';

/** From now on closes connections of `server` beyond `most` of one address, and tells `refused` of each before. */
export function limitConnectionsPerAddress(
  server: Server,
  parts: {
    most: number;
    refused?: (socket: Socket) => void;
    /** Whose connections are those of many: a trusted proxy's. */
    isShared?: ((address: string | undefined) => boolean) | undefined;
  },
): void {
  const { most, refused, isShared } = parts;
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    if (isShared?.(socket.remoteAddress)) return;
    const key = addressKey(socket.remoteAddress);
    const count = (open.get(key) ?? 0) + 1;
    if (count > most) {
      refused?.(socket);
      socket.destroy();
      return;
    }
    open.set(key, count);
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1;
      if (left > 0) open.set(key, left);
      else open.delete(key);
    });
  });
}
