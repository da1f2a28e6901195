// The server's own secrets, in DIR/keys.
export { type AcmeFiles, openAcmeFiles } from './acme-files.ts';
export { loadOrCreateCookieKey } from './cookie-key.ts';
export { replacedName, stampOf, switchKeyFiles } from './key-switch.ts';
export { loadOrCreateOperatorKeys } from './operator-keys.ts';
export { proveCa, proveSigner } from './prove.ts';
export { loadOrMakeServerCertificate } from './server-certificate.ts';
export { signingTimeOf } from './signing-time.ts';
