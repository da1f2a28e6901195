// Anchors as Windows writes and checks them: a counter from 1 on, a comma, and a time to the millisecond (UTC).
import { SoapFault } from '../../errors.ts';

interface ReadAnchor {
  /** As it was given to writeAnchor. */
  counted: number;
  at: number;
}

export function writeAnchor(counted: number, at: number): string {
  return `${counted + 1},${new Date(at).toISOString().replace('T', ' ').replace('Z', '')}`;
}

/** Undefined for none. Throws InvalidParameters about `parameter` for text of another form. */
export function readAnchor(text: string | undefined, parameter: string): ReadAnchor | undefined {
  if (text === undefined || text === '') return undefined;
  const [, counter, day, time] = /^(\d{1,10}),(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})$/.exec(text) ?? [];
  const at = Date.parse(`${day}T${time}Z`);
  const counted = Number(counter) - 1;
  if (Number.isNaN(at) || !(counted >= 0 && counted < 0x7fffffff)) throw new SoapFault('InvalidParameters', parameter);
  return { counted, at };
}
