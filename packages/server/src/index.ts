// The parts of the server that other packages may use.
export { type Logger, openLog } from './log/log.ts';
export { type RunningServer, type ServerParts, startServer } from './main.ts';
export { reachedNames } from './own-names.ts';
export { installLinesOf, type KeptBundles, makeKeptBundles } from './sites/agent-bundles/index.ts';
export { issueCertificate, type ShownCertificate, shownCertificate } from './tls/shown-certificate.ts';
