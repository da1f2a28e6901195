// Settings of the log-on by an issuer of OpenID Connect.
import * as z from 'zod';
import { setting, text } from './values.ts';

const issuerUrl = z
  .string()
  .refine(isSafeUrl)
  .transform((given) => given.replace(/\/+$/, ''))
  .describe('an address as https://login.example.com/realm. http works on this machine only');
const roleMap = z
  .string()
  .regex(/^[^=,]+=(?:administrator|approver|reporter|auditor)(?:,[^=,]+=(?:administrator|approver|reporter|auditor))*$/)
  .describe('groups and their roles, as moult-admins=administrator,it=approver');

export const oidcSettings = {
  oidcIssuer: setting(
    'running',
    issuerUrl.optional(),
    'URL',
    undefined,
    'Issuer of OpenID Connect for log-ons to the console, with --oidc-client-id, --oidc-roles and --console-url',
  ),
  oidcClientId: setting('running', text.optional(), 'ID', undefined, 'Id of this server at the issuer'),
  oidcClientSecretFile: setting(
    'running',
    text.optional(),
    'FILE',
    undefined,
    'File with the secret of --oidc-client-id in its first line. Without it, the client is a public one',
  ),
  oidcGroups: setting('running', text, 'CLAIM', 'groups', 'Claim with the groups of a person'),
  oidcScopes: setting('running', text, 'SCOPES', 'openid profile email', 'Scopes that the issuer is asked for'),
  oidcRoles: setting(
    'running',
    roleMap.optional(),
    'GROUP=ROLE,…',
    undefined,
    'Roles by group at the issuer. Without one of these groups a person does not log on',
  ),
  consoleUrl: setting(
    'running',
    issuerUrl.optional(),
    'URL',
    undefined,
    'Address of this server as browsers open the console, as https://moult.example.com:8531',
  ),
} as const;

function isSafeUrl(given: string): boolean {
  if (!URL.canParse(given)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(given);
  if (username !== '' || password !== '' || search !== '' || hash !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname));
}
