export * from './envelope.ts';
export * from './exchange.ts';
export * from './fault.ts';
export { type EmbeddedXml, embeddedXml, escapedXml, parseDateTime, writtenDateTime } from './scalars.ts';
export type { EnvelopeFlavour, Operation, RequestOf, ResponseOf, Service, SoapVersion } from './service.ts';
