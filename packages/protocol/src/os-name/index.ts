// The name of an operating system, from the facts that its agent registered. The agent's own OSDescription cannot be
// used: Windows 11 calls itself "Windows 10 Pro" there (captures).
import { clientBuilds, editions, multiSession, serverBuilds } from './builds.ts';
import { note13 } from './note-13.ts';

export interface RegisteredSystem {
  osMajorVersion: number;
  osMinorVersion: number;
  osBuildNumber: number;
  suiteMask: number;
  /** 1 is a workstation. 2 a domain controller, 3 a server. */
  oldProductType: number;
  newProductType: number;
  systemMetrics: number;
  processorArchitecture: string;
  /** The name that the agent gives it. Agents before Windows 10 say nothing. */
  osDescription?: string | undefined;
}

/** The name, or undefined for a Windows that we do not know. */
export function osName(system: RegisteredSystem): string | undefined {
  // A Linux 6.3 is not Windows 8.1.
  if (system.osDescription && !/windows/i.test(system.osDescription)) return undefined;
  return system.osMajorVersion === 10 ? nameByBuild(system) : rules.find((rule) => fits(rule, system))?.name;
}

function nameByBuild({ osBuildNumber, oldProductType, newProductType }: RegisteredSystem): string | undefined {
  const builds = oldProductType === 1 || newProductType === multiSession ? clientBuilds : serverBuilds;
  const release = builds.findLast(([build]) => build <= osBuildNumber)?.[1];
  const edition = editions.get(newProductType);
  return release && (edition ? `${release}, ${edition}` : release);
}

interface Rule {
  major: number;
  minor: number | undefined;
  suite: number | undefined;
  oldType: string;
  newType: number | undefined;
  metrics: number | undefined;
  architecture: string;
  name: string;
}

const rules: readonly Rule[] = note13.trim().split('\n').map(parseRule);

function parseRule(line: string): Rule {
  const [major, minor, suite, oldType = '-', newType, metrics, architecture = '-', name = ''] = line.split('|');
  const number = (text: string | undefined) => (text === undefined || text === '-' ? undefined : Number(text));
  return {
    ...{ major: Number(major), minor: number(minor), suite: number(suite), oldType, newType: number(newType) },
    ...{ metrics: number(metrics), architecture, name },
  };
}

function fits(rule: Rule, system: RegisteredSystem): boolean {
  return (
    rule.major === system.osMajorVersion &&
    (rule.minor === undefined || rule.minor === system.osMinorVersion) &&
    (rule.suite === undefined || (rule.suite & system.suiteMask) !== 0) &&
    fitsOldType(rule.oldType, system.oldProductType) &&
    (rule.newType === undefined || rule.newType === system.newProductType) &&
    (rule.metrics === undefined || rule.metrics === system.systemMetrics) &&
    (rule.architecture === '-' || system.processorArchitecture.toLowerCase().includes(rule.architecture))
  );
}

function fitsOldType(rule: string, oldProductType: number): boolean {
  if (rule === '-') return true;
  return rule === '>1' ? oldProductType > 1 : Number(rule) === oldProductType;
}
