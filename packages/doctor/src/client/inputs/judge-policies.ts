// Lists of Group Policy objects: whether the one about updates reaches the computer. Pure.
import { type Observation, observe } from '../../finding.ts';
import { registryPlaces as at, type ClientSettings } from '../settings.ts';
import type { PolicyRefusal, PolicySeen, SettingsSeen } from './seen.ts';

/** Names that people give to policies about updates. */
const aboutUpdates =
  /wsus|\bsus\b|update|patch|aktualisier|mises?[ _-][àa][ _-]jour|actualiza|aggiornament|更新|パッチ|обновл|aktualizac|uppdater|hotfix|moult/i;
/** Is everywhere, and empty nearly everywhere. */
const localPolicy =
  /^(?:local group policy|richtlinien der lokalen gruppe|strat[eé]gie de groupe locale?|directiva de grupo local|criteri di gruppo locali|ローカル グループ ?ポリシー|本地组策略|локальная групповая политика)$/i;

const words: Record<PolicyRefusal, string> = {
  security: 'security filtering denies it',
  filter: 'its WMI filter does not match this computer',
  empty: 'it holds no settings for computers',
  disabled: 'the object or its link is disabled',
  other: 'it was filtered out',
};

const steps: Record<PolicyRefusal, string> = {
  security:
    'In the Group Policy Management console select the object, Delegation, Advanced. Give the computer, or a group that it is in, the rights Read and Apply group policy. Authenticated Users, or Domain Computers, needs Read in any case (MS16-072). Remove a Deny that hits the computer.',
  filter:
    'In the Group Policy Management console look at WMI Filtering of the object. Correct the query, or link the object without it. Test the query on the computer with `Get-CimInstance -Query`.',
  empty:
    'Edit the object: Computer Configuration, Policies, Administrative Templates, Windows Components, Windows Update. Set "Specify intranet Microsoft update service location" and "Configure Automatic Updates". Settings under User Configuration have no effect on the agent.',
  disabled:
    'In the Group Policy Management console enable the link, and set GPO Status of the object to Enabled or "User configuration settings disabled".',
  other:
    'In the Group Policy Management console look at the scope of the object: links, security filtering, WMI filter, status.',
};

/** The findings of the lists. Nothing where a text has none. */
export function observePolicies(
  seen: SettingsSeen,
  settings: ClientSettings,
  subject: string[],
  client: string,
): Observation[] {
  const { policies } = seen;
  if (!policies) return [];
  const { applied, refused, scope, hasValues } = policies;
  const server = settings.text(at.policy, 'WUServer');
  const notLocal = refused.filter(({ name }) => !localPolicy.test(name.trim()));
  if (scope === 'user')
    return [
      unclear('the list is that of a user, and the agent reads policies of the computer alone', [
        ...applied,
        ...refused,
      ]),
    ];
  const named = notLocal.filter(({ name }) => aboutUpdates.test(name) && !applied.some((each) => each.name === name));
  const other = applied.find(({ name }) => aboutUpdates.test(name));
  // Values that are set are judged by themselves. An object that another one replaces does no harm.
  const verdict = server === undefined && !other ? 'fail' : 'unknown';
  if (named.length > 0) return named.map((policy) => filtered(policy, verdict));
  if (server !== undefined) return [];
  if (other) return [unclear(`"${other.name}" applies; its values are not in the list`, [other])];
  if (notLocal.length > 0 && hasValues) return notLocal.slice(0, 3).map((policy) => filtered(policy, 'unknown'));
  return [unclear('no object in the list is named after updates', [...notLocal, ...applied])];

  function filtered(policy: PolicySeen, decided: 'fail' | 'unknown'): Observation {
    const refusal = policy.refused ?? 'other';
    const values = { client, policy: policy.name, why: words[refusal], step: steps[refusal] };
    return observe('DOCTOR_POLICY_FILTERED', decided, [...subject, policy.name], values, [policy.evidence]);
  }

  function unclear(why: string, of: readonly PolicySeen[]): Observation {
    const evidence = of.slice(0, 5).map((policy) => policy.evidence);
    return observe('DOCTOR_POLICY_UNCLEAR', 'unknown', subject, { client, why }, evidence);
  }
}
