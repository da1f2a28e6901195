// Base rules about the registry. A missing key or value makes a rule false. An unreadable one makes it unknown.
import { compareBy, compareStrings, isTrue, orderVersions } from './compare.ts';
import type { RegistryKey, RegistryValue } from './facts.ts';
import { all, any } from './logic.ts';
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

export const registryRules: Record<string, RuleEvaluator> = {
  'b.RegKeyExists': (rule, context) =>
    withKey(rule, context, (key) =>
      withFact(context.facts.registryKeyExists?.(key), nameOf(key), (exists) =>
        decided(exists, `${nameOf(key)} ${exists ? 'exists' : 'does not exist'}`),
      ),
    ),
  'b.RegValueExists': (rule, context) =>
    withValue(rule, context, ({ type }, name) => {
      const wanted = rule.attributes.Type;
      return decided(wanted === undefined || wanted === type, `${name} is a ${type}`);
    }),
  'b.RegDword': (rule, context) =>
    withAttributes(rule, ['Value', 'Comparison', 'Data'], (_, token, data) =>
      withValue(rule, context, ({ type, data: found }, name) =>
        type === 'REG_DWORD' && typeof found === 'number'
          ? compareNumber(token, found >>> 0, data)
          : decided(false, `${name} is a ${type}`),
      ),
    ),
  'b.RegSz': (rule, context) => stringRule(rule, context, 'REG_SZ'),
  'b.RegExpandSz': (rule, context) => stringRule(rule, context, 'REG_EXPAND_SZ'),
  'b.RegSzToVersion': (rule, context) =>
    withAttributes(rule, ['Value', 'Comparison', 'Data'], (_, token, data) =>
      withValue(rule, context, (value, name) => {
        if (typeof value.data !== 'string') return decided(false, `${name} is a ${value.type}`);
        const order = orderVersions(value.data, data);
        const says = `${name} is "${value.data}", wanted ${token} ${data}`;
        return order === undefined
          ? undecided(`${says}, which is not a version`)
          : compared(compareBy(token, order), says);
      }),
    ),
  'b.WUv4RegKeyValue': (rule, context) => legacyMatch(rule, context, 'EqualTo'),
  'b.WUv4RegKeySubstring': (rule, context) => legacyMatch(rule, context, 'Contains'),
  'b.RegKeyLoop': (rule, context, evaluate) => {
    const inner = rule.children[0];
    if (!inner || rule.children.length !== 1) return undecided('a loop needs exactly one rule');
    return withKey(rule, context, (key) => {
      const subkeys = context.facts.registrySubkeys?.(key);
      if (subkeys === undefined) return undecided(`the subkeys of ${nameOf(key)} are not known`);
      const verdicts = (subkeys ?? []).map((name) =>
        evaluate(inner, {
          ...context,
          path: `${context.path}/${inner.name}{${name}}`,
          loopTarget: { hive: key.hive, subkey: joinKey(key.subkey, name), view: key.view },
        }),
      );
      return overLoop(rule.attributes.TrueIf, verdicts);
    });
  },
  'b.ClusterResourceOwner': (rule, context) =>
    withValue(rule, context, ({ data }, name) => {
      if (typeof data !== 'string') return decided(false, `${name} is not a string`);
      const resource = (rule.attributes.Prefix ?? '') + data + (rule.attributes.Suffix ?? '');
      return withFact(context.facts.ownsClusterResource?.(resource), `cluster resource ${resource}`, (owns) =>
        decided(owns, `this node ${owns ? 'owns' : 'does not own'} ${resource}`),
      );
    }),
};

/** The key a rule means. HKEY_LOOP_TARGET stands for the running subkey of the loop around it. */
function withKey(rule: Rule, context: RuleContext, decide: (key: RegistryKey) => Answer): Answer {
  return withAttributes(rule, ['Key'], (hive) => {
    const subkey = (rule.attributes.Subkey ?? '').replace(/^\\+|\\+$/g, '');
    const view = isTrue(rule.attributes.RegType32) ? '32' : 'native';
    if (hive.toUpperCase() !== 'HKEY_LOOP_TARGET') return decide({ hive: hive.toUpperCase(), subkey, view });
    const target = context.loopTarget;
    if (!target) return undecided('HKEY_LOOP_TARGET outside a loop');
    return decide({
      hive: target.hive,
      subkey: joinKey(target.subkey, subkey),
      view: view === '32' ? view : target.view,
    });
  });
}

/** As withKey, for the value that the rule's Value names (the default value when it names none). */
export function withValue(
  rule: Rule,
  context: RuleContext,
  decide: (value: RegistryValue, name: string) => Answer,
): Answer {
  return withKey(rule, context, (key) => {
    const value = rule.attributes.Value ?? '';
    const name = `${nameOf(key)} ${value || '(default)'}`;
    return withFact(context.facts.registryValue?.(key, value), name, (found) => decide(found, name));
  });
}

function stringRule(rule: Rule, context: RuleContext, type: string): Answer {
  return withAttributes(rule, ['Value', 'Comparison', 'Data'], (_, token, data) =>
    withValue(rule, context, (value, name) => {
      if (value.type !== type || typeof value.data !== 'string') return decided(false, `${name} is a ${value.type}`);
      return compared(compareStrings(token, value.data, data), `${name} is "${value.data}", wanted ${token} "${data}"`);
    }),
  );
}

function legacyMatch(rule: Rule, context: RuleContext, token: string): Answer {
  return withAttributes(rule, ['Data'], (data) =>
    withValue(rule, context, (value, name) => {
      if (typeof value.data !== 'string' && typeof value.data !== 'number')
        return undecided(`${name} is a ${value.type}`);
      return compared(compareStrings(token, String(value.data), data), `${name} is "${value.data}"`);
    }),
  );
}

function overLoop(trueIf: string | undefined, verdicts: ReturnType<Parameters<RuleEvaluator>[2]>[]): Answer {
  switch (trueIf?.toLowerCase()) {
    case 'any':
      return any(verdicts);
    case 'all':
      // Nothing says what All means over no subkey at all.
      return verdicts.length === 0 ? undecided('there is no subkey to hold for') : all(verdicts);
    case 'none': {
      const some = any(verdicts);
      return { ...some, value: some.value === undefined ? undefined : !some.value };
    }
    default:
      return undecided(`TrueIf "${trueIf ?? ''}" is not Any, All or None`);
  }
}

function joinKey(...parts: string[]): string {
  return parts.filter((part) => part !== '').join('\\');
}

function nameOf({ hive, subkey, view }: RegistryKey): string {
  return `${hive}\\${subkey}${view === '32' ? ' (32-bit view)' : ''}`;
}
