// Component Based Servicing rules, as far as documents define them: whether a package is there can be asked, whether it
// could be installed is Windows' own secret and stays unknown. Rules about products and device attributes have no
// published fact source and are unknown too.
import type { Rule } from './rules.ts';
import {
  type Answer,
  decided,
  type RuleContext,
  type RuleEvaluator,
  undecided,
  withAttributes,
  withFact,
} from './verdict.ts';

/** State of an installed package under `Component Based Servicing\Packages`. */
const installedState = 0x70;

export const servicingRules: Record<string, RuleEvaluator> = {
  CbsPackageInstalledByIdentity: (rule, context) =>
    withAttributes(rule, ['PackageIdentity'], (identity) => packageInstalled(identity, context)),
  CbsPackageInstalled: (_, context) => {
    const identity = packageIdentity(context.rules.metadata);
    return identity
      ? packageInstalled(identity, context)
      : undecided('the update has no package manifest with an identity');
  },
  CbsPackageInstallable: (_, context) => {
    const identity = packageIdentity(context.rules.metadata);
    if (!identity) return undecided('the update has no package manifest with an identity');
    const installed = packageInstalled(identity, context);
    return installed.value === true
      ? decided(false, installed.says)
      : undecided('only Windows can tell whether a package can be installed');
  },
  ProductReleaseInstalled: () => undecided('nothing published says where product releases are recorded'),
  ProductReleaseVersion: () => undecided('nothing published says where product releases are recorded'),
  DeviceAttribute: () => undecided('nothing published says how device attributes are measured'),
};

function packageInstalled(identity: string, { facts }: RuleContext): Answer {
  return withFact(facts.cbsPackageState?.(identity), `package ${identity}`, (state) =>
    decided(state === installedState, `package ${identity} is in state 0x${state.toString(16)}`),
  );
}

/** `Name~PublicKeyToken~Arch~Lang~Version` of the manifest in CbsPackageApplicabilityMetadata. */
function packageIdentity(metadata: readonly Rule[]): string | undefined {
  const holder = metadata.find(({ name }) => name === 'CbsPackageApplicabilityMetadata');
  const assembly = holder?.children.find(({ name }) => name === 'assembly');
  const identity = assembly?.children.find(({ name }) => name === 'assemblyIdentity')?.attributes;
  if (!identity?.name || !identity.version) return undefined;
  const language = identity.language ?? identity.culture ?? '';
  return [
    identity.name,
    identity.publicKeyToken ?? '',
    identity.processorArchitecture ?? '',
    language.toLowerCase() === 'neutral' ? '' : language,
    identity.version,
  ].join('~');
}
