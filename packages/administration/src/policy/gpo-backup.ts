// A backup of a Group Policy object, for Import-GPO or "Import Settings" of the management console. Its schema was never
// published: this follows public backups, and no console has read it here.
import type { ExportedFile, ExportOptions } from './formats.ts';

const registryExtension = '{35378EAC-683F-11D2-A89A-00C04FBBCFA2}';
const extensions = `[${registryExtension}{D02B1F72-3407-48AE-BA88-E8213C6761F1}]`;
const operations = 'http://www.microsoft.com/GroupPolicy/GPOOperations';
const name = 'Moult update server';
const comment = 'Made by Moult. For import into another object, not for restore.';

/** The folder `{GUID}` with its index. The domain in it is an example: an import takes the settings alone. */
export function backupFiles(
  policy: Uint8Array,
  { now, newGuid }: Pick<ExportOptions, 'now' | 'newGuid'>,
): ExportedFile[] {
  const [backup = '', object = '', domain = ''] = Array.from({ length: 3 }, () => `{${newGuid().toUpperCase()}}`);
  const instance = instanceOf(backup, object, domain, now);
  const manifest = `${operations}/Manifest`;
  const file = (path: string, text: string): ExportedFile => ({ name: path, bytes: Buffer.from(text) });
  return [
    file(
      'manifest.xml',
      `<Backups xmlns="${manifest}" xmlns:mfst="${manifest}" mfst:version="1.0"><BackupInst>${instance}</BackupInst></Backups>`,
    ),
    file(`${backup}/bkupInfo.xml`, `<BackupInst xmlns="${manifest}">${instance}</BackupInst>`),
    file(`${backup}/Backup.xml`, content(object)),
    { name: `${backup}/DomainSysvol/GPO/Machine/registry.pol`, bytes: policy },
  ];
}

function instanceOf(backup: string, object: string, domain: string, now: Date): string {
  return [
    element('GPOGuid', object),
    element('GPODomain', 'example.com'),
    element('GPODomainGuid', domain),
    element('GPODomainController', 'dc.example.com'),
    element('BackupTime', now.toISOString().slice(0, 19)),
    element('ID', backup),
    element('Comment', comment),
    element('GPODisplayName', name),
  ].join('');
}

function content(object: string): string {
  const path = `\\\\dc.example.com\\sysvol\\example.com\\Policies\\${object}\\Machine\\registry.pol`;
  // 65537: one change of the machine's half, in the directory and in SYSVOL.
  const core = [
    element('ID', object),
    element('Domain', 'example.com'),
    element('DisplayName', name),
    element('Options', '0'),
    element('UserVersionNumber', '0'),
    element('MachineVersionNumber', '65537'),
    element('MachineExtensionGuids', extensions),
    element('UserExtensionGuids', ''),
    '<WMIFilter/>',
  ].join('');
  return (
    `<?xml version="1.0" encoding="utf-8"?><GroupPolicyBackupScheme bkp:version="2.0" bkp:type="GroupPolicyBackupTemplate" xmlns:bkp="${operations}" xmlns="${operations}">` +
    `<GroupPolicyObject><SecurityGroups/><FilePaths/><GroupPolicyCoreSettings>${core}</GroupPolicyCoreSettings>` +
    `<GroupPolicyExtension bkp:ID="${registryExtension}" bkp:DescName="Registry">` +
    `<FSObjectFile bkp:Path="%GPO_MACH_FSPATH%\\registry.pol" bkp:SourceExpandedPath="${path}" bkp:Location="DomainSysvol\\GPO\\Machine\\registry.pol"/>` +
    `</GroupPolicyExtension></GroupPolicyObject>` +
    '</GroupPolicyBackupScheme>'
  );
}

/** All that varies here is GUIDs and times: nothing that could end a CDATA section. */
function element(tag: string, text: string): string {
  return `<${tag}><![CDATA[${text}]]></${tag}>`;
}
