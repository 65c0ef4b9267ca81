import { describe, expect, it } from '@jest/globals';
import { otherCloudOf } from '../../../resources/clouds.ts';
import type { RegistryFacts } from '../../../resources/registries.ts';
import { reasons, stepOf } from '../support.ts';
import {
  cacheRuleThere,
  derivedRegistry,
  endpointThere,
  everythingThere,
  ids,
  linkThere,
  networkThere,
  planOwnRegistry,
  recordThere,
  registryThere,
  subnetsThere,
  there,
  thereWithout,
  zoneThere,
} from './support.ts';

const preview = { profile: 'preview', kubernetesVersion: '1.34' };

describe("a registry of one's own", () => {
  it.each([
    ['https://management.azure.com', undefined],
    ['https://127.0.0.1:8443', undefined],
    ['https://management.usgovcloudapi.net', 'Azure US Government'],
    ['https://management.chinacloudapi.cn/', 'Azure operated by 21Vianet'],
  ])('is refused where registries have other names: %s', (endpoint, cloud) => {
    const otherCloud = otherCloudOf(endpoint);
    expect(otherCloud).toBe(cloud);
    const { problems } = planOwnRegistry({}, {}, there(otherCloud === undefined ? {} : { otherCloud }));
    const found = problems.filter(({ where }) => where === 'registry.mode').map(({ problem }) => problem);
    expect(found).toEqual(cloud === undefined ? [] : [expect.stringContaining(cloud)]);
  });
});

describe('records', () => {
  it('are named after the host of a registry, which may have a hash in its name', () => {
    const loginServer = `${derivedRegistry}-a1b2c3.azurecr.io`;
    const seen = there({ registry: registryThere({ loginServer }) });
    const { records } = planOwnRegistry({}, {}, seen).infrastructure;
    expect(records.map(({ name }) => name)).toEqual([
      `${derivedRegistry}-a1b2c3`,
      `${derivedRegistry}-a1b2c3.westeurope.data`,
    ]);
  });

  const elsewhere = { ...linkThere('spoke'), virtualNetworkId: ids.vnet.replace('/rg/', '/spoke/') };
  const otherEndpoint = { id: ids.endpoint.replace('/rg/', '/spoke/'), status: 'Approved' };
  const stale = { ...zoneThere().records, [derivedRegistry]: recordThere(derivedRegistry, '10.9.9.9') };

  it.each([
    ['the zone serves this network alone', [linkThere()], [otherEndpoint], []],
    ['the registry has this endpoint alone', [linkThere(), elsewhere], [], []],
    ['it may be that of another network’s endpoint', [linkThere(), elsewhere], [otherEndpoint], [otherEndpoint.id]],
  ])('with another address are updated or left alone: %s', (_title, links, endpoints, named) => {
    const privateEndpoints = [...registryThere().privateEndpoints, ...endpoints];
    const seen = {
      registry: registryThere({ privateEndpoints }),
      privateDnsZone: zoneThere({ links, records: stale }),
    };
    const { problems } = planOwnRegistry({}, {}, there(seen));
    expect(problems.map(({ where, problem }) => [where, problem])).toEqual(
      named.map((id) => [`${ids.zone}/A/${derivedRegistry}`, expect.stringContaining(id)]),
    );
  });

  const replicated = registryThere({ replicas: ['swedencentral', 'northeurope'] });
  const all = [
    derivedRegistry,
    ...['westeurope', 'swedencentral', 'northeurope'].map((at) => `${derivedRegistry}.${at}.data`),
  ];

  it("are those of the registry, of its region and of each replica's", () => {
    const { records, privateEndpoint } = planOwnRegistry({}, {}, there({ registry: replicated })).infrastructure;
    expect(records.map(({ name }) => name)).toEqual(all);
    expect(privateEndpoint?.records).toEqual(all);
  });

  it("follow the registry's region, not that of the cluster", () => {
    const { records } = planOwnRegistry(
      {},
      {},
      there({ registry: registryThere({ location: 'swedencentral' }) }),
    ).infrastructure;
    expect(records.map(({ name }) => name)).toEqual([derivedRegistry, `${derivedRegistry}.swedencentral.data`]);
  });

  it('are as wanted whatever the order of their addresses', () => {
    const both = ['192.168.2.4', '192.168.2.5'];
    const seen = there({
      privateEndpoint: endpointThere({
        addresses: { ...endpointThere().addresses, [`${derivedRegistry}.azurecr.io`]: both },
      }),
      privateDnsZone: zoneThere({
        records: { ...zoneThere().records, [derivedRegistry]: recordThere(derivedRegistry, ...[...both].reverse()) },
      }),
    });
    expect(reasons(planOwnRegistry({}, {}, seen))).toEqual({ cluster: 'create: absent' });
  });
});

describe('the link of the zone', () => {
  it('may have any name if it leads to the network', () => {
    const seen = there({ privateDnsZone: zoneThere({ links: [linkThere('theirs')] }) });
    const plan = planOwnRegistry({}, {}, seen);
    expect(stepOf(plan, 'zoneLink')).toMatchObject({ action: 'none', resourceId: linkThere('theirs').id });
  });
});

describe('the cache rule', () => {
  const asked = { current: 'aks-managed-repository/*', preview: '*' };
  it.each<[profile: 'current' | 'preview', name: string, target: string, action: string, ruleName: string]>([
    ['current', 'aks-managed-mcr', asked.current, 'none', 'aks-managed-mcr'],
    ['current', 'another', asked.current, 'create', 'aks-managed-mcr'],
    ['current', 'aks-managed-mcr', asked.preview, 'create', 'aks-managed-mcr'],
    ['preview', 'acr-cache-rule', asked.preview, 'none', 'acr-cache-rule'],
    ['preview', 'any-name', asked.preview, 'none', 'any-name'],
    ['preview', 'acr-cache-rule', asked.current, 'create', 'acr-cache-rule'],
  ])('of profile %s, where there is %s to %s: %s', (profile, name, target, action, ruleName) => {
    const registry = registryThere({
      cacheRules: [cacheRuleThere(name, target)],
      anonymousPullEnabled: profile === 'preview',
    });
    const plan = planOwnRegistry({}, { profile, kubernetesVersion: '1.34' }, there({ registry }));
    expect(stepOf(plan, 'cacheRule')).toMatchObject({ action, resourceId: `${ids.registry}/cacheRules/${ruleName}` });
    expect(plan.infrastructure.cacheRule).toMatchObject({ targetRepository: asked[profile] });
  });

  it('comes with anonymous pull under profile preview', () => {
    expect(planOwnRegistry({}, preview).infrastructure.registry).toMatchObject({ anonymousPullEnabled: true });
    expect(planOwnRegistry().infrastructure.registry).toMatchObject({
      publicNetworkAccess: 'Disabled',
      anonymousPullEnabled: false,
    });
  });
});

describe('a registry under the default name', () => {
  const madeFor = (workflow: string) => ({
    registry: registryThere({ marks: { 'aks-isolation-workflow': workflow } }),
  });
  const foreignProblems = (given: Record<string, unknown>, workflow: string) =>
    planOwnRegistry(given, {}, there(madeFor(workflow))).problems.filter(({ problem }) =>
      /another cluster/.test(problem),
    );
  const other = 'aks/11111111-1111-1111-1111-111111111111/rg/clus-ter';

  it('that was made for another cluster is not taken', () => {
    expect(foreignProblems({}, other)).toEqual([
      {
        where: 'registry.name',
        problem: `${ids.registry} was made for another cluster, ${other}`,
        whatToDo: expect.stringMatching(/registry\.containerRegistryId to share it/),
      },
    ]);
  });

  it('is shared where the input says so', () => {
    expect(foreignProblems({ containerRegistryId: ids.registry }, other)).toEqual([]);
  });

  it('is taken by its own cluster', () => {
    expect(foreignProblems({}, 'aks/11111111-1111-1111-1111-111111111111/rg/cluster')).toEqual([]);
  });
});

it('a record that an endpoint has left is to be removed, unless another endpoint of the registry may have it', () => {
  const { infrastructure = everythingThere, ...seen } = thereWithout('privateEndpoint');
  const adviceWith = (registry: RegistryFacts) =>
    planOwnRegistry({}, {}, { ...seen, infrastructure: { ...infrastructure, registry } }).problems.map(
      ({ whatToDo }) => whatToDo,
    );
  expect(adviceWith(registryThere({ privateEndpoints: [] }))).toContainEqual(
    expect.stringMatching(/: remove the record/),
  );
  expect(
    adviceWith(registryThere({ privateEndpoints: [{ id: `${ids.endpoint}-hub`, status: 'Approved' }] })),
  ).toContainEqual(expect.stringMatching(/as registry\.privateEndpoint\.resourceId/));
});

describe('an endpoint in the hub of a landing zone', () => {
  const hub = '/subscriptions/hub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/hub';
  const problemsWith = (peers: string[]) =>
    planOwnRegistry(
      {},
      {},
      there({
        virtualNetwork: { ...networkThere(...subnetsThere), peers },
        privateEndpoint: endpointThere({ subnetId: `${hub}/subnets/endpoints` }),
      }),
    ).problems.map(({ problem }) => problem);

  it('serves the networks that are peered with it, and no others', () => {
    expect(problemsWith([hub.toUpperCase()])).toEqual([]);
    expect(problemsWith(['/other'])).toEqual([expect.stringMatching(/another network, .*, with which .* not peered$/)]);
  });
});

describe('names that are managed elsewhere', () => {
  const elsewhere = { privateDns: 'managedElsewhere' };

  it('get no zone, link or record, and need none', () => {
    const { steps, problems, infrastructure } = planOwnRegistry(elsewhere);
    expect(problems).toEqual([]);
    expect(steps.filter(({ kind }) => ['privateDnsZone', 'zoneLink', 'record'].includes(kind))).toEqual([]);
    expect(infrastructure).toMatchObject({ records: [], privateEndpoint: { registryId: ids.registry } });
  });

  it('may be in another zone that the network is linked to', () => {
    const plan = planOwnRegistry(elsewhere, {}, there({ otherLinkedZones: ['/hub/privatelink.azurecr.io'] }));
    expect(plan.problems).toEqual([]);
  });

  it('are said to depend on the DNS servers that the network has', () => {
    const virtualNetwork = { ...networkThere(...subnetsThere), dnsServers: ['10.0.0.4'] };
    expect(stepOf(planOwnRegistry({}, {}, there({ virtualNetwork })), 'zoneLink').reason).toMatch(/asks 10\.0\.0\.4/);
  });
});
