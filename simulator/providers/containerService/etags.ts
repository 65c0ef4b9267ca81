import type { ArmRequest } from '../../arm/exchange.ts';
import type { Body } from '../../arm/json.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { aksError } from './errors.ts';

/** The body with its ETag, in a world that shows those of clusters and pools. */
export const withClusterEtag = (world: World, { etag }: Resource, body: Body): Body =>
  world.settings.clusterEtags ? { ...body, eTag: etag } : body;

/** @throws ArmError 400 BadRequest */
export function checkEtagHeaders({ headers }: ArmRequest): void {
  const ifNoneMatch = headers['if-none-match'] ?? '';
  if (ifNoneMatch === '') return;
  if (ifNoneMatch !== '*') throw aksError(400, 'BadRequest', "The if-none-match header can only be empty or '*'.");
  if ((headers['if-match'] ?? '') !== '')
    throw aksError(400, 'BadRequest', 'The if-match and if-none-match headers cannot be used together.');
}
