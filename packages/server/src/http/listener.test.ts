import assert from 'node:assert/strict';
import { Server } from 'node:http';
import { it, mock } from 'node:test';
import { listen } from './listener.ts';

it('a connection that the system cannot hand over is told of, and does not end the process', async () => {
  let server: Server | undefined;
  const listening = mock.method(Server.prototype, 'listen', function (this: Server, ...given: never[]) {
    server = this;
    listening.mock.restore();
    return this.listen(...given);
  });
  const troubles: string[] = [];
  const limits = { maxConnections: 10, requestTimeoutMs: 1000, idleTimeoutMs: 1000 };
  const listener = await listen(() => undefined, {
    ...{ host: '127.0.0.1', port: 0, limits },
    onTrouble: ({ message }) => troubles.push(message),
  });
  server?.emit('error', new Error('accept ENFILE'));
  assert.deepEqual(troubles, ['accept ENFILE']);
  await listener.stop(0);
});
