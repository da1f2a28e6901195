// The simple types of the WSDLs. Reading is as tolerant as XML Schema (white space, 1 for true) and no further.
import { escapeText, textOf } from '@moult/formats/xml';
import { badMessage } from './bad-message.ts';
import type { Shape } from './shape.ts';

export const text: Shape<string> = { read: (element) => textOf(element), write: (value) => escapeText(value) };

export const boolean = scalar<boolean>(
  (written) => ({ true: true, 1: true, false: false, 0: false })[written],
  (value) => String(value),
);

// Also for xs:short and xs:unsignedByte: an agent's build number that grew beyond 32767 is still a build number.
export const integer = scalar<number>(
  (written) => {
    const plain = plainNumber(written);
    if (plain !== undefined) return plain;
    if (!/^[+-]?\d{1,10}$/.test(written)) return undefined;
    const value = Number(written);
    return value >= -0x80000000 && value <= 0x7fffffff ? value : undefined;
  },
  (value) => String(value),
);

/** One to nine digits and nothing else, as nearly all numbers are: a scan lists thousands of them. */
function plainNumber(written: string): number | undefined {
  const { length } = written;
  if (length === 0 || length > 9) return undefined;
  let value = 0;
  for (let at = 0; at < length; at++) {
    const digit = written.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/** xs:long: driver versions fill all 64 bits. */
export const long = scalar<bigint>(
  (written) => (/^[+-]?\d{1,20}$/.test(written) ? BigInt(written.replace(/^\+/, '')) : undefined),
  (value) => String(value),
);

/** Kept in lower case, without the braces in which some write it (MS-WUSP 2.2.2.3.1, .NET reads both). */
export const guid = scalar<string>(
  (written) => {
    const bare = written.replace(/^\{(.*)\}$/, '$1');
    return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(bare) ? bare.toLowerCase() : undefined;
  },
  (value) => value,
);

/**
 * xs:dateTime. Without a zone it is UTC, as old agents mean it (MS-WUSP 2.2.3). Counted to the millisecond, but a value
 * that was read is written as it stood: real WSUS has seven digits of fraction, and compares LastChange with the echo
 * of clients. A rounded echo means ConfigChanged for ever.
 */
export const dateTime = scalar<Date>(parseDateTime, writtenDateTime);

const written = new WeakMap<Date, string>();

/** Undefined if `text` is not an xs:dateTime. */
export function parseDateTime(text: string): Date | undefined {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (!parts) return undefined;
  const milliseconds = (parts[2] ?? '.').slice(0, 4).padEnd(4, '0');
  const value = new Date(`${parts[1]}${milliseconds}${parts[3] ?? 'Z'}`);
  if (Number.isNaN(value.getTime())) return undefined;
  written.set(value, text);
  return value;
}

/** The text that `value` was read from, else its own: .NET writes no trailing zeros in the fraction. */
export function writtenDateTime(value: Date): string {
  return written.get(value) ?? value.toISOString().replace(/\.?0*Z$/, 'Z');
}

const base64Text = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;

export const base64 = scalar<Uint8Array>(
  (written) => {
    const dense = written.replace(/[ \t\r\n]+/g, '');
    return base64Text.test(dense) ? Buffer.from(dense, 'base64') : undefined;
  },
  (value) => Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'),
);

/** A string out of a closed list. */
export function oneOf<const T extends string>(...values: readonly T[]): Shape<T> {
  return scalar<T>(
    (written) => values.find((value) => value === written),
    (value) => value,
  );
}

/**
 * Update XML that travels as the text of an element. Both forms, so that a server escapes a fragment once in its life.
 */
interface EmbeddedXml {
  readonly text: string;
  readonly escaped: string;
}

/** The embedded XML of text that escapeText made earlier. */
export function escapedXml(escaped: string): EmbeddedXml {
  return {
    escaped,
    get text() {
      return unescapeText(escaped);
    },
  };
}

const references: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', '#xD': '\r' };

function unescapeText(escaped: string): string {
  return escaped.replace(/&(amp|lt|gt|#xD);/g, (_, name: string) => references[name] ?? '');
}

export const embedded: Shape<EmbeddedXml> = {
  read: (element) => {
    const plain = textOf(element);
    return {
      text: plain,
      get escaped() {
        return escapeText(plain);
      },
    };
  },
  write: ({ escaped }, aside) => aside?.put(escaped) ?? escaped,
};

function scalar<T>(parse: (written: string) => T | undefined, write: (value: T) => string): Shape<T> {
  return {
    read: (element, path) => {
      const value = parse(textOf(element).trim());
      if (value === undefined) throw badMessage(path);
      return value;
    },
    write: (value) => write(value),
  };
}
