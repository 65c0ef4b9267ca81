import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf, parentPath } from '../../arm/ids.ts';
import { echoed } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import { deletion, type Transitions, transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import {
  begin,
  locationOf,
  refuseWhileRegistryBusy,
  registryStyle,
  registryWrite,
  ruleType,
  systemData,
  versionHeader,
} from './shapes.ts';

const putBody = z.looseObject({
  properties: z.looseObject({
    sourceRepository: z.string().min(1),
    targetRepository: z.string().min(1),
    credentialSetResourceId: z.string().nullish(),
  }),
});
/** Azure takes only new credentials: a PATCH that names source or target is refused. */
const patchBody = z.looseObject({
  properties: z.looseObject({
    sourceRepository: z.undefined().optional(),
    targetRepository: z.undefined().optional(),
    credentialSetResourceId: z.string().nullish(),
  }),
});

const transitions = {
  create: { ...registryWrite, verb: 'PUT', answers: 201, during: 'Creating', headers: versionHeader },
  update: { ...registryWrite, verb: 'PUT', answers: 200, during: 'Updating', headers: versionHeader },
  patch: { ...registryWrite, verb: 'PUT', answers: 201, during: 'Updating', headers: versionHeader },
  delete: { ...deletion, seconds: 10, style: registryStyle('location') },
} as const satisfies Transitions;

export const cacheRuleTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type: ruleType,
    names: { pattern: /^[a-z0-9-]{5,50}$/i, rule: 'It must have 5 to 50 letters, digits and dashes.' },
    notFound: (request) =>
      new ArmError(404, 'CacheRuleNotFound', `The cache rule '${request.id.names[1]}' was not found.`),
    transitions,
    put,
    patch,
    delete: remove,
  },
];

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const { properties } = parseBody(request, putBody);
  const id = existing?.id ?? request.resourceId;
  refuseWhileRegistryBusy(world, id);
  checkRule(world, id, properties, existing);
  const creationDate = existing ? propertiesOf(existing).creationDate : world.clock.now().toISOString();
  const rule = world.store.put(id, ruleType, {
    type: ruleType,
    id,
    name: nameOf(id),
    systemData: systemData(world),
    properties: { ...echoed(properties), creationDate },
  });
  return begin(request, rule, existing ? transitions.update : transitions.create, locationOf(world, id));
}

function patch(request: ArmRequest, rule: Resource): Reply {
  const { world } = request;
  const { credentialSetResourceId } = parseBody(request, patchBody).properties;
  refuseWhileRegistryBusy(world, rule.id);
  const properties = { ...propertiesOf(rule), ...echoed({ credentialSetResourceId }) };
  world.store.put(rule.id, ruleType, { ...rule.body, properties });
  return begin(request, rule, transitions.patch, locationOf(world, rule.id));
}

/** @throws ArmError where Azure would refuse the rule. */
function checkRule(
  world: World,
  id: string,
  {
    sourceRepository: source,
    targetRepository: target,
    credentialSetResourceId,
  }: z.infer<typeof putBody>['properties'],
  existing: Resource | undefined,
): void {
  if (source.startsWith('docker.io/') && !credentialSetResourceId) {
    throw new ArmError(400, 'EnforceDockerAuthentication', 'Docker Hub rules need a credential set.');
  }
  const before = existing ? propertiesOf(existing) : undefined;
  if (before && (before.sourceRepository !== source || before.targetRepository !== target)) {
    throw new ArmError(400, 'CacheRuleUpdateNotAllowed', 'Source and target of a cache rule cannot be changed.');
  }
  const other = world.store
    .list(ruleType, parentPath(id))
    .find((rule) => rule !== existing && overlap(String(propertiesOf(rule).targetRepository), target));
  if (other) {
    throw new ArmError(
      409,
      'CacheRuleConflict',
      `The target repository '${target}' is that of rule '${other.name}' already.`,
    );
  }
}

/** Two wildcard targets overlap where one includes the other. A target without wildcard may lie within one. */
function overlap(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [one, other].map((target) => (target.endsWith('*') ? target.slice(0, -1) : undefined));
  return a !== undefined && b !== undefined && (a.startsWith(b) || b.startsWith(a));
}

function remove(request: ArmRequest, rule: Resource): Reply {
  const { world } = request;
  refuseWhileRegistryBusy(world, rule.id);
  return transit(world, transitions.delete, {
    id: rule.id,
    location: locationOf(world, rule.id),
    body: () => null,
  });
}
