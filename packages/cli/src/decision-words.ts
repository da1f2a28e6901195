// The words of decisions: as an administrator types them, and as lists show them again.
import type { DeploymentAction } from '@moult/catalog';

/** As typed → as MS-WUSP calls it. Not approved is still reported on by clients, as with WSUS. */
export const actions: Readonly<Record<string, DeploymentAction | 'Inherit'>> = {
  install: 'Install',
  'optional-install': 'OptionalInstall',
  uninstall: 'Uninstall',
  'detect-only': 'PreDeploymentCheck',
  'not-approved': 'PreDeploymentCheck',
  block: 'Block',
  'same-as-parent': 'Inherit',
};

/** `not-approved` for `PreDeploymentCheck`: what `moult approve --action` takes. */
export function actionWord(action: string): string {
  if (action === 'PreDeploymentCheck') return 'not-approved';
  return Object.keys(actions).find((word) => actions[word] === action) ?? action;
}
