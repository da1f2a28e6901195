// The update settings of a machine, as its registry has them: one place that knows keys and names.
import { clientLogBounds } from '../bounds.ts';
import type { Evidence } from '../finding.ts';
import type { RegFacts, RegValue } from '../registry/reg-text.ts';

const policy = 'hkey_local_machine\\software\\policies\\microsoft\\windows\\windowsupdate';
const update = 'hkey_local_machine\\software\\microsoft\\windows\\currentversion\\windowsupdate';
const services = 'hkey_local_machine\\system\\currentcontrolset\\services';

export const registryPlaces = {
  policy,
  policyAu: `${policy}\\au`,
  update,
  autoUpdate: `${update}\\auto update`,
  results: `${update}\\auto update\\results`,
  rebootRequired: `${update}\\auto update\\rebootrequired`,
  internet: 'hkey_local_machine\\software\\microsoft\\windows\\currentversion\\internet settings\\connections',
  currentVersion: 'hkey_local_machine\\software\\microsoft\\windows nt\\currentversion',
  services,
} as const;

/** The places of values that a 32-bit program, a user policy or a guess wrote. */
export const wrongPlaces = [
  'hkey_local_machine\\software\\wow6432node\\policies\\microsoft\\windows\\windowsupdate',
  'hkey_local_machine\\software\\policies\\microsoft\\windowsupdate',
  'hkey_current_user\\software\\policies\\microsoft\\windows\\windowsupdate',
  update,
  `${update}\\auto update`,
] as const;

export class ClientSettings {
  private readonly facts: RegFacts;

  constructor(facts: RegFacts) {
    this.facts = facts;
  }

  /** The update policies of users, which no agent reads. */
  userPolicies(): string[] {
    const ending = policy.slice('hkey_local_machine'.length);
    return [...this.facts.keys()].filter((key) => key.startsWith('hkey_users\\') && key.endsWith(ending));
  }

  /** False where the export holds no policy of anything. */
  get hasPolicies(): boolean {
    return [...this.facts.keys()].some((key) => /\\policies(\\|$)/.test(key));
  }

  /** True if the key above all services was exported, or so many services that no person selected them. */
  get holdsAllServices(): boolean {
    const above = `${services}\\`;
    const below = [...this.facts.keys()].filter((key) => key.startsWith(above));
    const names = new Set(below.map((key) => key.slice(above.length).split('\\')[0]));
    return names.size > (this.facts.has(services) ? 0 : clientLogBounds.maxServices);
  }

  has(key: string): boolean {
    return [...this.facts.keys()].some((known) => known === key || known.startsWith(`${key}\\`));
  }

  value(key: string, name: string): RegValue | undefined {
    return this.facts.get(key)?.get(name.toLowerCase());
  }

  text(key: string, name: string): string | undefined {
    const value = this.value(key, name);
    return value === undefined ? undefined : String(value.data);
  }

  number(key: string, name: string): number | undefined {
    const data = this.value(key, name)?.data;
    if (typeof data === 'number') return data;
    // People write numbers as text. Windows ignores those, and so does this.
    return undefined;
  }

  names(key: string): string[] {
    return [...(this.facts.get(key)?.values() ?? [])].map(({ name }) => name);
  }

  get isEmpty(): boolean {
    return this.facts.size === 0;
  }
}

/** A registry value as evidence. */
export function evidenceOfValue(value: RegValue | undefined): Evidence[] {
  return value ? [{ source: value.source, line: value.line, text: value.text }] : [];
}

/** `2003.09.10 12:38:10`, `2003-09-10 12:38:10` and the page's `2003.09.10 12.38.10`, as written (no zone). */
export function parseAuTime(text: string): number | undefined {
  const match = /^\s*(\d{4})[.-](\d{1,2})[.-](\d{1,2})[ T]+(\d{1,2})[:.](\d{2})[:.](\d{2})/.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
