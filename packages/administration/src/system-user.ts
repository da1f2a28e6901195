// Finds the author of a change for the audit record: the user that the system knows, never a variable alone. A variable
// only adds to that user, and is shown as an addition.
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

export interface SystemFacts {
  environment: Readonly<Record<string, string | undefined>>;
  /** Of the process. Undefined on Windows. */
  effectiveUserId: number | undefined;
  /** The name of that user. Throws where it has none. */
  accountName(): string;
  /**
   * The user who logged on to the session, as Linux keeps it from there on. Undefined where the system does not tell.
   */
  loginUserId: number | undefined;
  /** The name of a user of this machine. */
  nameOf(userId: number): string | undefined;
}

/** `anna`. `anna via sudo (root)` when the system confirms it. `root (sudo says: anna)` when only the variable does. */
export function administrator(facts: SystemFacts = systemFacts()): string {
  const { environment, effectiveUserId, loginUserId } = facts;
  const account = accountOf(facts);
  const claimed = environment.MOULT_ADMINISTRATOR ? ` (calls itself: ${short(environment.MOULT_ADMINISTRATOR)})` : '';
  if (effectiveUserId !== 0) return `${account}${claimed}`;
  const isSudo = environment.SUDO_USER !== undefined && environment.SUDO_UID !== undefined;
  if (loginUserId !== undefined && loginUserId !== 0) {
    const person = facts.nameOf(loginUserId) ?? `uid ${loginUserId}`;
    return `${person} ${isSudo ? 'via sudo ' : ''}(${account})${claimed}`;
  }
  return isSudo ? `${account} (sudo says: ${short(environment.SUDO_USER ?? '')})${claimed}` : `${account}${claimed}`;
}

export function systemFacts(): SystemFacts {
  return {
    environment: process.env,
    effectiveUserId: process.geteuid?.(),
    accountName: () => userInfo().username,
    loginUserId: loginUserId(),
    nameOf: nameInPasswd,
  };
}

/** In a container the user may have a number and no name. */
function accountOf({ accountName, effectiveUserId }: SystemFacts): string {
  try {
    return accountName();
  } catch {
    return `uid ${effectiveUserId}`;
  }
}

/** Four bytes of ones: no user logged on, as in a service or a container. */
const noLogin = 4_294_967_295;

function loginUserId(): number | undefined {
  try {
    const text = readFileSync('/proc/self/loginuid', 'utf8').trim();
    const userId = Number(text);
    return /^\d+$/.test(text) && userId !== noLogin ? userId : undefined;
  } catch {
    return undefined;
  }
}

function nameInPasswd(userId: number): string | undefined {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    return lines.map((line) => line.split(':')).find((parts) => parts[2] === String(userId))?.[0];
  } catch {
    return undefined;
  }
}

/** A variable may hold anything. A record shows a part of it. */
function short(text: string): string {
  return text.slice(0, 60);
}
