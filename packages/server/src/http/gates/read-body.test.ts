import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { it } from 'node:test';
import { collectGarbage } from '../../../../store/src/heap.ts';
import { createBodyRoom } from './body-room.ts';
import { readBody } from './read-body.ts';

it('a body that is here is kept once, also while its request lives', async () => {
  const pieceBytes = 1_048_576;
  const pieces = function* () {
    for (let piece = 0; piece < 16; piece++) yield Buffer.alloc(pieceBytes);
  };
  const request = Object.assign(Readable.from(pieces()), { headers: {}, complete: true }) as unknown as IncomingMessage;
  const before = process.memoryUsage().arrayBuffers;
  const body = await readBody(request, 32 * pieceBytes, createBodyRoom({ budgetBytes: 32 * pieceBytes }));
  // Twice: what the first finds is given back by the second at the latest.
  collectGarbage();
  collectGarbage();
  const kept = process.memoryUsage().arrayBuffers - before;
  assert.equal(body.kind === 'body' && body.bytes.length, 16 * pieceBytes);
  assert.ok(kept < 20 * pieceBytes, `${kept} bytes are kept`);
  // Named last, so that it lived until here.
  assert.equal(request.readableEnded, true);
});
