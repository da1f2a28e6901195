// The meaning of the logs of servicing and set-up: DISM.log, CBS.log, setupact.log and setuperr.log. Rules as data, in
// the order they are tried. Lines without a rule are judged by their code. Warnings and errors in passing may have done
// no harm.
import { publishedCodes as hr } from '@moult/protocol/hresult';
import type { LineRule } from '../line-rule.ts';

/** The files of a component are nowhere to be had. */
const sourceMissing = [hr.CBS_E_SOURCE_MISSING, 0x800f0906, 0x800f0950];
/** A policy keeps Windows from fetching them, or sends it to an update server that has no such files. */
const sourceForbidden = [0x800f0907, 0x800f0954];
const storeDamaged = [
  hr.ERROR_SXS_COMPONENT_STORE_CORRUPT,
  hr.ERROR_SXS_ASSEMBLY_NOT_FOUND,
  hr.ERROR_SXS_TRANSACTION_CLOSURE_INCOMPLETE,
  hr.CBS_E_STORE_CORRUPTION,
  0x800f0982,
  0x800f0985,
  0x800f0986,
  0x800f0988,
  0x800f0991,
  hr.ERROR_FILE_CORRUPT,
];
/** An installer among the parts of an update failed: it says nothing of the store. */
const partFailed = [hr.CBS_E_INSTALLERS_FAILED, 0x800f0923, 0x800f0920, 0x800f0900, 0x800f0902, 0x800f0845, 0x800f0805];
const upgradeBlocked = [0xc1900200, 0xc1900202, 0xc1900204, 0xc1900208, 0xc1900210];
const upgradeFailed = [
  0xc1900101,
  0xc1900106,
  0xc1900107,
  0xc1900109,
  0xc190010d,
  0xc190012e,
  0xc1900201,
  0xc1800118,
  0xc190020f,
  hr.ERROR_GEN_FAILURE,
];

export const servicingRules: readonly LineRule[] = [
  {
    id: 'servicing-done',
    text: /(?:processing complete|finali[sz]ed|Operation result|completed|exit code).*(?:0x0+\b(?![1-9a-f])|S_OK\b)|The operation completed successfully|Overall progress: 100/i,
    stage: 'installation',
    outcome: 'succeeded',
  },
  {
    id: 'servicing-store-sound',
    text: /No component store corruption detected|Component Store .*is repairable: no/i,
    stage: 'installation',
    outcome: 'succeeded',
  },
  {
    id: 'servicing-source',
    codes: sourceMissing,
    stage: 'installation',
    outcome: 'failed',
    finding: 'DOCTOR_SERVICING_SOURCE',
  },
  {
    id: 'servicing-source-forbidden',
    codes: sourceForbidden,
    stage: 'installation',
    outcome: 'failed',
    finding: 'DOCTOR_SERVICING_POLICY',
  },
  {
    id: 'servicing-store',
    codes: storeDamaged,
    stage: 'installation',
    outcome: 'failed',
    finding: 'DOCTOR_COMPONENT_STORE',
  },
  {
    id: 'servicing-store-words',
    text: /component store (?:has been |is )?(?:corrupt|damaged)|CBS (?:MUM|Manifest|Catalog) (?:Corrupt|Missing)|CSI .*Corrupt|Total Detected Corruption:\s*[1-9]|Cannot repair member file/i,
    stage: 'installation',
    outcome: 'failed',
    finding: 'DOCTOR_COMPONENT_STORE',
  },
  {
    id: 'servicing-part',
    codes: partFailed,
    stage: 'installation',
    outcome: 'failed',
    finding: 'DOCTOR_INSTALL_FAILED',
  },
  { id: 'setup-disk', codes: [0xc190020e], stage: 'installation', outcome: 'failed', finding: 'DOCTOR_DISK_FULL' },
  {
    id: 'setup-blocked',
    codes: upgradeBlocked,
    stage: 'installation',
    outcome: 'failed',
    finding: 'DOCTOR_UPGRADE_BLOCKED',
  },
  {
    id: 'setup-failed',
    codes: upgradeFailed,
    stage: 'installation',
    outcome: 'failed',
    finding: 'DOCTOR_UPGRADE_FAILED',
  },
  {
    id: 'setup-blocked-words',
    text: /Hardblock|compat.*\bblock(?:ed|ing|er)\b|does not meet .*requirements/i,
    stage: 'installation',
    outcome: 'failed',
    finding: 'DOCTOR_UPGRADE_BLOCKED',
  },
];
