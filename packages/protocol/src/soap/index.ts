export * from './envelope.ts';
export * from './exchange.ts';
export * from './fault.ts';
export { escapedXml, parseDateTime, writtenDateTime } from './scalars.ts';
export type { Operation, RequestOf, ResponseOf, Service, SoapVersion } from './service.ts';
