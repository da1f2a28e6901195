// The tables of bounds of everything that the moult command does.

import { administrationBounds } from '@moult/administration/bounds';
import { agentBounds } from '@moult/agent/bounds';
import type { BoundTable } from '@moult/bounds';
import { catalogBounds } from '@moult/catalog/bounds';
import { diskBounds } from '@moult/disk/bounds';
import { doctorBounds } from '@moult/doctor/bounds';
import { formatBounds } from '@moult/formats/bounds';
import { protocolBounds } from '@moult/protocol/bounds';
import { releaseBounds } from '@moult/releases/bounds';
import { serverBounds } from '@moult/server/bounds';
import { storeTables } from '@moult/store/bounds';
import { commandBounds } from '../bounds.ts';

export const allBounds: readonly BoundTable[] = [
  ...formatBounds,
  ...diskBounds,
  ...catalogBounds,
  ...protocolBounds,
  ...releaseBounds,
  ...storeTables,
  ...administrationBounds,
  ...serverBounds,
  ...agentBounds,
  ...doctorBounds,
  ...commandBounds,
];
