// Attempts that never became a request: bytes that are not HTTP, headers that are too large or too late, connections
// over the limit. Each leaves a line. Of a burst the first lines are written, and a remark says how many more there
// were.
import type { Socket } from 'node:net';
import { escapeField, stemOf } from './fields.ts';

export interface Refusal {
  /** The connection, or what is known of one that was closed at once. */
  socket: Partial<Pick<Socket, 'localAddress' | 'localPort' | 'remoteAddress'>>;
  /** The answer to it. 503 for a connection that was closed. */
  status: number;
  win32: number;
  /** The parts that arrived, as far as they are known. */
  beginning: string;
}

/** Method, stem and query of the line, whatever arrived. `-` for what cannot be told. */
export function fieldsOfBeginning(beginning: string): string {
  const [, method, target] = /^([A-Z]{1,20}) +([^\s]{1,4096})/.exec(beginning) ?? [];
  if (method === undefined || target === undefined) return '- - -';
  const question = target.indexOf('?');
  return `${method} ${escapeField(stemOf(target))} ${escapeField(question < 0 ? '' : target.slice(question + 1))}`;
}

interface RefusalCount {
  /** Whether this one has a line of its own. */
  admit(): boolean;
  /** The remark about those that had none since the last one, as a directive of the log. */
  remark(): string | undefined;
}

export function createRefusalCount(mostLines: number): RefusalCount {
  let seen = 0;
  return {
    admit: () => ++seen <= mostLines,
    remark() {
      const more = seen - mostLines;
      seen = 0;
      return more > 0 ? `#Remark: ${more} more refused before they became requests\r\n` : undefined;
    },
  };
}
