// How many connections each address holds open on one port: one address cannot have all that there are.
import type { Server, Socket } from 'node:net';
import { addressKey } from './limits/address-key.ts';

/** From now on closes connections of `server` beyond `most` of one address, and tells `refused` of each before. */
export function limitConnectionsPerAddress(
  server: Server,
  { most, refused }: { most: number; refused?: (socket: Socket) => void },
): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
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
