export { defaultXmlLimits } from '../bounds.ts';
export { XmlEventReader } from './events.ts';
export { readXml, readXmlFragment } from './read.ts';
export * from './subtrees.ts';
export * from './tree.ts';
export * from './write.ts';
