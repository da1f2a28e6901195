// Output of PowerShell: lists (`Name : value`) and tables (a line of dashes below the names of the columns). Names of
// properties are English in every language. Here too are the two commands about updating that print such output.
import type { RegFacts } from '../../registry/reg-text.ts';
import { registryPlaces as at } from '../settings.ts';
import { addValue, evidenceAt, type SettingsInput, type UpdateServiceSeen } from './seen.ts';

interface Property {
  value: string;
  /** From 1. */
  line: number;
}

/** One object: its properties by lower-case name. */
type PrintedObject = ReadonlyMap<string, Property>;

/** Every object of lists and of tables. */
export function recordsOf(text: string): PrintedObject[] {
  return [...listsOf(text), ...tablesOf(text)];
}

function listsOf(text: string): PrintedObject[] {
  const objects: Map<string, Property>[] = [];
  let open: Map<string, Property> | undefined;
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '') {
      open = undefined;
      return;
    }
    const [, name, value = ''] = /^([A-Za-z_]\w{1,60})\s*:(?:\s(.*))?$/.exec(line) ?? [];
    if (name === undefined) return;
    // The same property again is the next object, also without a blank line between them.
    if (open?.has(name.toLowerCase())) open = undefined;
    if (!open) {
      open = new Map();
      objects.push(open);
    }
    open.set(name.toLowerCase(), { value: value.trim(), line: index + 1 });
  });
  return objects;
}

/** The places of the tables, and the names of their columns. */
export function columnsOf(text: string): { names: string[]; starts: number[]; line: number }[] {
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line, index) => {
    if (index === 0 || !/^\s*-{2,}(?:\s+-{2,})+\s*$/.test(line)) return [];
    const starts = [...line.matchAll(/-+/g)].map((dashes) => dashes.index);
    const header = lines[index - 1] ?? '';
    return [
      {
        names: starts.map((start, at) =>
          header
            .slice(start, starts[at + 1])
            .trim()
            .toLowerCase(),
        ),
        starts,
        line: index,
      },
    ];
  });
}

function tablesOf(text: string): PrintedObject[] {
  const lines = text.split(/\r?\n/);
  return columnsOf(text).flatMap(({ names, starts, line }) => {
    const objects: PrintedObject[] = [];
    for (let index = line + 1; index < lines.length && (lines[index] ?? '').trim() !== ''; index++) {
      const row = lines[index] ?? '';
      // Values at the right of their column may begin before its name, and long ones end behind it.
      const cuts = starts.map((start, at) => (at === 0 ? 0 : nearestBlank(row, start - 1)));
      objects.push(
        new Map(
          names.map((name, column) => [
            name,
            { value: row.slice(cuts[column], cuts[column + 1]).trim(), line: index + 1 },
          ]),
        ),
      );
    }
    return objects;
  });
}

/** The places where the columns part: the blank that is nearest to where the name of the next one begins. */
function nearestBlank(row: string, wanted: number): number {
  for (let away = 0; away <= row.length; away++) {
    for (const at of [wanted + away, wanted - away])
      if (at >= 0 && at < row.length && /\s/.test(row[at] ?? '')) return at;
  }
  return wanted;
}

/** Values under the policy key. All other known values are under its subkey AU. */
const policyNames = new Set(
  'WUServer WUStatusServer UpdateServiceUrlAlternate TargetGroup TargetGroupEnabled AcceptTrustedPublisherCerts ElevateNonAdmins DisableWindowsUpdateAccess DoNotConnectToWindowsUpdateInternetLocations DisableDualScan DeferFeatureUpdates DeferQualityUpdates DeferFeatureUpdatesPeriodInDays DeferQualityUpdatesPeriodInDays BranchReadinessLevel SetPolicyDrivenUpdateSourceForFeatureUpdates SetPolicyDrivenUpdateSourceForQualityUpdates SetPolicyDrivenUpdateSourceForDriverUpdates SetPolicyDrivenUpdateSourceForOtherUpdates'
    .split(' ')
    .map((name) => name.toLowerCase()),
);
const auNames = new Set(
  'UseWUServer NoAutoUpdate AUOptions ScheduledInstallDay ScheduledInstallTime DetectionFrequency DetectionFrequencyEnabled AutoInstallMinorUpdates RebootRelaunchTimeout RebootRelaunchTimeoutEnabled RescheduleWaitTime RescheduleWaitTimeEnabled NoAutoRebootWithLoggedOnUsers RebootWarningTimeout RebootWarningTimeoutEnabled UseUpdateClassPolicySource IncludeRecommendedUpdates'
    .split(' ')
    .map((name) => name.toLowerCase()),
);

export const updateSettings: SettingsInput = {
  title: 'output of Get-WUSettings',
  recognises(head) {
    if (/^PS(?:ParentPath|Path)\s*:/im.test(head)) return false;
    if (/\bGet-WUSettings\b/i.test(head)) return true;
    return listsOf(head).some(
      (object) => [...object.keys()].filter((name) => policyNames.has(name) || auNames.has(name)).length >= 2,
    );
  },
  read(text, source) {
    const registry: RegFacts = new Map();
    const lines = text.split(/\r?\n/);
    for (const object of listsOf(text)) {
      for (const [name, { value, line }] of object) {
        const key = policyNames.has(name) ? at.policy : auNames.has(name) ? at.policyAu : undefined;
        if (key === undefined || value === '') continue;
        const written = /^([A-Za-z_]\w*)/.exec((lines[line - 1] ?? '').trim())?.[1] ?? name;
        // `3 - Notify before installation` is 3. PowerShell's own words stand for 1 and 0.
        const number = /^(?:true|enabled)$/i.test(value)
          ? 1
          : /^(?:false|disabled)$/i.test(value)
            ? 0
            : Number(/^(\d{1,9})(?:\s*[-:(].*)?$/.exec(value)?.[1] ?? Number.NaN);
        const isText = /server|url|group$/i.test(name) && !/^use/i.test(name);
        const data =
          isText || Number.isNaN(number) ? { type: 'REG_SZ', data: value } : { type: 'REG_DWORD', data: number };
        addValue(registry, key, { name: written, ...data }, evidenceAt(source, lines, line - 1));
      }
    }
    return { source, registry, isWholePolicy: true };
  },
};

const managedId = '3da21691-e39d-4da6-8a4b-b43877bcb1b7';

export const updateServices: SettingsInput = {
  title: 'services that the agent may ask for updates',
  recognises(head) {
    return recordsOf(head).some((object) => {
      const has = (...names: string[]) => names.some((name) => object.has(name));
      return (
        has('name') &&
        has('isdefaultauservice', 'isregisteredwithau', 'isdefault') &&
        has('serviceid', 'ismanaged', 'isdefaultauservice')
      );
    });
  },
  read(text, source) {
    const lines = text.split(/\r?\n/);
    const found: UpdateServiceSeen[] = [];
    for (const object of recordsOf(text)) {
      const name = object.get('name');
      const chosen = object.get('isdefaultauservice') ?? object.get('isdefault');
      if (!name || (!chosen && !object.has('serviceid') && !object.has('ismanaged'))) continue;
      const id = object.get('serviceid')?.value.replace(/[{}]/g, '').toLowerCase();
      found.push({
        name: name.value,
        isManaged:
          id === undefined
            ? /^true$/i.test(object.get('ismanaged')?.value ?? '') || /server update service/i.test(name.value)
            : id === managedId,
        isDefault: chosen === undefined ? undefined : /^true$/i.test(chosen.value),
        evidence: evidenceAt(source, lines, (chosen ?? name).line - 1),
      });
    }
    return { source, updateServices: found };
  },
};
