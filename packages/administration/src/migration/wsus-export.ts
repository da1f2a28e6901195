// Reads groups, computers, memberships, approvals, declined updates and rules out of the records of an export. The names of
// fields tell them apart: those of the UpdateServices API, of the public views of SUSDB, and of our script.
import { type DeploymentAction, toUpdateId } from '@moult/catalog';
import { type ExportFile, type ExportRecord, unusable } from './records.ts';

interface WsusGroup {
  groupId: string;
  name: string;
  parentId: string | undefined;
}

/** An approval of a WSUS, from an export or from its answers. */
export interface WsusApproval {
  updateId: string;
  groupId: string;
  action: DeploymentAction;
  deadline: Date | undefined;
  /** Not before. */
  goesLive: Date | undefined;
  approvalId: string | undefined;
  /** The WSUS approves one revision. Undefined when the export does not say it. */
  revisionNumber: number | undefined;
}

/** One update on one computer, as the WSUS itself says it. */
interface WsusOffer {
  computerId: string;
  updateId: string;
  /** The approval in force, if the record tells it: by its id, or by its action and group. */
  approval: { approvalId: string } | { action: DeploymentAction; groupId: string | undefined } | undefined;
  state: ReportedState | undefined;
}

/** In the order of the numbers of the public views. */
const reportedStates = [
  'unknown',
  'notApplicable',
  'notInstalled',
  'downloaded',
  'installed',
  'failed',
  'pendingReboot',
] as const;
export type ReportedState = (typeof reportedStates)[number];

export interface WsusExport {
  /** Of the server, as far as the export says. */
  server: { name: string | undefined; isReplica: boolean; isClientTargeting: boolean };
  groups: WsusGroup[];
  computers: { computerId: string; name: string }[];
  memberships: { computerId: string; groupId: string }[];
  /** Undefined when the export has none of this kind, not even an empty list. */
  approvals: WsusApproval[] | undefined;
  /** By an administrator: not because the publisher expired them. */
  declined: string[] | undefined;
  expired: number;
  offers: WsusOffer[];
  /** Names of updates, for those that are not here. */
  titles: Map<string, string>;
  rules: unknown[];
  products: string[];
  classifications: string[];
  /** Records that are of no kind that is taken over. */
  passedOver: number;
}

/** Throws AdministrationError ADMINISTRATION_MIGRATION for a record that says something impossible, or was cut off. */
export function readWsusExport(files: readonly ExportFile[]): WsusExport {
  const found: WsusExport = {
    ...{ server: { name: undefined, isReplica: false, isClientTargeting: false }, groups: [], computers: [] },
    ...{ memberships: [], approvals: undefined, declined: undefined, expired: 0, titles: new Map(), rules: [] },
    ...{ products: [], classifications: [], offers: [], passedOver: 0 },
  };
  for (const { name, records } of files) {
    if (/approval/i.test(name)) found.approvals ??= [];
    if (/update|declin/i.test(name) && !/approval/i.test(name)) found.declined ??= [];
    for (const record of records) take(found, record);
  }
  checkTree(found.groups);
  return found;
}

function take(found: WsusExport, record: ExportRecord): void {
  const has = (...names: string[]) => names.every((name) => record.fields.has(name));
  const isOf = (type: RegExp) => record.types.some((one) => type.test(one));
  if (has('computertargetgroups') && (has('categories') || has('updateclassifications')))
    found.rules.push(ruleOf(record));
  else if (has('updateid', 'computertargetid')) found.offers.push(offerOf(record));
  else if (has('updateid', 'computertargetgroupid')) takeApproval(found, record);
  else if (has('computertargetid', 'computertargetgroupid')) takeMembership(found, record);
  else if (has('isdeclined') && (has('updateid') || has('id'))) takeUpdate(found, record);
  else if (has('computertargetgroupid', 'name') || has('parentid', 'name') || isOf(/ComputerTargetGroup$/))
    found.groups.push(groupOf(record));
  else if (has('computertargetid') || has('computertargetgroupids') || has('fulldomainname'))
    takeComputer(found, record);
  else if (has('products', 'classifications')) {
    found.products.push(...idsIn(record, 'products'));
    found.classifications.push(...idsIn(record, 'classifications'));
  } else if (has('isreplicaserver') || has('targetingmode')) takeServer(found, record);
  else found.passedOver++;
}

function groupOf(record: ExportRecord): WsusGroup {
  const parent = optionalId(record, 'parenttargetgroupid', 'parentid', 'parentgroupid');
  const name = textOf(record, 'name').trim();
  // Policies separate names of groups by semicolons.
  if (name === '' || name.length > 255 || /[;\p{Cc}]/u.test(name))
    refuse(record, `"${name.slice(0, 80)}" cannot be the name of a group here. Rename it on the WSUS`);
  const groupId = idOf(record, 'computertargetgroupid', 'id');
  return { groupId, name, parentId: parent === noGuid ? undefined : parent };
}

function takeComputer(found: WsusExport, record: ExportRecord): void {
  const computerId = idOf(record, 'computertargetid', 'id');
  found.computers.push({ computerId, name: textOf(record, 'fulldomainname', 'name').trim() });
  for (const groupId of idsIn(record, 'computertargetgroupids')) found.memberships.push({ computerId, groupId });
}

function takeMembership(found: WsusExport, record: ExportRecord): void {
  // A member of a group is a member of its parents, too. An administrator did not choose these.
  if (isFalse(record.fields.get('isexplicitmember'))) return;
  const groupId = idOf(record, 'computertargetgroupid');
  found.memberships.push({ computerId: idOf(record, 'computertargetid'), groupId });
}

function takeApproval(found: WsusExport, record: ExportRecord): void {
  const action = actionOf(record, 'action');
  const approval = {
    ...{ updateId: idOf(record, 'updateid'), groupId: idOf(record, 'computertargetgroupid'), action },
    ...{ deadline: dateOf(record, 'deadline'), goesLive: dateOf(record, 'golivetime') },
    ...{ approvalId: optionalId(record, 'updateapprovalid', 'id'), revisionNumber: revisionIn(record) },
  };
  found.approvals ??= [];
  found.approvals.push(approval);
}

/** Of the script, or an object of the API with the revision in it. */
function revisionIn({ fields }: ExportRecord): number | undefined {
  const nested = fields.get('updateid');
  const inside = isRecord(nested)
    ? Object.entries(nested).find(([key]) => /^revisionnumber$/i.test(key))?.[1]
    : undefined;
  const revision = Number(fields.get('revisionnumber') ?? inside);
  return Number.isSafeInteger(revision) && revision > 0 ? revision : undefined;
}

function offerOf(record: ExportRecord): WsusOffer {
  const approvalId = optionalId(record, 'updateapprovalid');
  const groupId = optionalId(record, 'updateapprovaltargetgroupid');
  const action = record.fields.get('updateapprovalaction');
  const said =
    action === undefined || action === null || action === '' ? undefined : actionOf(record, 'updateapprovalaction');
  return {
    ...{ computerId: idOf(record, 'computertargetid'), updateId: idOf(record, 'updateid') },
    approval: approvalId !== undefined ? { approvalId } : said && { action: said, groupId },
    state: stateOf(record),
  };
}

function stateOf(record: ExportRecord): ReportedState | undefined {
  const said = textOf(record, 'updateinstallationstate', 'state').trim();
  if (/^[0-6]$/.test(said)) return reportedStates[Number(said)];
  const name = said.toLowerCase().replace(/^installedpendingreboot$/, 'pendingreboot');
  return reportedStates.find((one) => one.toLowerCase() === name);
}

function actionOf(record: ExportRecord, field: string): DeploymentAction {
  const said = textOf(record, field).trim().toLowerCase();
  const isOptional = isTrue(record.fields.get('isoptional'));
  const known: Record<string, DeploymentAction> = {
    ...{ install: isOptional ? 'OptionalInstall' : 'Install', 0: isOptional ? 'OptionalInstall' : 'Install' },
    ...{ uninstall: 'Uninstall', 1: 'Uninstall', notapproved: 'PreDeploymentCheck', 3: 'PreDeploymentCheck' },
    ...{ 2: 'PreDeploymentCheck', predeploymentcheck: 'PreDeploymentCheck', block: 'Block' },
  };
  return known[said] ?? refuse(record, `"${said.slice(0, 40)}" is not an action of an approval`);
}

function takeUpdate(found: WsusExport, record: ExportRecord): void {
  const updateId = idOf(record, 'updateid', 'id');
  found.declined ??= [];
  const title = textOf(record, 'title', 'defaulttitle');
  if (title !== '') found.titles.set(updateId, title.slice(0, 300));
  if (!isTrue(record.fields.get('isdeclined'))) return;
  if (/^(?:expired|1)$/i.test(textOf(record, 'publicationstate'))) found.expired++;
  else found.declined.push(updateId);
}

function takeServer(found: WsusExport, record: ExportRecord): void {
  const mode = textOf(record, 'targetingmode');
  found.server = {
    name: textOf(record, 'name', 'servername').trim().slice(0, 100) || found.server.name,
    isReplica: isTrue(record.fields.get('isreplicaserver')),
    isClientTargeting: /^(?:client|1)$/i.test(mode),
  };
}

/** With the names of the API, as readRule of rules takes them. */
function ruleOf({ fields }: ExportRecord): unknown {
  const names = [
    'Name',
    'Enabled',
    'Action',
    'UpdateClassifications',
    'Categories',
    'ComputerTargetGroups',
    'Deadline',
  ];
  return Object.fromEntries(
    names.flatMap((name) => (fields.has(name.toLowerCase()) ? [[name, fields.get(name.toLowerCase())]] : [])),
  );
}

/** A tree with All Computers on top, each group once. */
function checkTree(groups: readonly WsusGroup[]): void {
  const byId = new Map(groups.map((group) => [group.groupId, group]));
  for (const { groupId, name } of groups) {
    const seen = new Set<string>([groupId]);
    for (let id = byId.get(groupId)?.parentId; id !== undefined; id = byId.get(id)?.parentId) {
      if (seen.has(id)) throw unusable('The export', `the group "${name}" is inside itself`);
      seen.add(id);
    }
  }
}

const noGuid = '00000000-0000-0000-0000-000000000000';

function idOf(record: ExportRecord, ...names: string[]): string {
  const id = optionalId(record, ...names);
  return id ?? refuse(record, `${names[0]} is not a GUID. If the file was cut off, export with -Depth 4`);
}

function optionalId({ fields }: ExportRecord, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = fields.get(name);
    // A revision of an update is an object with the id in it.
    const nested = isRecord(value) ? Object.entries(value).find(([key]) => /^(?:updateid|id)$/i.test(key))?.[1] : value;
    const id = typeof nested === 'string' ? toUpdateId(nested) : undefined;
    if (id) return id;
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function idsIn({ fields }: ExportRecord, name: string): string[] {
  const value = fields.get(name);
  const all = Array.isArray(value) ? value : typeof value === 'string' ? value.split(/[\s,;]+/) : [];
  return all.flatMap((one) => (typeof one === 'string' ? (toUpdateId(one) ?? []) : []));
}

function textOf({ fields }: ExportRecord, ...names: string[]): string {
  for (const name of names) {
    const value = fields.get(name);
    if (typeof value === 'string' || typeof value === 'number') return String(value);
  }
  return '';
}

function isTrue(value: unknown): boolean {
  return value === true || /^(?:true|1)$/i.test(String(value));
}

function isFalse(value: unknown): boolean {
  return value === false || /^(?:false|0)$/i.test(String(value));
}

/** WSUS writes the end of time for none. A time that depends on the country of the server is refused, never guessed. */
function dateOf(record: ExportRecord, name: string): Date | undefined {
  const value = record.fields.get(name);
  if (value === undefined || value === null || value === '') return undefined;
  const date = value instanceof Date ? value : dateIn(String(value));
  if (!date)
    return refuse(record, `${name} "${String(value).slice(0, 40)}" is not a time of the form 2026-12-24 22:00:00`);
  return date.getUTCFullYear() >= 9999 ? undefined : date;
}

function dateIn(text: string): Date | undefined {
  const milliseconds = /^\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\/$/.exec(text)?.[1];
  if (milliseconds !== undefined) return new Date(Number(milliseconds));
  const parts = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$/.exec(text.trim());
  const date = parts && new Date(`${parts[1]}T${parts[2]}${(parts[3] ?? '').slice(0, 4)}${parts[4] ?? 'Z'}`);
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
}

function refuse({ file }: ExportRecord, why: string): never {
  throw unusable(file, why);
}
