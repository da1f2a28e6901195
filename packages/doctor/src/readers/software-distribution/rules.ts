// The meaning of the lines of SoftwareDistribution.log, by the class and method that wrote them. Rules as data, in the
// order they are tried. Anybody can add one.
import { publishedCodes as hr } from '@moult/protocol/hresult';
import type { LineRule } from '../line-rule.ts';
import { contentCauses, databaseCauses, upstreamCauses } from './causes.ts';

const signerExpired = hr.CERT_E_EXPIRED;

export const serverRules: readonly LineRule[] = [
  {
    // Two downloads of one file that several updates share meet: the service ends and is started again.
    id: 'wsus-shared-download',
    text: /spFireStateMachineEvent\w* (?:found invalid EventName|got failure)|FileOnServerActualStateMachine/i,
    stage: 'download',
    outcome: 'failed',
    values: { knownAs: 'shared-download' },
  },
  {
    // The lines of a program while it stops or is recycled.
    id: 'wsus-stopping',
    text: /ThreadAbortException|Thread was being aborted|Der Thread wurde abgebrochen|Le thread a été abandonné|スレッドを中止/i,
    stage: 'other',
    outcome: 'noted',
    finding: 'harmless',
  },
  {
    // The loser of a deadlock does its work again by itself.
    id: 'wsus-deadlock',
    text: /deadlock(?:ed| victim|opfer)|Deadlocksituation|interblocage|interbloqueo|デッドロック|взаимоблокиров|死锁|\bNumber: 1205\b/i,
    stage: 'database',
    outcome: 'noted',
    finding: 'harmless',
  },
  {
    id: 'wsus-database-talk',
    text: /Changed database context to|Changed language setting to|Datenbankkontext (?:wurde )?(?:auf|in)|Le contexte de la base de données a changé|データベース コンテキストが/i,
    stage: 'database',
    outcome: 'noted',
    finding: 'harmless',
  },
  {
    id: 'wsus-signer-expired',
    from: /CabUtilities|CheckCertificateSignature/,
    text: /fail(?:ed)? for (?<file>.+?) with/i,
    codes: [signerExpired],
    stage: 'trust',
    outcome: 'failed',
    finding: 'DOCTOR_CONTENT_SIGNER_EXPIRED',
  },
  {
    id: 'wsus-signature-refused',
    from: /CabUtilities|CheckCertificateSignature/,
    text: /(?:verif|signature|certificate|cert)\w*.*fail\w*(?: for (?<file>.+?) with)?/i,
    stage: 'trust',
    outcome: 'failed',
    finding: 'DOCTOR_CONTENT_REFUSED',
  },
  { id: 'wsus-file-deleted', text: /^Invalid file deleted/i, stage: 'trust', outcome: 'noted', finding: 'harmless' },
  {
    id: 'wsus-upstream',
    from: /CatalogSync|ServerSync|WebServiceCommunication|Subscription|DssAuth|USSProxy|Rollup|ReportingDataSync|ConfigurationSync|AuthorizationManager/i,
    stage: 'server-sync',
    outcome: 'failed',
    finding: upstreamCauses,
  },
  {
    id: 'wsus-content',
    from: /ContentSync|ContentFolder|FileUtil|CabUtil|HmtContent|ContentDirectory|WsusContent/i,
    stage: 'download',
    outcome: 'failed',
    finding: contentCauses,
  },
  {
    id: 'wsus-sync-ended',
    text: /report subscription failed|^Sync(?:hronization)? failed/i,
    stage: 'server-sync',
    outcome: 'failed',
    finding: 'DOCTOR_SYNCHRONIZATION',
  },
  { id: 'wsus-database', stage: 'database', outcome: 'failed', finding: databaseCauses },
  {
    // Program and database are of different versions, or a feature of .NET is missing.
    id: 'wsus-constructor',
    from: /\.\.c?ctor$|\.Initialize\w*$/i,
    text: /exception|error/i,
    stage: 'server-setup',
    outcome: 'failed',
    finding: 'DOCTOR_POST_INSTALL',
  },
  {
    id: 'wsus-constructor-words',
    text: /Exception in \w+ constructor|(?:TypeInitialization|TypeLoad|MissingMethod)Exception/i,
    stage: 'server-setup',
    outcome: 'failed',
    finding: 'DOCTOR_POST_INSTALL',
  },
];
