import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deletionProblems, policyProblems } from '../../contract/policyProblems.ts';
import { problemText } from '../../contract/problem.ts';
import { readPolicy } from '../../worker/policyFile.ts';

const subscription = '11111111-1111-1111-1111-111111111111';
const other = '22222222-2222-2222-2222-222222222222';
const group = `/subscriptions/${subscription}/resourceGroups/aks-shop`;
const registry = (name: string, of = group) => `${of}/providers/Microsoft.ContainerRegistry/registries/${name}`;
const cluster = { subscriptionId: subscription, resourceGroup: 'aks-shop', name: 'shop' };
const nothing = { scenario: 'createCluster', cluster, resourceIds: [], locations: [] } as const;

describe('a policy', () => {
  const policy = {
    scenarios: ['createCluster' as const],
    subscriptions: [subscription],
    locations: ['westeurope'],
    resourceGroups: ['aks-*', '*/resourceGroups/network'],
    registries: ['acrshop'],
  };
  const places = (...resourceIds: string[]) =>
    policyProblems(policy, { ...nothing, resourceIds }).map(({ where }) => where);

  it('allows what it names, without case, and what belongs to no region', () => {
    const ids = [group.toUpperCase(), registry('ACRshop'), `/subscriptions/${subscription}`, '/providers/Microsoft.X'];
    const locations = ['West Europe', 'global'];
    expect(policyProblems(policy, { ...nothing, resourceIds: ids, locations })).toEqual([]);
  });

  it('names everything that it forbids at once, each place once, with the key of the policy', () => {
    const elsewhere = `/subscriptions/${other}/resourceGroups/payroll`;
    const problems = policyProblems(policy, {
      scenario: 'deleteCluster',
      resourceIds: [elsewhere, `${elsewhere}/providers/Microsoft.Network/virtualNetworks/v`, registry('theirs')],
      locations: ['eastus', 'eastus'],
    });
    expect(problems.map(problemText)).toEqual([
      expect.stringMatching(/^scenario: deleteCluster may not run.*scenarios/),
      expect.stringMatching(/^\/subscriptions\/2222.*subscription may not be touched.*subscriptions/),
      expect.stringMatching(/payroll: nothing in this resource group may be touched.*resourceGroups/),
      expect.stringMatching(/theirs: this registry may not be touched.*registries/),
      expect.stringMatching(/^eastus: this region.*locations/),
    ]);
  });

  it.each([
    ['the default one of the cluster', 'MC_aks-shop_shop_westeurope', []],
    ['the one of a cluster whose name begins so', 'MC_aks-shop_shop_2_westeurope', ['MC_aks-shop_shop_2_westeurope']],
    ["another cluster's", 'MC_payroll_shop_westeurope', ['MC_payroll_shop_westeurope']],
  ])('takes a node resource group for that of its cluster: %s', (_, name, refused) => {
    const id = `/subscriptions/${subscription}/resourceGroups/${name}`;
    expect(places(`${id}/providers/Microsoft.Network/virtualNetworks/aks-vnet`)).toEqual(
      refused.map((each) => `/subscriptions/${subscription}/resourceGroups/${each}`),
    );
  });

  it('takes the registry that AKS manages for a part of the cluster', () => {
    const nodes = `/subscriptions/${subscription}/resourceGroups/MC_aks-shop_shop_westeurope`;
    expect(places(registry('bootstrap1', nodes))).toEqual([]);
  });

  it('knows patterns of resource IDs from those of names', () => {
    const only = { resourceGroups: [`${group}`] };
    const problems = (id: string) => policyProblems(only, { ...nothing, resourceIds: [id] });
    expect(problems(`${group}/providers/Microsoft.Network/virtualNetworks/v`)).toEqual([]);
    expect(problems(group.replace(subscription, other))).toHaveLength(1);
  });

  it('with an empty list allows nothing', () => {
    expect(policyProblems({ resourceGroups: [] }, { ...nothing, resourceIds: [group] })).toHaveLength(1);
  });

  it('knows a tenant, and refuses where nobody can tell', () => {
    const tenants = new Map([
      [subscription, other],
      [other, undefined],
    ]);
    const problems = policyProblems({ tenants: [subscription] }, { ...nothing, tenants });
    expect(problems.map(({ problem }) => problem)).toEqual([
      expect.stringContaining(`tenant ${other} may not`),
      expect.stringContaining('nobody can tell its tenant'),
    ]);
  });

  it.each([
    ['a registry that it does not name', registry('acrshop'), 1],
    ['a registry that it names', registry('acrtest'), 0],
    ['a rule of any registry', `${registry('acrshop')}/cacheRules/r`, 0],
    ['something in a group that it does not name', `${group}-prod/providers/Microsoft.Network/virtualNetworks/v`, 1],
    ['a role there', `${group}-prod/providers/Microsoft.Authorization/roleAssignments/r`, 0],
  ])('says whether %s may be deleted', (_, id, refused) => {
    const deletable = { registries: ['acrtest'], resourceGroups: ['aks-shop'] };
    expect(deletionProblems({ deletable }, id)).toHaveLength(refused);
  });
});

describe('the file of a policy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aks-isolation-policy-'));
  const file = join(folder, 'policy.yaml');
  beforeAll(() => writeFileSync(file, ''));
  afterAll(() => rmSync(folder, { recursive: true }));
  const read = (content: string) => {
    writeFileSync(file, content);
    return readPolicy(file);
  };

  it('may be YAML or JSON', () => {
    const policy = { scenarios: ['auditCluster'], approvals: { starterMayApprove: false } };
    expect(read('scenarios: [auditCluster]\napprovals: {starterMayApprove: false}')).toEqual(policy);
    expect(read(JSON.stringify(policy))).toEqual(policy);
  });

  it.each([
    [
      'every value that is wrong, with its path',
      'scenarios: [createClusters]\nsubscriptions: [prod]\nlocations: [West Europe]\nregistry: [a]\napprovals: {starterMayApprove: maybe}',
      ['scenarios[0]', 'subscriptions[0]', 'locations[0]', 'registry', 'approvals.starterMayApprove'],
    ],
    ['an empty file', '', ['(input)']],
    ['what is no YAML', 'scenarios: [', ['cannot be read']],
  ])('is refused for %s', (_, content, wrong) => {
    const problems = read(content);
    if (!Array.isArray(problems)) throw new Error('The policy was taken');
    const texts = problems.map(problemText);
    for (const each of wrong) expect(texts).toContainEqual(expect.stringContaining(each));
    expect(texts.every((text) => text.startsWith(`POLICY_FILE ${file}`))).toBe(true);
  });

  it('that is not there is named', () => {
    expect(readPolicy('/nowhere.yaml')).toEqual([
      expect.objectContaining({ where: 'POLICY_FILE /nowhere.yaml', problem: expect.stringContaining('ENOENT') }),
    ]);
  });
});
