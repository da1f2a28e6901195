// Base rules about files. The path hangs on a CSIDL folder or on a registry string. Duplicate backslashes go.
import { compareBy, orderVersions, toNumber } from './compare.ts';
import type { FileFacts } from './facts.ts';
import { withValue } from './registry-rules.ts';
import type { Rule } from './rules.ts';
import { compareNumber } from './system-rules.ts';
import {
  type Answer,
  compared,
  decided,
  type RuleContext,
  type RuleEvaluator,
  undecided,
  withAttributes,
  withFact,
} from './verdict.ts';

type FileCheck = (rule: Rule, file: FileFacts, path: string) => Answer;

const checks: Record<string, FileCheck> = {
  FileExists: (rule, file, path) => fileExists(rule, file, path),
  FileVersion: (rule, file, path) =>
    withAttributes(rule, ['Comparison', 'Version'], (token, wanted) =>
      compareFileVersion(token, file.version, wanted, path),
    ),
  FileSize: (rule, file) =>
    withAttributes(rule, ['Comparison', 'Size'], (token, size) => compareNumber(token, file.sizeBytes, size)),
  FileCreated: (rule, file, path) => compareTime(rule, 'Created', file.createdMs, path),
  FileModified: (rule, file, path) => compareTime(rule, 'Modified', file.modifiedMs, path),
};

export const fileRules: Record<string, RuleEvaluator> = Object.fromEntries(
  Object.entries(checks).flatMap(([name, check]): [string, RuleEvaluator][] => [
    [`b.${name}`, (rule, context) => underFolder(rule, context, check)],
    [`b.${name}PrependRegSz`, (rule, context) => underRegistryString(rule, context, check)],
  ]),
);

/** A file's version against a wanted one. A file without version is lower than any, that is: false. */
export function compareFileVersion(
  token: string,
  found: string | null | undefined,
  wanted: string,
  path: string,
): Answer {
  return withFact(found, `the version of ${path}`, (version) => {
    const order = orderVersions(version, wanted);
    const says = `${path} has version ${version}, wanted ${token} ${wanted}`;
    return order === undefined ? undecided(`${says}, which is not a version`) : compared(compareBy(token, order), says);
  });
}

function underFolder(rule: Rule, context: RuleContext, check: FileCheck): Answer {
  return withAttributes(rule, ['Path'], (path) => {
    const csidl = rule.attributes.Csidl;
    if (csidl === undefined) return onFile(rule, context, cleanPath(path), check);
    return withFact(context.facts.folder?.(Number(csidl)), `folder ${csidl}`, (folder) =>
      onFile(rule, context, cleanPath(`${folder}\\${path}`), check),
    );
  });
}

function underRegistryString(rule: Rule, context: RuleContext, check: FileCheck): Answer {
  return withAttributes(rule, ['Path'], (path) =>
    withValue(rule, context, ({ data, type }, name) =>
      typeof data === 'string'
        ? onFile(rule, context, cleanPath(`${data}\\${path}`), check)
        : decided(false, `${name} is a ${type}, not a folder name`),
    ),
  );
}

function onFile(rule: Rule, { facts }: RuleContext, path: string, check: FileCheck): Answer {
  const variable = /%[A-Za-z_][\w()]*%/.exec(path)?.[0];
  if (variable) return undecided(`what ${variable} in ${path} stands for is not known`);
  return withFact(facts.file?.(path), path, (file) => check(rule, file, path));
}

function fileExists(rule: Rule, file: FileFacts, path: string): Answer {
  const { Version, Size, Created, Modified, Language } = rule.attributes;
  const answers = [
    Version === undefined ? undefined : compareFileVersion('EqualTo', file.version, Version, path),
    Size === undefined ? undefined : compareNumber('EqualTo', file.sizeBytes, Size),
    Created === undefined
      ? undefined
      : compareTime({ ...rule, attributes: { Created } }, 'Created', file.createdMs, path),
    Modified === undefined
      ? undefined
      : compareTime({ ...rule, attributes: { Modified } }, 'Modified', file.modifiedMs, path),
    Language === undefined ? undefined : compareLanguage(file.language, Language, path),
  ].filter((answer) => answer !== undefined);
  return (
    answers.find(({ value }) => value === false) ??
    answers.find(({ value }) => value === undefined) ??
    decided(true, `${path} exists`)
  );
}

function compareLanguage(found: number | null | undefined, wanted: string, path: string): Answer {
  if (toNumber(wanted) === undefined) return undecided(`Language "${wanted}" is not a number`);
  return withFact(found, `the language of ${path}`, (language) =>
    decided(language === toNumber(wanted), `its language is ${language}`),
  );
}

function compareTime(rule: Rule, name: 'Created' | 'Modified', foundMs: number | undefined, path: string): Answer {
  const text = rule.attributes[name];
  if (text === undefined) return undecided(`the rule has no ${name}`);
  // Times without an offset are UTC.
  const wanted = Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(text.trim()) ? text : `${text.trim()}Z`);
  if (Number.isNaN(wanted)) return undecided(`${name} "${text}" is not a time`);
  return withFact(foundMs, `the time of ${path}`, (found) =>
    compared(
      compareBy(rule.attributes.Comparison, Math.floor(found / 1000) - Math.floor(wanted / 1000)),
      `${path} is of ${new Date(found).toISOString()}, wanted ${rule.attributes.Comparison ?? 'EqualTo'} ${text}`,
    ),
  );
}

/** Duplicate backslashes go, save the two that begin a network name. */
function cleanPath(path: string): string {
  const isNetwork = path.startsWith('\\\\');
  const cleaned = path.replace(/\\{2,}/g, '\\');
  return isNetwork ? `\\${cleaned}` : cleaned;
}
