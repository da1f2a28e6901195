// Our own rules (urn:moult:applicability-rules:1), for vendors who publish for Linux and macOS. docs/catalog.md says
// what each rule means. A name never changes its meaning. A new need gets a new name.
import { compareBy, compareStrings, orderParts, parseVersion, toNumber } from './compare.ts';
import { compareFileVersion } from './file-rules.ts';
import { comparePackageVersions } from './package-versions.ts';
import { type Answer, compared, decided, type RuleEvaluator, undecided, withAttributes, withFact } from './verdict.ts';

export const moultRules: Record<string, RuleEvaluator> = {
  OsRelease: (rule, { facts }) =>
    withAttributes(rule, ['Field', 'Value'], (field, wanted) =>
      withFact(facts.osRelease?.(field), `${field} of os-release`, (found) =>
        compareText(rule.attributes.Comparison, found, wanted, field),
      ),
    ),
  PackageVersion: (rule, { facts }) =>
    withAttributes(rule, ['Name'], (name) =>
      withFact(facts.packageVersion?.(rule.attributes.Manager ?? '', name), `package ${name}`, (found) => {
        const { Version, Comparison } = rule.attributes;
        if (Version === undefined) return decided(true, `package ${name} is installed in version ${found}`);
        const says = `package ${name} has version ${found}, wanted ${Comparison ?? 'EqualTo'} ${Version}`;
        return compared(comparePackageVersions(Comparison, found, Version, rule.attributes.Manager), says);
      }),
    ),
  FileExists: (rule, { facts }) =>
    withAttributes(rule, ['Path'], (path) => withFact(facts.file?.(path), path, () => decided(true, `${path} exists`))),
  FileVersion: (rule, { facts }) =>
    withAttributes(rule, ['Path', 'Comparison', 'Version'], (path, token, version) =>
      withFact(facts.file?.(path), path, (file) => compareFileVersion(token, file.version, version, path)),
    ),
  FileHash: (rule, { facts }) =>
    withAttributes(rule, ['Path', 'Digest'], (path, digest) => {
      const algorithm = (rule.attributes.Algorithm ?? 'sha256').toLowerCase().replace('-', '');
      return withFact(facts.fileHash?.(path, algorithm), path, (found) =>
        decided(found.toLowerCase() === hexadecimal(digest), `${algorithm} of ${path} is ${found}`),
      );
    }),
  CommandExit: (rule, { facts }) =>
    withAttributes(rule, ['Program'], (program) => {
      const args = rule.children.filter(({ name }) => name === 'Argument').map(({ text }) => text);
      const wanted = toNumber(rule.attributes.Code ?? '0');
      if (wanted === undefined) return undecided(`Code "${rule.attributes.Code}" is not a number`);
      return withFact(facts.commandExit?.(program, args), program, (code) =>
        decided(code === wanted, `${program} ends with ${code}`),
      );
    }),
};

function compareText(token: string | undefined, found: string, wanted: string, field: string): Answer {
  const says = `${field} is "${found}", wanted ${token ?? 'EqualTo'} "${wanted}"`;
  if (/^(less|greater)/i.test(token ?? '')) {
    const a = parseVersion(found);
    const b = parseVersion(wanted);
    return compared(a && b && compareBy(token, orderParts(a, b)), says);
  }
  return compared(compareStrings(token, found, wanted), says);
}

/** Digests are written in hexadecimal or base64. */
function hexadecimal(digest: string): string {
  const bare = digest.trim();
  return /^([0-9a-f]{2})+$/i.test(bare) ? bare.toLowerCase() : Buffer.from(bare, 'base64').toString('hex');
}
