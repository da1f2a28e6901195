// The cookie of a session: opaque, for this host alone, and not for scripts. `__Host-` needs HTTPS. On the server itself,
// over plain HTTP, a cookie of another name does.
import type { IncomingMessage } from 'node:http';

const secureName = '__Host-moult-session';
const localName = 'moult-session';

const flowNames = { secure: '__Host-moult-log-on', local: 'moult-log-on' };

export function sessionSecretIn(message: Pick<IncomingMessage, 'headers'>, isSecure: boolean): string | undefined {
  return cookieIn(message, isSecure ? secureName : localName);
}

/** The secret of a log-on that this browser began at the issuer. */
export function flowSecretIn(message: Pick<IncomingMessage, 'headers'>, isSecure: boolean): string | undefined {
  return cookieIn(message, isSecure ? flowNames.secure : flowNames.local);
}

export function flowCookie(secret: string, isSecure: boolean): string {
  const [name, more] = isSecure ? [flowNames.secure, '; Secure'] : [flowNames.local, ''];
  return `${name}=${secret}; Path=/; HttpOnly; SameSite=Strict${more}; Max-Age=900`;
}

function cookieIn({ headers }: Pick<IncomingMessage, 'headers'>, wanted: string): string | undefined {
  const found = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${wanted}=`))
    .map((pair) => pair.slice(wanted.length + 1));
  // Two of one name: one of them is not ours.
  return found.length === 1 ? found[0] : undefined;
}

/** `undefined` takes the cookie away. */
export function sessionCookie(secret: string | undefined, isSecure: boolean): string {
  const [name, more] = isSecure ? [secureName, '; Secure'] : [localName, ''];
  const age = secret === undefined ? '; Max-Age=0' : '';
  return `${name}=${secret ?? ''}; Path=/; HttpOnly; SameSite=Strict${more}${age}`;
}
