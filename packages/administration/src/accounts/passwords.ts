// Passwords as argon2id in the PHC format, by Node's own crypto. The cost is a setting. A hash contains its own cost.
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { AdministrationError } from '../errors.ts';

export interface PasswordCost {
  memoryKib: number;
  passes: number;
}

const derive = promisify(argon2);
const saltBytes = 16;
const tagBytes = 32;
const fewestCharacters = 12;
const mostCharacters = 512;

/** Throws AdministrationError ADMINISTRATION_BAD_ACCOUNT for one that is too short, too long, or the name of the account. */
export function requireGoodPassword(password: string, name: string): void {
  const { length } = [...password];
  const why =
    length < fewestCharacters || length > mostCharacters
      ? `It has ${length} characters, and must have ${fewestCharacters} to ${mostCharacters}.`
      : isGuessed(password.toLowerCase(), name.toLowerCase())
        ? 'It is the name of the account, or one character again and again.'
        : undefined;
  if (why !== undefined)
    throw new AdministrationError('ADMINISTRATION_BAD_ACCOUNT', `This password cannot be used. ${why}`);
}

function isGuessed(password: string, name: string): boolean {
  return password === name || password === `${name}${name}` || new Set(password).size < 4;
}

/** `$argon2id$v=19$m=19456,t=2,p=1$salt$tag`. */
export async function hashPassword(password: string, { memoryKib, passes }: PasswordCost): Promise<string> {
  const salt = randomBytes(saltBytes);
  const tag = await tagOf(password, { salt, memoryKib, passes, parallelism: 1, tagLength: tagBytes });
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=1$${unpadded(salt)}$${unpadded(tag)}`;
}

/** Whether the hash is of this password. False for text in another format. In constant time. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [, memory, passes, lanes, salt, tag] = pattern.exec(hash) ?? [];
  if (salt === undefined || tag === undefined || password.length > mostCharacters * 2) return false;
  const expected = Buffer.from(tag, 'base64');
  const [memoryKib, times, parallelism] = [Number(memory), Number(passes), Number(lanes)];
  // A restored backup may hold anything: no hash takes more than this of the server.
  if (memoryKib > mostMemoryKib || times > mostPasses || parallelism > mostLanes || expected.length < saltBytes)
    return false;
  const options = { memoryKib, passes: times, parallelism, tagLength: expected.length };
  const found = await tagOf(password, { salt: Buffer.from(salt, 'base64'), ...options });
  return timingSafeEqual(found, expected);
}

const pattern = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([\w+/]{11,86})\$([\w+/]{22,86})$/;
const mostMemoryKib = 1_048_576;
const mostPasses = 20;
const mostLanes = 8;

interface Parts extends PasswordCost {
  salt: Buffer;
  parallelism: number;
  tagLength: number;
}

/** Unicode in one form: keyboards of two systems write the same letter differently. */
function tagOf(password: string, { salt, memoryKib, ...options }: Parts): Promise<Buffer> {
  const message = Buffer.from(password.normalize('NFKC'), 'utf8');
  return derive('argon2id', { message, nonce: salt, memory: memoryKib, ...options });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
