export { parseServerUrl, reportServer, type ServerOptions } from './examine.ts';
