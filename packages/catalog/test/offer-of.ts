// An offer without holds, for tests that are not about holds.
import { type CatalogIndex, type DeploymentSet, decide, nothingWithheld, type Offer } from '@moult/catalog';

export function offerOf(index: CatalogIndex, deployments: DeploymentSet): Offer {
  return decide({}, { index, deployments, withholding: nothingWithheld }, new Date(0));
}
