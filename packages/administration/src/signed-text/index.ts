export {
  checkSignature,
  createSigner,
  ownAuthority,
  plainFingerprint,
  type Signature,
  signatureShape,
} from './signed-text.ts';
