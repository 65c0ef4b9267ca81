import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { group, hold, location, refused, type Started, secondsOf, start, versioned } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.resources.resourceGroups.createOrUpdate('acr', { location });
});
afterAll(() => azure.simulator.close());

const registry = (name: string, tail = '') =>
  versioned(`${group('acr')}/providers/Microsoft.ContainerRegistry/registries/${name}${tail}`);

const id = (name: string, tail = '') => registry(name, tail).split('?')[0] ?? '';

describe('cache rules', () => {
  const rule = (name: string) => registry('rules01', `/cacheRules/${name}`);
  const of = (sourceRepository: string, targetRepository: string, credentialSetResourceId: string | null = null) => ({
    properties: { sourceRepository, targetRepository, credentialSetResourceId },
  });
  beforeAll(() => azure.put(id('rules01'), { location, sku: { name: 'Standard' } }));

  test('are Creating at first, on Standard as well, and leave out nulls', async () => {
    const created = await azure.send('PUT', rule('first'), of('mcr.microsoft.com/*', 'first/*'));
    expect(created).toMatchObject({
      status: 201,
      body: { properties: { provisioningState: 'Creating', creationDate: expect.stringMatching(/Z$/) } },
    });
    expect(created.body).not.toHaveProperty('properties.credentialSetResourceId');
    const url = String(created.headers['azure-asyncoperation']);
    expect(url).toContain(`${id('rules01', '/cacheRules/first')}/operationStatuses/cacherules-`);
    expect((await azure.answerAtEnd(created)).body).toEqual({ status: 'Succeeded' });
    expect(await secondsOf(azure, 'PUT', id('rules01', '/cacheRules/first'))).toEqual([0.5, 10]);
    const again = await azure.send('PUT', rule('first'), of('mcr.microsoft.com/*', 'first/*'));
    expect(again).toMatchObject({
      status: 200,
      body: { properties: { provisioningState: 'Updating', creationDate: created.at('properties.creationDate') } },
    });
    await azure.answerAtEnd(again);
    const credentialSetResourceId = id('rules01', '/credentialSets/c');
    const changed = await azure.send('PATCH', rule('first'), { properties: { credentialSetResourceId } });
    expect(changed).toMatchObject({ status: 201, body: { properties: { credentialSetResourceId } } });
  });

  test('run as Creating, whatever else the first poll may say', async () => {
    await hold(azure, 'PUT', '/cacheRules/held-up$');
    const { headers } = await azure.send('PUT', rule('held-up'), of('mcr.microsoft.com/*', 'held/*'));
    expect((await azure.send('GET', String(headers['azure-asyncoperation']))).body).toEqual({ status: 'Creating' });
  });

  test('are deleted with the body null and Location alone', async () => {
    await azure.put(id('rules01', '/cacheRules/is-gone'), of('mcr.microsoft.com/*', 'gone/*'));
    await hold(azure, 'DELETE', '/cacheRules/is-gone$');
    const held = await azure.send('DELETE', rule('is-gone'));
    expect(held).toMatchObject({ status: 202, body: null });
    expect(held.headers['azure-asyncoperation']).toBeUndefined();
    expect(held.headers.location).toContain(
      `/providers/Microsoft.ContainerRegistry/locations/${location.toUpperCase()}/operationResults/cacherules-`,
    );
    expect((await azure.send('GET', String(held.headers.location))).status).toBe(202);
    expect((await azure.send('GET', rule('is-gone'))).at('properties.provisioningState')).toBe('Deleting');

    await azure.put(id('rules01', '/cacheRules/quick'), of('mcr.microsoft.com/*', 'quick/*'));
    const deleted = await azure.send('DELETE', rule('quick'));
    const poll = () => azure.send('GET', String(deleted.headers.location));
    let end = await poll();
    while (end.status === 202) end = await poll();
    expect(end).toMatchObject({ status: 200, body: undefined });
    expect(await secondsOf(azure, 'DELETE', id('rules01', '/cacheRules/quick'))).toEqual([0.5, 10]);
    expect(await azure.send('GET', rule('quick'))).toMatchObject(refused(404, 'CacheRuleNotFound'));
    expect((await azure.send('DELETE', rule('quick'))).status).toBe(204);
  });

  const credentials = '/subscriptions/s/credentialSets/c';
  test.each<[string, string, string, unknown, number, string | undefined]>([
    [
      'docker.io without credentials',
      'PUT',
      'brand-new',
      of('docker.io/*', 'docker/*'),
      400,
      'EnforceDockerAuthentication',
    ],
    ['docker.io with credentials', 'PUT', 'docker', of('docker.io/*', 'docker/*', credentials), 201, undefined],
    ['another source than before', 'PUT', 'fixed', of('quay.io/*', 'fixed/*'), 400, 'CacheRuleUpdateNotAllowed'],
    ['another target than before', 'PUT', 'fixed', of('ghcr.io/*', 'other/*'), 400, 'CacheRuleUpdateNotAllowed'],
    ['a changed source', 'PATCH', 'fixed', { properties: { sourceRepository: 'q' } }, 400, 'InvalidRequestContent'],
    ['the target of another rule', 'PUT', 'a-twin', of('quay.io/*', 'fixed/*'), 409, 'CacheRuleConflict'],
    ['no target', 'PUT', 'brand-new', of('quay.io/*', ''), 400, 'InvalidRequestContent'],
  ])('with %s', async (_what, method, name, body, status, code) => {
    if (name === 'fixed' || name === 'a-twin')
      await azure.put(id('rules01', '/cacheRules/fixed'), of('ghcr.io/*', 'fixed/*'));
    const answer = await azure.send(method, rule(name), body);
    expect(answer).toMatchObject({ status });
    expect(answer.at('error.code')).toBe(code);
  });
});
