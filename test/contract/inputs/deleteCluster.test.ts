import { describe, expect, it } from '@jest/globals';
import { clusterParts, deleteClusterInput, parse } from '../../../contract/index.ts';

const cluster = { subscriptionId: '11111111-1111-1111-1111-111111111111', resourceGroup: 'rg', name: 'cluster' };
const zone =
  '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io';
const given = (changes: Record<string, unknown> = {}): unknown => JSON.parse(JSON.stringify({ cluster, ...changes }));

describe('the input of deleteCluster', () => {
  it('is the cluster alone: nothing else goes then, and nothing is held or taken back', () => {
    expect(parse(deleteClusterInput, given())).toEqual({
      ok: true,
      value: {
        cluster,
        alsoDelete: [],
        onFailure: 'leave',
        approvals: [],
        approvalTimeoutMinutes: 1440,
        holdTimeoutMinutes: 4320,
        pauseTimeoutMinutes: 4320,
        dryRun: false,
        failOnProblems: false,
      },
    });
  });

  it.each<[what: string, value: unknown]>([
    ['every part', given({ alsoDelete: clusterParts })],
    ['a zone', given({ privateDnsZoneId: zone })],
    ['a zone in another case', given({ privateDnsZoneId: zone.toUpperCase() })],
    ['a hold', given({ onFailure: 'hold' })],
    ['a dry run', given({ dryRun: true })],
  ])('may have %s', (_what, value) => {
    expect(parse(deleteClusterInput, value)).toMatchObject({ ok: true, value });
  });

  it.each<[where: string, problem: RegExp, whatToDo: RegExp, value: unknown]>([
    ['cluster', /missing/, /object/, { dryRun: true }],
    ['cluster.name', /not a cluster name/, /1 to 63/, given({ cluster: { ...cluster, name: '-' } })],
    [
      'alsoDelete[1]',
      /not an allowed value/,
      /"registry".*"resourceGroup"/,
      given({ alsoDelete: ['registry', 'zone'] }),
    ],
    ['alsoDelete', /wrong type/, /array/, given({ alsoDelete: 'registry' })],
    ['onFailure', /not an allowed value/, /^Use "hold" or "leave"\.$/, given({ onFailure: 'rollBack' })],
    ['privateDnsZoneId', /not the resource ID/, /private-dns zone show/, given({ privateDnsZoneId: 'zone' })],
    [
      'privateDnsZoneId',
      /not a zone for registries/,
      /privatelink.azurecr.io/,
      given({ privateDnsZoneId: zone.replace('azurecr', 'blob') }),
    ],
    ['location', /unknown key/, /Remove/, given({ location: 'westeurope' })],
  ])('is refused at %s: %s', (where, problem, whatToDo, value) => {
    expect(parse(deleteClusterInput, value)).toEqual({
      ok: false,
      problems: [{ where, problem: expect.stringMatching(problem), whatToDo: expect.stringMatching(whatToDo) }],
    });
  });

  it('is refused for everything at once', () => {
    const parsed = parse(deleteClusterInput, given({ cluster: {}, alsoDelete: ['x', 'y'], onFailure: 'rollBack' }));
    expect(parsed.ok ? [] : parsed.problems.map(({ where }) => where)).toEqual([
      'cluster.subscriptionId',
      'cluster.resourceGroup',
      'cluster.name',
      'alsoDelete[0]',
      'alsoDelete[1]',
      'onFailure',
    ]);
  });
});
