// Messages to programs of administrators: webhooks.
export { openSealer, type Sealer } from './seal.ts';
export {
  addTarget,
  listMessages,
  listTargets,
  loadTargets,
  receiversOf,
  removeTarget,
  replayMessage,
  type ShownTarget,
  syncMark,
  testTarget,
} from './targets.ts';
export {
  type NoticeMessage,
  type NoticeTarget,
  type NoticeType,
  noticeTypes,
  parseTarget,
  targetPrefix,
} from './types.ts';
