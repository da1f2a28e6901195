// The settings that a text shows of one client. Readers of this folder fill in what their kind of text has. judge.ts
// judges whatever is there.
import type { Evidence } from '../../finding.ts';
import type { RegFacts, RegValue } from '../../registry/reg-text.ts';

/** How WinHTTP, or a user's browser, reaches servers. */
export interface ProxySeen {
  how: 'direct' | 'proxy' | 'script';
  /** `proxy:8080`, or the address of the script. */
  proxy?: string;
  bypass?: string;
  evidence: Evidence;
}

export interface ServiceSeen {
  /** In lower case: `wuauserv`. */
  name: string;
  state?: 'running' | 'stopped' | 'other';
  start?: 'automatic' | 'manual' | 'disabled';
  /** Windows does not know it. */
  isMissing?: boolean;
  evidence: Evidence;
}

/** A Group Policy object in a list of `gpresult`. */
export interface PolicySeen {
  name: string;
  /** Why it does not apply. Undefined for one that does. */
  refused?: PolicyRefusal;
  /** The words of the list. */
  reason?: string;
  evidence: Evidence;
}

export type PolicyRefusal = 'security' | 'filter' | 'empty' | 'disabled' | 'other';

export interface PoliciesSeen {
  /** `user`: the list tells of a user's policies alone. */
  scope: 'computer' | 'user';
  applied: PolicySeen[];
  refused: PolicySeen[];
  /** True where the text shows the values of the policies too. */
  hasValues: boolean;
}

/** An entry of $MUSM.Services: a service that the agent may ask for updates. */
export interface UpdateServiceSeen {
  name: string;
  isManaged: boolean;
  isDefault: boolean | undefined;
  evidence: Evidence;
}

/** A failure that a tool itself reports. */
interface FailureSeen {
  code: number;
  evidence: Evidence;
}

export interface SettingsSeen {
  source: string;
  registry?: RegFacts;
  /** The text shows all policy values, or none that is not there: what it lacks is not set. */
  isWholePolicy?: boolean;
  winHttp?: ProxySeen;
  user?: ProxySeen;
  services?: ServiceSeen[];
  policies?: PoliciesSeen;
  updateServices?: UpdateServiceSeen[];
  failures?: FailureSeen[];
  /** Of ClientDiag. */
  treeMissing?: Evidence;
  version?: string;
  /** A Registry.pol that cannot be read. */
  damaged?: { why: string; evidence: Evidence };
}

/** A kind of text that shows settings. */
export interface SettingsInput {
  /** The name of it in a report. */
  title: string;
  /** By what is in it. `head` is its beginning. */
  recognises(head: string): boolean;
  read(text: string, source: string): SettingsSeen;
}

/** Line `index` (from 0) as evidence. */
export function evidenceAt(source: string, lines: readonly string[], index: number): Evidence {
  return { source, line: index + 1, text: (lines[index] ?? '').trim().slice(0, 400) };
}

/** Adds a value to facts of a registry, as if it had been read there. */
export function addValue(
  facts: RegFacts,
  key: string,
  value: Pick<RegValue, 'name' | 'type' | 'data'>,
  { source, line = 1, text }: Evidence,
): void {
  const values = facts.get(key) ?? new Map<string, RegValue>();
  facts.set(key, values);
  values.set(value.name.toLowerCase(), { ...value, source, line, text });
}
