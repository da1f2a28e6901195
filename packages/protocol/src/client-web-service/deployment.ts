import { boolean, integer, oneOf, text } from '../soap/scalars.ts';
import { list, optional, record, required, type Value } from '../soap/shape.ts';

/** MS-WUSP 2.2.2.2.4. Real WSUS sends exactly seven members for a plain approval, on every update. */
export const deployment = record({
  id: required('ID', integer),
  action: required(
    'Action',
    oneOf('OptionalInstall', 'Install', 'Uninstall', 'PreDeploymentCheck', 'Block', 'Evaluate', 'Bundle'),
  ),
  deadline: optional('Deadline', text),
  isAssigned: required('IsAssigned', boolean),
  /** A date only: YYYY-MM-DD. */
  lastChangeTime: required('LastChangeTime', text),
  downloadPriority: optional('DownloadPriority', text),
  hardwareIds: list('HardwareIds', 'string', text),
  autoSelect: optional('AutoSelect', text),
  autoDownload: optional('AutoDownload', text),
  supersedenceBehavior: optional('SupersedenceBehavior', text),
  flagBitmask: optional('FlagBitmask', text),
});
export type Deployment = Value<typeof deployment>;
