export { examineTls, type TlsOptions } from './examine-tls.ts';
