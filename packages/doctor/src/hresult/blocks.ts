// Ranges of result codes that have one cause each. Windows gives out numbers by facility: the second half of such a
// code says little. The first range that holds a code counts.
import type { FindingCode } from '../words/codes.ts';

export const blocks: readonly { from: number; to: number; cause: FindingCode }[] = [
  // Windows Installer (MSI), the component store and servicing, Delivery Optimization.
  { from: 0x80070641, to: 0x80070690, cause: 'DOCTOR_INSTALL_FAILED' },
  { from: 0x800736b0, to: 0x800737ff, cause: 'DOCTOR_COMPONENT_STORE' },
  // Installers that failed beside a sound store.
  { from: 0x800f0922, to: 0x800f0923, cause: 'DOCTOR_INSTALL_FAILED' },
  { from: 0x800f0800, to: 0x800f0fff, cause: 'DOCTOR_COMPONENT_STORE' },
  { from: 0x80d00000, to: 0x80d0ffff, cause: 'DOCTOR_DOWNLOAD_FAILED' },
  // Schannel and its packages. Cryptography and trust of files.
  { from: 0x80090300, to: 0x80090380, cause: 'DOCTOR_TLS_HANDSHAKE' },
  { from: 0x80092000, to: 0x80092fff, cause: 'DOCTOR_SIGNATURE_REFUSED' },
  { from: 0x80096000, to: 0x80096fff, cause: 'DOCTOR_SIGNATURE_REFUSED' },
  { from: 0x800b0000, to: 0x800b01ff, cause: 'DOCTOR_SIGNATURE_REFUSED' },
  // Native web services (WS_E_…): what was said to a web service, or came back.
  { from: 0x803d0000, to: 0x803d00ff, cause: 'DOCTOR_CLIENT_WEB_SERVICE' },
  // Set-up of Windows itself: feature updates.
  { from: 0xc1800000, to: 0xc190ffff, cause: 'DOCTOR_INSTALL_FAILED' },
  // The Extensible Storage Engine under the agent's datastore.
  { from: 0xc8000001, to: 0xc800ffff, cause: 'DOCTOR_DATASTORE' },
  { from: 0x80072ee0, to: 0x80072fff, cause: 'DOCTOR_CONNECTION_CUT' },
  { from: 0x80200000, to: 0x802000ff, cause: 'DOCTOR_BITS' },
  { from: 0x80241000, to: 0x80243003, cause: 'DOCTOR_INSTALL_FAILED' },
  { from: 0x8024402f, to: 0x80244035, cause: 'DOCTOR_METADATA_INVALID' },
  // The rest is the agent's own: WMI, its name, its state.
  { from: 0x80244000, to: 0x80244fff, cause: 'DOCTOR_AGENT_ERROR' },
  // The redirector leads to Microsoft's services alone.
  { from: 0x80245000, to: 0x80245fff, cause: 'DOCTOR_MICROSOFT_UNREACHABLE' },
  { from: 0x80246006, to: 0x80246009, cause: 'DOCTOR_BITS' },
  { from: 0x80246000, to: 0x80246fff, cause: 'DOCTOR_DOWNLOAD_FAILED' },
  { from: 0x80248000, to: 0x80248fff, cause: 'DOCTOR_DATASTORE' },
  { from: 0x80249000, to: 0x80249fff, cause: 'DOCTOR_REPORTER' },
  { from: 0x8024c000, to: 0x8024cfff, cause: 'DOCTOR_DRIVER' },
  { from: 0x8024d000, to: 0x8024dfff, cause: 'DOCTOR_SETUP_FAILED' },
  { from: 0x8024e000, to: 0x8024efff, cause: 'DOCTOR_METADATA_INVALID' },
  { from: 0x8024f000, to: 0x8024ffff, cause: 'DOCTOR_REPORTER' },
];
