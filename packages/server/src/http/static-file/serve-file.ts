// Large files from disk: read in large pieces into buffers that are used again. At most two pieces are in flight per
// client, never more than the client takes. A client that goes away releases its file and buffers at once.
import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { onClosed } from '../client-watch.ts';
import type { Exchange } from '../site.ts';
import { type BodyPart, decideFileAnswer } from './answer.ts';
import { createBufferPool } from './buffer-pool.ts';
import type { FileFacts } from './facts.ts';
import type { FilePlace, OpenFiles } from './open-files.ts';

export interface FileOnDisk extends FilePlace {
  contentType: string;
  /** Strong validator with quotes. Default: made from size and time of change. */
  etag?: string;
  /** Default: the file's time of change. */
  lastModified?: Date;
  cacheControl?: string;
  vary?: string;
}

const pool = createBufferPool({ largeBytes: 1024 * 1024, maxLarge: 64, smallBytes: 64 * 1024, maxIdleSmall: 64 });

/**
 * Answers the exchange completely from a file: HEAD, ranges (several too), conditions. Resolves when the answer is
 * sent or the client is gone. Rejects before anything is sent when the file cannot be opened (ENOENT …).
 */
export async function serveFile(
  { request, response, receivedAt }: Pick<Exchange, 'request' | 'response' | 'receivedAt'>,
  file: FileOnDisk,
  openFiles: OpenFiles,
): Promise<void> {
  const { folder, name, ...wishes } = file;
  const open = await openFiles.acquire({ folder, name });
  try {
    const { sizeBytes, lastModified } = open;
    const facts: FileFacts = { etag: etagOf(sizeBytes, lastModified), sizeBytes, lastModified, ...wishes };
    const answer = decideFileAnswer(request.method ?? 'GET', request.headers, facts, receivedAt);
    response.writeHead(answer.status, answer.headers);
    await sendBody(response, request.socket, open.handle, answer.body);
  } finally {
    open.release();
  }
}

function etagOf(sizeBytes: number, lastModified: Date): string {
  return `"${lastModified.getTime().toString(16)}-${sizeBytes.toString(16)}"`;
}

async function sendBody(response: ServerResponse, socket: Socket, handle: FileHandle, body: BodyPart[]): Promise<void> {
  try {
    let lastWrite: Promise<void> = Promise.resolve();
    for (const { preamble, range } of body) {
      if (preamble !== '') response.write(preamble);
      let position = range?.first ?? 0;
      while (range && position <= range.last) {
        const piece = await readPiece(handle, position, range.last - position + 1);
        // The next piece is read while this one is on its way. A third has to wait.
        await lastWrite;
        lastWrite = writePiece(response, socket, piece);
        position += piece.bytes.length;
      }
    }
    await lastWrite;
    response.end();
  } catch (error) {
    // Length and status are said already: only cutting the connection tells the client that this is not the file.
    response.destroy();
    if (!(error instanceof ClientGone)) throw error;
  }
}

class ClientGone extends Error {}

interface Piece {
  bytes: Buffer;
  buffer: Buffer;
}

async function readPiece(handle: FileHandle, position: number, wanted: number): Promise<Piece> {
  const buffer = pool.take();
  try {
    const length = Math.min(wanted, buffer.length);
    const { bytesRead } = await handle.read(buffer, 0, length, position);
    if (bytesRead === 0) throw new Error('The file became shorter while it was being sent.');
    return { buffer, bytes: buffer.subarray(0, bytesRead) };
  } catch (error) {
    pool.give(buffer);
    throw error;
  }
}

function writePiece(response: ServerResponse, socket: Socket, { bytes, buffer }: Piece): Promise<void> {
  const written = new Promise<void>((resolve, reject) => {
    let isOver = false;
    // Called by whichever comes first: the socket is through with the bytes, or it is closed.
    const finish = (error?: unknown) => {
      if (isOver) return;
      isOver = true;
      forget();
      pool.give(buffer);
      if (error) reject(new ClientGone());
      else resolve();
    };
    let forget = () => {};
    forget = onClosed(socket, () => finish(true));
    if (!isOver) response.write(bytes, finish);
  });
  // Awaited only after the next piece is read. Until then a failure is not an unhandled one.
  written.catch(() => undefined);
  return written;
}
