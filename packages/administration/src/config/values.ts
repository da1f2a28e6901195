// The kinds of values that settings have: how each is spelled, and what it may be, in words.
import { isIP } from 'node:net';
import { isTimeZone } from '@moult/catalog/rules';
import * as z from 'zod';

/** A whole number, as the file has it or as flags and variables spell it. `describe` is what it may be, in words. */
export const count = (min: number, max: number, what = 'a whole number') =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
    ])
    .pipe(z.number().int().min(min).max(max))
    .describe(`${what} from ${min} to ${max}`);
export const port = count(0, 65_535, 'a port');
export const optionalPort = z.union([z.literal('off'), port]).describe('a port from 0 to 65535, or off');
export const choice = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values).describe(`one of ${values.join(', ')}`);
export const timeZoneName = z.string().refine(isTimeZone).describe('a time zone, as Europe/Berlin');
/** Some of these, with commas between them. */
export const names = (values: readonly string[]) =>
  z
    .string()
    .refine((given) => given.split(',').every((one) => values.includes(one.trim())))
    .describe(`one or more of ${values.join(', ')}, with commas between them`);
export const text = z.string().min(1).describe('some text');
export const hostNames = z
  .string()
  .regex(/^[\w.*-]+(\s*,\s*[\w.*-]+)*$/)
  .describe('names with commas between them, without ports');
export const addressRanges = z
  .string()
  .refine((text) => text.split(',').every((range) => isRange(range.trim())))
  .describe('addresses or ranges with commas between them, as 127.0.0.1,10.0.0.0/8,fd00::/8');
export const baseUrl = (what: string, mayHavePath: boolean) =>
  z
    .string()
    .refine((text) => isBaseUrl(text, mayHavePath))
    .transform((text) => text.replace(/\/+$/, ''))
    .describe(what);
export const mebibytes = count(1, 1_048_576);
export const perSecond = count(0, 1_000_000);

/** An address, or one and the number of bits that count. */
function isRange(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32));
}

function isBaseUrl(text: string, mayHavePath: boolean): boolean {
  const path = /^https?:\/\/(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?((?:\/[\w.~-]+)*)\/?$/i.exec(text)?.[1];
  return path !== undefined && URL.canParse(text) && (mayHavePath || path === '');
}

interface Setting<Schema extends z.ZodType> {
  schema: Schema;
  /** The text after the flag in the help: `DIR`, `PORT|off`. */
  placeholder: string;
  description: string;
  fallback: z.input<Schema> | undefined;
  group: 'listening' | 'storage' | 'updates' | 'limits' | 'running';
}

export function setting<Schema extends z.ZodType>(
  group: Setting<Schema>['group'],
  schema: Schema,
  placeholder: string,
  fallback: z.input<Schema> | undefined,
  description: string,
): Setting<Schema> {
  return { group, schema, placeholder, fallback, description };
}
