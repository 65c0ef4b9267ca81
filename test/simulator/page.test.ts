import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Snapshot } from '../../simulator/index.ts';
import { group, location, type Started, start, versioned, wireCluster } from './support.ts';

let azure: Started;
const vnet = `${group('page')}/providers/Microsoft.Network/virtualNetworks/vnet`;
const cluster = `${group('page')}/providers/Microsoft.ContainerService/managedClusters/shop`;
const put = (id: string, body: unknown) => azure.send('PUT', versioned(id), body);
beforeAll(async () => {
  azure = await start({ speed: 0 });
  await put(group('page'), { location, tags: { note: '<script>document.title = "taken"</script>' } });
  await put(vnet, {
    location,
    properties: {
      addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
      subnets: [{ name: 'nodes', properties: { addressPrefix: '10.0.0.0/24' } }],
    },
  });
  await azure.send('POST', '/simulator/clock', { advanceSeconds: 60 });
  await put(cluster, wireCluster());
  await azure.send('POST', '/simulator/clock', { advanceSeconds: 107 });
  await azure.send('POST', '/simulator/faults', {
    method: 'DELETE',
    path: 'managedClusters/<shop>',
    drop: 'after',
    times: 3,
  });
});
afterAll(() => azure.simulator.close());

const read = async (query: string) => {
  const answer = await fetch(`http://127.0.0.1:${azure.simulator.port}/${query}`);
  return { type: answer.headers.get('content-type'), text: await answer.text() };
};

describe('without a browser', () => {
  test('the page has resources, operations, requests and faults, and no secrets', async () => {
    const { type, text } = await read('');
    expect(type).toBe('text/html; charset=utf-8');
    expect(text).toContain('http-equiv="refresh"');
    // Without an icon, a browser would ask ARM for one.
    expect(text).toContain('<link rel="icon" href="data:,">');
    expect(text).toMatch(
      /<progress aria-label="CREATE managedClusters\/shop" max="378" value="100"><\/progress> 100 of 378 s/,
    );
    expect(text).toMatch(/>nodes<\/a> <span class="type">Microsoft.Network\/virtualNetworks\/subnets</);
    expect(text).toMatch(/managedClusters\/&(lt|#60);shop&(gt|#62);/);
    expect(text).not.toMatch(/Bearer|eyJ|<shop>|<script/);
    expect((await read('?refresh=0')).text).not.toContain('http-equiv="refresh"');
  });

  test('a resource is shown with its body, escaped', async () => {
    const { text } = await read(`?resource=${encodeURIComponent(group('page'))}`);
    expect(text).toMatch(/&(lt|#60);script&(gt|#62);/);
    expect(text).not.toContain('<script');
    expect((await read('?resource=/nothing')).text).toContain('There is no /nothing.');
  });

  test('with an api-version the root is still that of ARM', async () => {
    expect(await azure.send('GET', '/?api-version=2024-11-01')).toMatchObject({ status: 404 });
    expect(await azure.send('GET', '/?API-Version=2024-11-01')).toMatchObject({ status: 404 });
    const head = await fetch(`http://127.0.0.1:${azure.simulator.port}/`, { method: 'HEAD' });
    expect(head.headers.get('content-type')).not.toContain('html');
  });

  test('the page is the same over https, and takes the first of what is asked twice', async () => {
    const { status, body } = await azure.send('GET', '/?refresh=0');
    expect(status).toBe(200);
    expect(body).toContain('<title>Simulated Azure</title>');
    expect((await read('?group=page&group=other&resource=/a&resource=/b')).text).toContain('There is no /a.');
  });

  test('the operation that ended last comes first, however early it began, and a rule that is used up says so', async () => {
    const other = await start({ speed: 0 });
    const send = (id: string, body: unknown) => other.send('PUT', versioned(id), body);
    try {
      const operation = { status: 'Failed', code: 'SubnetIsFull', message: 'no <addresses> left', afterSeconds: 300 };
      await other.send('POST', '/simulator/faults', { method: 'PUT', path: '/managedClusters/', operation });
      await send(group('page'), { location });
      await send(cluster, wireCluster());
      const network = { location, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } };
      // As many operations as the page shows: in the order of their begin, the cluster's would be left out.
      for (let index = 0; index < 10; index += 1) await send(`${vnet}${index}`, network);
      await other.send('POST', '/simulator/clock', { advanceSeconds: 400 });
      const text = await (await fetch(`http://127.0.0.1:${other.simulator.port}/`)).text();
      const ended = text.slice(text.indexOf('id="ended"'), text.indexOf('id="resources"'));
      expect(ended.match(/<th scope="row">.*?<\/th>/)?.[0]).toContain('managedClusters/shop');
      expect(ended).toMatch(/Failed: SubnetIsFull no &(lt|#60);addresses/);
      expect(ended.split('<th scope="row">').length - 1).toBe(10);
      expect(text).toContain('Nothing is running.');
      expect(text).toContain('<span class="state failed">Failed</span>');
      expect(text).toContain('1 of 1, used up');
    } finally {
      await other.simulator.close();
    }
  });

  test('of many operations in flight the newest 50 are shown', async () => {
    const busy = await start({ speed: 0 });
    try {
      await busy.send('PUT', versioned(group('page')), { location });
      const network = { location, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } };
      for (let index = 0; index < 53; index += 1) await busy.send('PUT', versioned(`${vnet}${index}`), network);
      const text = await (await fetch(`http://127.0.0.1:${busy.simulator.port}/`)).text();
      expect(text.split('<progress').length - 1).toBe(50);
      expect(text).toContain('3 older ones are not shown.');
      expect(text.match(/<progress aria-label="[^"]*/)?.[0]).toContain('virtualNetworks/vnet52');
    } finally {
      await busy.simulator.close();
    }
  });

  test('of a large world 500 resources are shown, and one group by itself', async () => {
    const big = await start({ speed: 0 });
    try {
      await big.send('PUT', '/simulator/snapshots/empty');
      const snapshot = (await big.send('GET', '/simulator/snapshots/empty')).body as Snapshot;
      const made = (id: string, type: string) => ({ id, type, etag: 'x', body: { location } });
      const groups = Array.from({ length: 190 }, (_, index) =>
        made(group(`group${index}`), 'Microsoft.Resources/subscriptions/resourceGroups'),
      );
      const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
      const identities = Array.from({ length: 320 }, (_, index) =>
        made(`${group(`group${index % 4}`)}/providers/${type}/identity${index}`, type),
      );
      const resources = [...snapshot.resources, ...groups, ...identities];
      await big.send('PUT', '/simulator/snapshots/large', { ...snapshot, resources });
      await big.send('POST', '/simulator/snapshots/large/restore');
      const page = (query: string) =>
        fetch(`http://127.0.0.1:${big.simulator.port}/${query}`).then((answer) => answer.text());
      const all = await page('');
      expect(all.split('<li>').length - 1).toBe(500);
      // The two subscriptions count too.
      expect(all).toContain('12 more are not shown');
      expect((await page('?group=GROUP1')).split('<li>').length - 1).toBe(81);
    } finally {
      await big.simulator.close();
    }
  });
});

const executablePath = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));
// On GitHub its absence is an error, for nobody would see that it was skipped.
(executablePath || process.env.GITHUB_ACTIONS ? describe : describe.skip)('in headless Chromium', () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await chromium.launch({
      ...(executablePath !== undefined && { executablePath }),
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'],
    });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${azure.simulator.port}/?refresh=0`);
  });
  afterAll(() => browser.close());

  test('resources are a tree', async () => {
    const nested = page.locator('.tree > li > ul > li', { hasText: 'page' }).first();
    expect(await nested.locator('> a').textContent()).toBe('page');
    expect(await nested.locator('> ul > li > ul > li > a').allTextContents()).toEqual(['nodes', 'nodepool1']);
    expect(await nested.locator('> ul > li .state').first().textContent()).toBe('Succeeded');
  });

  test('an operation in flight has a bar as long as it has come', async () => {
    const row = page.getByRole('row', { name: 'managedClusters/shop CREATE' });
    expect(await row.getByRole('progressbar').isVisible()).toBe(true);
    expect(await page.evaluate<number>('document.querySelector("progress").position')).toBeCloseTo(100 / 378);
  });

  test('requests and faults are told', async () => {
    const requests = await page.locator('section[aria-labelledby=requests] tbody tr').allTextContents();
    expect(requests).toContainEqual(expect.stringMatching(/PUT.*\/managedClusters\/shop\s*201/s));
    expect(await page.locator('section[aria-labelledby=faults] tbody tr').textContent()).toMatch(
      /DELETE managedClusters\/<shop>\s*0 of 3\s*{"drop":"after"}/s,
    );
  });

  test('a name leads to the body, in which no script runs', async () => {
    await page.locator('.tree').getByRole('link', { name: 'page', exact: true }).click();
    expect(await page.locator('pre').textContent()).toContain('<script>');
    expect(await page.title()).toBe('Simulated Azure');
  });
});
