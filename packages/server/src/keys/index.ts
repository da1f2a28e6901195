// The server's own secrets, in DIR/keys.
export { loadOrCreateCookieKey } from './cookie-key.ts';
export { loadOrCreateOperatorKeys, type OperatorKeys } from './operator-keys.ts';
export { signingTimeOf } from './signing-time.ts';
