// SyncUpdates replies as a server sends them on a first scan: categories, each with identities that no coder can guess.
// Built after the real replies in fixtures/captures/wsus-m0-native/scan. The bytes are the same every time.

/** At least `sizeBytes` of XML, cut there. */
export function categoryList(sizeBytes: number): Uint8Array {
  const random = createRandom();
  const parts: string[] = [];
  let length = 0;
  for (let index = 0; length < sizeBytes; index++) {
    const part = updateInfo(index, random);
    parts.push(part);
    length += part.length;
  }
  return new TextEncoder().encode(parts.join('').slice(0, sizeBytes));
}

type Random = (limit: number) => number;

function updateInfo(index: number, random: Random): string {
  const id = 10_000 + index * 3 + random(3);
  const day = `2026-${two(1 + random(12))}-${two(1 + random(28))}`;
  const core =
    `<UpdateIdentity UpdateID="${guid(random)}" RevisionNumber="${100 + random(200)}" />` +
    `<Properties UpdateType="Category" />${relationships(random)}` +
    `<ApplicabilityRules><IsInstalled>${rule(random)}</IsInstalled></ApplicabilityRules>`;
  return (
    `<UpdateInfo><ID>${id}</ID><Deployment><ID>${20_000 + random(60_000)}</ID><Action>Evaluate</Action>` +
    `<IsAssigned>true</IsAssigned><LastChangeTime>${day}</LastChangeTime><AutoSelect>0</AutoSelect>` +
    `<AutoDownload>0</AutoDownload><SupersedenceBehavior>0</SupersedenceBehavior><FlagBitmask>0</FlagBitmask>` +
    `</Deployment><IsLeaf>${random(4) === 0}</IsLeaf><Xml>${escaped(core)}</Xml></UpdateInfo>`
  );
}

function relationships(random: Random): string {
  const parents = Array.from({ length: 1 + random(3) }, () => `<UpdateIdentity UpdateID="${guid(random)}" />`).join('');
  return `<Relationships><Prerequisites><AtLeastOne IsCategory="true">${parents}</AtLeastOne></Prerequisites></Relationships>`;
}

function rule(random: Random): string {
  if (random(3) === 0) return '<True />';
  const version = `MajorVersion="${5 + random(6)}" MinorVersion="${random(4)}" ProductType="${1 + random(3)}"`;
  return `<b.WindowsVersion Comparison="GreaterThanOrEqualTo" ${version} />`;
}

function guid(random: Random): string {
  const digits = Array.from({ length: 32 }, () => random(16).toString(16)).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function escaped(xml: string): string {
  return xml.replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

function createRandom(): Random {
  let state = 20260101;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(((state >>> 8) / 2 ** 24) * limit);
  };
}
