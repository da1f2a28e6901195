// Tells code that still works for a client that the connection of the client is closed. The response cannot tell: one
// behind an earlier answer of the same connection (pipelining) does not have a socket yet. Its writes are never called
// back.
import type { Socket } from 'node:net';

const waiting = new WeakMap<Socket, Set<() => void>>();

/** Calls `action` once when the connection closes, or at once when it is closed. The returned function forgets it. */
export function onClosed(socket: Socket, action: () => void): () => void {
  if (socket.destroyed) {
    action();
    return () => undefined;
  }
  const actions = waiting.get(socket) ?? watch(socket);
  actions.add(action);
  return () => actions.delete(action);
}

// One listener for a connection, however many answers wait on it.
function watch(socket: Socket): Set<() => void> {
  const actions = new Set<() => void>();
  waiting.set(socket, actions);
  socket.once('close', () => {
    for (const action of actions) action();
    actions.clear();
  });
  return actions;
}
