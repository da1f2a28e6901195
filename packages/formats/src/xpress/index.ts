// Xpress in its three forms: the content coding of MS-WUSP, plain LZ77 and LZ77+Huffman of MS-XCA.
export { decodeXpress, encodeXpress, type XpressFormat, xpressFormats } from './codec.ts';
export { createXpressDecoder, createXpressEncoder } from './streams.ts';
